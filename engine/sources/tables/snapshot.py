"""The snapshot of a table's files for a backend: which are read in place, and how the others are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from engine.errors import DataError
from engine.models.backends import Reader
from engine.models.left_out import LeftOut
from engine.sources.footers import Footer
from engine.sources.kinds import Unreadable, decide, decodes, settle
from engine.sources.snapshot import REBASED, Snapshot, SnapshotColumn, SnapshotFile, refuse_doubles, type_name
from engine.sources.tables.matching import Matched, NoNumbers, holds, match_columns
from engine.sources.tables.partition_values import OddValue, read_value, stands_in_folders
from engine.sources.tables.problems import TABLE_FEATURE, TABLE_TYPE
from engine.sources.tables.state import TableField, TableFile, TableState


@dataclass(frozen=True, slots=True)
class FoundTableFile:
    """A data file of a table, found.

    Attributes:
        file: as the table names it.
        path: where it is.
        footer: what it says of itself.
    """

    file: TableFile
    path: Path
    footer: Footer


@dataclass(frozen=True, slots=True)
class StoredFile:
    """How the rows of a data file become rows of its table.

    Attributes:
        file: as the table names it.
        rows: how many it has, with those that do not count.
        matched: which of its columns are the table's.
        constants: the columns that are the same in all of its rows.
    """

    file: TableFile
    rows: int
    matched: Matched
    constants: Mapping[str, pa.Scalar]


def take_table_snapshot(
    state: TableState, found: Sequence[FoundTableFile], reader: Reader, label: str
) -> tuple[Snapshot, Mapping[Path, StoredFile]]:
    """Decide how a table's files are read.

    Args:
        state: the table.
        found: its files that are to be read.
        reader: the backend.
        label: what errors call the table.

    Raises:
        DataError: a file does not fit the table.
    """
    refuse_doubles(pa.schema([(field.name, field.type) for field in state.fields]), label)
    columns, left_out = _columns(state, found, reader)
    cut_by = [field for field in state.fields if field.name in state.partitions and field.name in columns]
    folders = [
        field
        for field in cut_by
        if found
        and stands_in_folders(columns[field.name], field.name, [_value(one.file, field) for one in found])
    ]
    constants = [field for field in cut_by if field not in folders]
    matches = _match_all(state, found, columns, reader, label)
    taken = {field.name.lower() for field in cut_by}
    files, stored = [], dict[Path, StoredFile]()
    for one, matched in zip(found, matches, strict=True):
        shadowed = any(name.lower() in taken for name in one.footer.schema.names)
        here = not constants and not shadowed and _reads(one, matched, columns, reader)
        if not here or reader != "spark":
            left_out |= _rebased(one, matched, columns)
        files.append(SnapshotFile(one.path, tuple(_value(one.file, field) for field in folders), here))
        same = {field.name: read_value(_value(one.file, field), columns[field.name]) for field in constants}
        stored[one.path] = StoredFile(one.file, one.footer.rows or 0, matched, same)
    kept = {name: kind for name, kind in columns.items() if name.lower() not in left_out}
    in_folders = {field.name for field in folders}
    files = _all_somewhere(files, stored, set(kept) - in_folders)
    snapshot = Snapshot(
        tuple(files),
        tuple(SnapshotColumn(name, kind) for name, kind in kept.items() if name not in in_folders),
        tuple(SnapshotColumn(field.name, columns[field.name]) for field in folders),
        MappingProxyType(left_out),
        alike=_alike(found, files, kept, in_folders),
        early=_early(found, files),
    )
    return snapshot, stored


def _match_all(
    state: TableState,
    found: Sequence[FoundTableFile],
    columns: Mapping[str, pa.DataType],
    reader: Reader,
    label: str,
) -> list[Matched]:
    """Which columns of each file are the table's.

    Raises:
        DataError: a file does not fit the table.
    """
    inside = [field for field in state.fields if field.name not in state.partitions]
    known: dict[int, Matched] = {}  # equal schemas are one object
    for one in found:
        schema = id(one.footer.schema)
        if schema not in known:
            known[schema] = _match(inside, one, state, label)
            _refuse_unfit(known[schema], columns, one, reader, label)
        _refuse_outside(inside, one, known[schema], label)
    return [known[id(one.footer.schema)] for one in found]


def _early(found: Sequence[FoundTableFile], files: Sequence[SnapshotFile]) -> frozenset[str]:
    """Columns of files read in place that may hold days from before the calendars agree, in lower case."""
    return frozenset(
        name.lower()
        for one, file in zip(found, files, strict=True)
        if file.in_place
        for name in one.footer.early
    )


def _all_somewhere(
    files: list[SnapshotFile], stored: Mapping[Path, StoredFile], wanted: set[str]
) -> list[SnapshotFile]:
    """The same, with one file converted if else there were a column that no file has."""
    if not files or not all(file.in_place for file in files):
        return files
    if wanted <= {name for one in stored.values() for name in one.matched.schema.names}:
        return files
    least = min(files, key=lambda file: stored[file.path].rows)
    return [replace(file, in_place=False) if file is least else file for file in files]


def _columns(
    state: TableState, found: Sequence[FoundTableFile], reader: Reader
) -> tuple[dict[str, pa.DataType], dict[str, LeftOut]]:
    """The columns that are read, with their types, and those that are not."""
    columns, left_out = dict[str, pa.DataType](), dict[str, LeftOut]()
    for field in state.fields:
        decision = decide(field.type, reader)
        reason = field.unreadable or (decision.reason if isinstance(decision, Unreadable) else "")
        if not reason and field.name in state.partitions:
            reason = _why_no_values(field, found)
        if reason or isinstance(decision, Unreadable):
            left_out[field.name.lower()] = LeftOut(field.name, type_name(field.type), reason)
        else:
            columns[field.name] = settle(decision.type)
    return columns, left_out


def _why_no_values(field: TableField, found: Sequence[FoundTableFile]) -> str:
    """Why a partition column's values cannot be read; "": they can."""
    try:
        for text in {_value(one.file, field) for one in found}:
            read_value(text, field.type)
    except OddValue as odd:
        return f"its values stand in the table's log, where {odd}"
    return ""


