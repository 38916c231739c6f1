"""What `--data` names on the command line: paths, globs, tables, and standard input as `-`."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import IO, Final

from engine.cli.run import INPUT_FORMATS
from engine.cli.run_options import RunCommandOptions
from engine.errors import UsageError
from engine.models.baseline import Baseline, read_baseline
from engine.models.dataset import Dataset
from engine.models.tables import names_catalog, parse_table, plain_path
from engine.models.urls import is_store_url, parse_store_url
from engine.sources.spool import Spool
from engine.sources.tables.catalog import locate

_STANDARD_INPUT: Final = "-"
_MAGIC: Final = {b"PAR1": "parquet", b"ARROW1": "arrow"}
_BEGINNING: Final = 1 << 16
_MATCHES: Final = 100_000


def make_dataset(data: Sequence[str], options: RunCommandOptions) -> Dataset:
    """The dataset that the options name.

    Args:
        data: paths, globs, or the name of a table.
        options: of the command, by name.
    """
    return Dataset(
        data[0] if len(data) == 1 else list(data),
        timestamp=options["timestamp"],
        retention=options["retention"],
        header=options["csv_header"],
        separator=options["csv_separator"],
        encoding=options["csv_encoding"],
        quote=options["csv_quote"],
    )


def make_baseline(options: RunCommandOptions) -> Baseline | None:
    """The baseline that the options name; None if they name none.

    Raises:
        UsageError: `--baseline-timestamp` without other data.
    """
    text, timestamp = options["baseline"], options["baseline_timestamp"]
    if text is not None and names_data(text):
        return Baseline.data(
            Dataset(
                text,
                timestamp=timestamp,
                header=options["csv_header"],
                separator=options["csv_separator"],
                encoding=options["csv_encoding"],
                quote=options["csv_quote"],
            )
        )
    if timestamp is not None:
        raise UsageError(
            "--baseline-timestamp names a column of the baseline data; give --baseline DATA with it"
        )
    return None if text is None else read_baseline(text)


def names_data(text: str) -> bool:
    """Whether `--baseline` names data; a file that is called previous is ./previous."""
    return text != "previous" and not text.startswith("first:")


@contextlib.contextmanager
def opened_input(data: Sequence[str], input_format: str | None, backend: str) -> Iterator[tuple[str, ...]]:
    """The same paths, with what standard input holds in a file of its own for `-`, removed at the end.

    Args:
        data: as given.
        input_format: of standard input, if given.
        backend: as for `Engine`.

    Raises:
        UsageError: it is given twice, is a terminal, is of no known format, or is for a backend elsewhere.
    """
    places = [place for place, path in enumerate(data) if path == _STANDARD_INPUT]
    if not places:
        if input_format is not None:
            raise UsageError("--input-format is the format of standard input; give it with --data -")
        yield tuple(data)
        return
    if len(places) > 1:
        raise UsageError("--data - can be given only once, because there is only one standard input")
    if "://" in backend:
        raise UsageError(
            f"--data - is read on this machine, and the backend {backend!r} reads no files from it"
        )
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "--data - reads standard input; pipe data into it, as in 'zcat x.csv.gz | calcmetric ...'"
        )
    spool = Spool()  # a private folder that is removed even if this process is killed
    try:
        path = _keep(sys.stdin.buffer, input_format, spool.folder)
        yield tuple(str(path) if place == places[0] else given for place, given in enumerate(data))
    finally:
        spool.close()


def read_beside(data: Sequence[str], options: RunCommandOptions) -> tuple[str, ...]:
    """All that is read: the data, and that of the baseline, if it is other data."""
    baseline = options["baseline"]
    return (*data, baseline) if baseline is not None and names_data(baseline) else tuple(data)


def are_files(data: Sequence[str]) -> bool:
    """Whether these are files of this machine, and no tables whose files a catalog or a log tells."""
    return all(parse_table(named) is None and not is_store_url(plain_path(named)) for named in data)


def roots_of(data: Sequence[str]) -> tuple[str, ...]:
    """What has to be read: folders of the data, those that links named there lead to, places in stores."""
    return tuple(dict.fromkeys(os.fspath(folder) for path in data for folder in _places(path)))


def _places(named: str) -> Iterator[str | Path]:
    plain, table = plain_path(named), parse_table(named)
    if table is not None and names_catalog(table) and not Path(plain).is_dir():
        plain = locate(table).place
        named = plain
    if not is_store_url(plain):
        yield from _folders(named)
        return
    url = parse_store_url(plain)
    parts = list(takewhile(lambda part: not glob.has_magic(part), url.key.split("/")))
    yield str(url.at("/".join(parts)))


def _folders(named: str) -> Iterator[Path]:
    plain = plain_path(named)
    path = Path(plain).expanduser()
    if path.exists() or not glob.has_magic(plain):
        real = path.resolve()
        yield real if real.is_dir() else real.parent
        return
    fixed = Path(plain.split("*")[0].split("?")[0].split("[")[0]).expanduser()
    yield (fixed if fixed.is_dir() else fixed.parent).resolve()
    # Who names a link by a pattern means what it leads to.
    for match in islice(glob.iglob(str(path), recursive=True), _MATCHES):  # noqa: PTH207 - may be absolute
        if Path(match).is_symlink():
            real = Path(match).resolve()
            yield real if real.is_dir() else real.parent


def _keep(stream: IO[bytes], input_format: str | None, folder: Path) -> Path:
    """Copy a stream into a file whose name says its format."""
    beginning = stream.read(_BEGINNING)
    if not beginning:
        raise UsageError("--data -: standard input is empty")
    found = input_format or _format_of(beginning)
    if found is None:
        known = ", ".join(INPUT_FORMATS)
        raise UsageError(f"--data -: the format of standard input is unknown; give --input-format: {known}")
    path = folder / f"standard-input.{found}"
    try:
        with path.open("wb") as file:
            file.write(beginning)
            shutil.copyfileobj(stream, file, 1 << 20)
    except OSError as error:
        raise UsageError(f"--data -: standard input cannot be kept: {error.strerror}") from None
    return path


def _format_of(beginning: bytes) -> str | None:
    """The format of data that surely has one by its first bytes."""
    for magic, name in _MAGIC.items():
        if beginning.startswith(magic):
            return name
    try:
        value = json.loads(beginning.split(b"\n", 1)[0])
    except (ValueError, RecursionError):
        return None
    return "json" if isinstance(value, dict) else None
