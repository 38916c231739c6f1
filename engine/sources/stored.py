"""Data in object stores, fetched and made readable for a local backend. An adapter.

A run sees what the stores had when they were asked first: an object that is replaced before it is fetched is
an error. The backend sees files, and neither the stores nor the credentials for them.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from engine.context import UNBOUNDED
from engine.errors import DataError, Interrupted, UsageError
from engine.models.backends import Reader
from engine.models.dataset import Dataset
from engine.models.tables import TableName, Version, at_version, names_catalog, parse_table
from engine.models.text_options import TextOptions
from engine.models.urls import StoreUrl, is_store_url, parse_store_url
from engine.sources.files import DataFile
from engine.sources.local import read_data_files
from engine.sources.source import ResolvedSource
from engine.sources.spool import Spool
from engine.sources.stores.fetched import Tell
from engine.sources.stores.problems import STORE_FAILED
from engine.sources.stores.stores import FoundObject, Stores, is_pattern
from engine.sources.tables.bucket import TableBucket
from engine.sources.tables.catalog import Located, locate
from engine.sources.tables.read import read_table_files
from engine.sources.tables.skipping import TimeSpan
from engine.sources.text.spooling import refuse_options
from engine.threads import STORE_THREADS, Pending


def read_stored(
    names: Sequence[str],
    version: Version | None,
    stores: Stores,
    spool: Spool,
    reader: Reader,
    text: TextOptions,
    span: TimeSpan | None,
    check: Callable[[], None],
    tell: Tell,
) -> ResolvedSource:
    """The source behind a table, or behind objects, folders or patterns, in object stores.

    Args:
        names: of them; at least one.
        version: of a table, if the caller names one.
        stores: where they lie.
        spool: takes what has to be converted.
        reader: the backend.
        text: how files of text are written, as far as the caller says.
        span: a range of time that all rows that are wanted lie in.
        check: called now and then; what it raises ends the work.
        tell: told how many objects are there, of how many.

    Raises:
        UsageError: a version of what has none, or a table among other names.
        DataError: they cannot be had, or not read.
    """
    table = _find_table(names, version, stores, check)
    if table is not None:
        refuse_options(text, f"a {table.format} table", str(table))
        return read_stored_table(table, Located(table.path, ""), stores, spool, reader, span, check, tell)
    if not all(map(is_store_url, names)):
        raise DataError("a list of data must be in object stores or in folders of this machine, not in both")
    label = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1:,} more"
    urls = [parse_store_url(name) for name in names]
    if len({(url.scheme, url.bucket, url.account) for url in urls}) > 1:
        raise DataError(f"{label}: a list of data must be in one bucket")
    plain = len(urls) == 1 and not is_pattern(urls[0])  # it was looked at for a table above
    found: dict[StoreUrl, FoundObject] = {
        one.object.url: one for url in urls for one in stores.find_objects(url, check, plain=plain)
    }
    held = stores.hold([one.object for one in found.values()], label, check, tell)
    try:
        pairs = zip(held.paths, found.values(), strict=True)
        data_files = [DataFile(path, one.folders) for path, one in pairs]
        source = read_data_files(label, data_files, reader, spool, text, check)
    except BaseException:
        held.release()
        raise
    return _releasing(source, held.release)


def read_stored_table(
    table: TableName,
    located: Located,
    stores: Stores,
    spool: Spool,
    reader: Reader,
    span: TimeSpan | None,
    check: Callable[[], None],
    tell: Tell,
) -> ResolvedSource:
    """The source behind a table; arguments and errors as for `read_stored`.

    Args:
        table: its name.
        located: where it lies.
        stores: its place is there.
        spool: takes what has to be converted.
        reader: the backend.
        span: a range of time that all rows that are wanted lie in.
        check: called now and then.
        tell: told how many data files are there, of how many.
    """
    url = parse_store_url(located.place)
    stores.check_inside(url)
    bucket = TableBucket(url, str(table), stores, check, tell, located.metadata)
    try:
        source = read_table_files(table, bucket, reader, spool, span, check)
    except BaseException:
        bucket.release()
        raise
    return _releasing(source, bucket.release)


def state_of_stored(names: Sequence[str], stores: Stores, check: Callable[[], None]) -> str:
    """What changes if objects are added, removed or replaced, as far as a listing tells; "" without stores.

    Args:
        names: of a dataset; of tables it is their logs that are listed, or their catalog is asked.
        stores: where they lie.
        check: called now and then; what it raises ends the work.

    Raises:
        DataError, UsageError: they may not be read, or cannot be listed.
    """
    digest = hashlib.sha256()
    for name in names:
        table = parse_table(name)
        place = name if table is None else table.path
        if table is not None and names_catalog(table) and not Path(place).is_dir():
            digest.update(repr(locate(table)).encode())
        elif is_store_url(place):
            for one in stores.list_state(parse_store_url(place), check):
                digest.update(repr((one.url.key, one.size, one.changed)).encode("utf-8", "surrogatepass"))
        else:
            return ""
    return digest.hexdigest()


def state_within(dataset: Dataset, stores: Stores, seconds: float) -> str:
    """The same of a dataset, in a thread of its own, which stops once nobody waits for it any more.

    Args:
        dataset: what is looked at; "" of one that is not named by texts.
        stores: where it lies.
        seconds: how long it may take.

    Raises:
        DataError, UsageError: it may not be read, or cannot be listed in time.
    """
    named = dataset.source
    if not isinstance(named, (str, list, tuple)):
        return ""
    names = [named] if isinstance(named, str) else [str(os.fspath(one)) for one in named]
    left = threading.Event()

    def check() -> None:
        if left.is_set():
            raise Interrupted("deadline")

    try:
        return Pending(lambda: state_of_stored(names, stores, check), STORE_THREADS).wait(
            UNBOUNDED.within(seconds)
        )
    except Interrupted:
        raise DataError(
            f"{names[0]} was not listed within {seconds:g} s; see that its store is reached from here",
            code=STORE_FAILED,
        ) from None
    finally:
        left.set()


def _find_table(
    names: Sequence[str], version: Version | None, stores: Stores, check: Callable[[], None]
) -> TableName | None:
    tables = [parse_table(name) for name in names]
    if any(one is not None for one in tables) and len(names) > 1:
        raise UsageError("a table cannot be part of a list; give its name alone")
    table = tables[0]
    if table is None and len(names) == 1:
        kind = stores.find_format(parse_store_url(names[0]), check)
        table = None if kind is None else TableName(kind, names[0])
    if table is None:
        if version is not None:
            raise UsageError("version applies only to Delta and Iceberg tables, such as delta:URL")
        return None
    return at_version(table, version)


def _releasing(source: ResolvedSource, release: Callable[[], None]) -> ResolvedSource:
    def both() -> None:
        source.release()
        release()

    return replace(source, release=both)
