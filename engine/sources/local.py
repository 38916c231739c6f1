"""Files of this machine, made readable for a local backend.

Parquet and Arrow files are `engine.sources.columnar`'s. Text, of which each backend would make something
else, is put into the spool as Parquet, and goes the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.models.backends import Reader
from engine.models.text_options import TextOptions
from engine.sources.columnar import read_columnar
from engine.sources.files import DataFile, find_data_files, find_format
from engine.sources.source import ResolvedSource
from engine.sources.spool import Spool
from engine.sources.text.spooling import refuse_options, spool_text

_AS_FOUND: Final = TextOptions()


def read_local(
    paths: Sequence[str],
    roots: Sequence[Path],
    reader: Reader,
    spool: Spool,
    text: TextOptions = _AS_FOUND,
    check: Callable[[], None] = lambda: None,
) -> ResolvedSource:
    """The source behind paths, folders or globs; a file that several of them mean counts once.

    Args:
        paths: at least one.
        roots: folders that may be read.
        reader: the backend.
        spool: where copies are put.
        text: how files of text are written, as far as the caller says.
        check: called now and then while files are copied; what it raises ends that.

    Raises:
        DataError: they are missing, outside `roots`, of no known format or of several, or unreadable.
    """
    label = paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1:,} more"
    found = (one for path in paths for one in find_data_files(path, roots))
    data_files = {one.path.resolve(): one for one in found}
    return read_data_files(label, list(data_files.values()), reader, spool, text, check)


def read_data_files(
    label: str,
    data_files: Sequence[DataFile],
    reader: Reader,
    spool: Spool,
    text: TextOptions = _AS_FOUND,
    check: Callable[[], None] = lambda: None,
) -> ResolvedSource:
    """The source behind files; arguments and errors as for `read_local`.

    Args:
        label: what errors call them.
        data_files: at least one.
        reader: the backend.
        spool: where copies are put.
        text: how files of text are written, as far as the caller says.
        check: called now and then while files are copied.
    """
    format_name = find_format(label, [data_file.path for data_file in data_files])
    refuse_options(text, format_name, label)
    if format_name == "parquet" or format_name == "arrow":
        return read_columnar(label, data_files, format_name, reader, spool)
    found = [(data_file.path, data_file.folders) for data_file in data_files]
    made = spool_text(label, found, format_name, text, spool, check)
    try:
        spooled = sorted(made.rglob("*.parquet"))
        rows = [DataFile(file, file.parent.relative_to(made).parts) for file in spooled]
        source = read_columnar(label, rows, "parquet", reader, spool)
    except BaseException:
        spool.remove(made)
        raise

    def release() -> None:
        source.release()
        spool.remove(made)

    return replace(source, release=release)