def _value(file: TableFile, field: TableField) -> str | None:
    """Of a partition column in a file; an empty text is none, as the format has it."""
    return file.values.get(field.stored) or None


def _match(fields: Sequence[TableField], one: FoundTableFile, state: TableState, label: str) -> Matched:
    refuse_doubles(one.footer.schema, f"{label}: {one.file.path!r}")
    try:
        return match_columns(fields, one.footer.schema, state.matching)
    except NoNumbers:
        raise DataError(
            f"{label}: it finds columns by their numbers, but {one.file.path!r} has none; rewrite the file",
            code=TABLE_TYPE,
        ) from None


def _refuse_outside(fields: Sequence[TableField], one: FoundTableFile, matched: Matched, label: str) -> None:
    """Refuse a file that lacks a column that its partition has: it would be read as null."""
    wanted = [field.name for field in fields if field.number in one.file.inside]
    lacking = next((name for name in wanted if name not in matched.schema.names), None)
    if lacking is not None:
        raise DataError(
            f"{label}: the column {lacking!r} stands in the partition of {one.file.path!r} and not in the "
            "file, as of files of Hive tables that were added; rewrite the file",
            code=TABLE_FEATURE,
        )


def _refuse_unfit(
    matched: Matched, columns: Mapping[str, pa.DataType], one: FoundTableFile, reader: Reader, label: str
) -> None:
    for field in matched.schema:
        if field.name not in columns:
            continue
        decision = decide(field.type, reader)
        if isinstance(decision, Unreadable) or not holds(columns[field.name], decision.type):
            raise DataError(
                f"{label}: its column {field.name!r} is of type {type_name(columns[field.name])}, but of "
                f"type {type_name(field.type)} in {one.file.path!r}, which it does not hold; rewrite it",
                code=TABLE_TYPE,
            )


def _reads(one: FoundTableFile, matched: Matched, columns: Mapping[str, pa.DataType], reader: Reader) -> bool:
    """Whether the backend reads the file where it is, all its rows, just as the table means them."""
    if one.file.deletion is not None or one.file.places is not None or one.file.equal:
        return False
    if matched.renamed or not matched.stored:
        return False
    if not decodes(reader, one.footer.codecs):
        return False
    known = {name.lower() for name in columns}
    others = set(one.footer.schema.names) - set(matched.stored)
    if any(name.lower() in known for name in others):  # another column that has the name of one of the table
        return False
    for field in matched.schema:
        if field.name in columns:
            decision = decide(field.type, reader)
            if isinstance(decision, Unreadable) or not decision.in_place:
                return False
            if settle(decision.type) != columns[field.name]:
                return False
    return True


def _rebased(one: FoundTableFile, matched: Matched, columns: Mapping[str, pa.DataType]) -> dict[str, LeftOut]:
    names = dict(zip(matched.stored, matched.schema.names, strict=True))
    hidden = [names[name] for name in one.footer.rebased if name in names and names[name] in columns]
    return {name.lower(): LeftOut(name, type_name(columns[name]), REBASED) for name in hidden}


def _alike(
    found: Sequence[FoundTableFile],
    files: Sequence[SnapshotFile],
    kept: Mapping[str, object],
    folders: set[str],
) -> bool:
    """Whether all that is laid out has the same columns, which are all that there are."""
    if not all(file.in_place for file in files):
        return not any(file.in_place for file in files)
    wanted = set(kept) - folders
    return len({id(one.footer.schema) for one in found}) == 1 and wanted <= set(found[0].footer.schema.names)
