"""A dataset of text, put into the spool as Parquet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa

from engine.errors import DataError
from engine.models.text_options import TextOptions
from engine.sources.spool import Spool
from engine.sources.text.convert import convert_csv, convert_json
from engine.sources.text.stream import TextFile

TextFormat = Literal["csv", "json"]


def spool_text(
    label: str,
    files: Sequence[tuple[Path, tuple[str, ...]]],
    text_format: TextFormat,
    options: TextOptions,
    spool: Spool,
    check: Callable[[], None],
) -> Path:
    """Write the rows of files of text into a folder of the spool, partitions as folders as they were.

    Args:
        label: what errors call all of them.
        files: where they are, and the folders below the one that was named.
        text_format: of all of them.
        options: how they are written, as far as the caller says.
        spool: what the folder is made in.
        check: called now and then; what it raises ends the work.

    Returns:
        The folder, for `Spool.remove`.

    Raises:
        DataError: one of them cannot be read, or the rows cannot be kept.
    """
    named = [TextFile(path, "/".join((*folders, path.name)), _partitions(folders)) for path, folders in files]
    named.sort(key=lambda file: file.folder)  # one file for each is written at a time
    made = spool.new_folder()
    convert = convert_csv if text_format == "csv" else convert_json
    try:
        convert(named, options, made, check)
    except (pa.ArrowException, OSError) as error:
        spool.remove(made)
        raise DataError(f"{label!r} cannot be handed to the data engine: {error}") from None
    except BaseException:
        spool.remove(made)
        raise
    return made


def refuse_options(options: TextOptions, format_name: str, label: str) -> None:
    """Refuse what the caller says of files of text where it means nothing.

    Raises:
        DataError: the files are of another format.
    """
    allowed = {"csv": {"header", "separator", "encoding", "quote"}, "json": {"encoding"}}
    for name in options.given():
        if name not in allowed.get(format_name, ()):
            raise DataError(f"{label!r} is {format_name}: {name} applies only to CSV files")


def remote_options(format_name: str, options: TextOptions, *, tabs: bool) -> dict[str, str]:
    """The options of a cluster's own reader that come nearest to the policy; nothing is found out there.

    Args:
        format_name: of the files.
        options: how they are written, as far as the caller says.
        tabs: whether their names say that tabs separate.
    """
    encoding = {} if options.encoding is None else {"encoding": options.encoding}
    if format_name == "json":
        return {"mode": "FAILFAST", **encoding}
    if format_name != "csv":
        return {}
    quote = '"' if options.quote is None else options.quote
    return {
        "header": "false" if options.header is False else "true",
        "sep": options.separator or ("\t" if tabs else ","),
        "quote": quote,
        **({"escape": quote} if quote else {}),  # a doubled quote, and no backslash
        "multiLine": "true",  # line breaks in quotes; a file is then read by one task
        "mode": "FAILFAST",
        "columnPruning": "false",  # else lines with too few or too many values would not be seen
        "enforceSchema": "false",  # names are compared with those of each file's header
        **encoding,
    }


def _partitions(folders: Sequence[str]) -> str:
    """The folders that are named for a value of a column."""
    return "/".join(folder for folder in folders if "=" in folder)
