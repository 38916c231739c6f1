"""The files of one dataset at one moment, and the columns that they have together. Pure.

The policy of reading has its place here: a run's dataset resolves to one `Snapshot` before any backend sees a
file, so that every backend reads the same rows of the same types, and none guesses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pyarrow as pa

from engine.errors import DataError
from engine.models.backends import Reader
from engine.models.left_out import LeftOut
from engine.sources.kinds import Decision, Unreadable, decide, decodes, settle, spark_struct, unify
from engine.sources.partitions import find_type, read_folders

# Why a column is left out that may be counted in another calendar.
REBASED: Final = (
    "it was written in the calendar of old versions of Spark, and may have dates from before 1582 or times "
    "from before 1900; rewrite it with spark.sql.parquet.datetimeRebaseModeInWrite=CORRECTED"
)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file, as its footer describes it.

    Attributes:
        path: where it is.
        folders: names of the folders between the folder that the caller named and the file.
        schema: its columns; INT96 is a timestamp in microseconds and UTC.
        rebased: columns whose values may be counted in another calendar.
        early: columns that may hold days or instants from before the calendars agree.
        codecs: its encodings and compressions, in Parquet's words.
    """

    path: Path
    folders: tuple[str, ...]
    schema: pa.Schema
    rebased: frozenset[str] = frozenset()
    early: frozenset[str] = frozenset()
    codecs: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """What errors call it."""
        return "/".join((*self.folders, self.path.name))


@dataclass(frozen=True, slots=True)
class SnapshotColumn:
    """A column: its name, and the type that it is read as."""

    name: str
    type: pa.DataType


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A file of a snapshot.

    Attributes:
        path: where it is.
        values: of the partition columns, as text; None is null.
        in_place: whether the backend reads its columns exactly as they are.
    """

    path: Path
    values: tuple[str | None, ...]
    in_place: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a dataset of files is during one run.

    Attributes:
        files: in the order of their names.
        columns: those in the files, by name, of all files together; null where a file has none.
        partitions: those in the names of folders; they come after the others.
        left_out: those that cannot be read, by name in lower case.
        alike: whether all files have the same columns, so that one tells of all.
        early: columns that may hold days or instants from before the calendars agree, by name in lower case.
    """

    files: tuple[SnapshotFile, ...]
    columns: tuple[SnapshotColumn, ...]
    partitions: tuple[SnapshotColumn, ...] = ()
    left_out: Mapping[str, LeftOut] = field(default_factory=lambda: MappingProxyType({}))
    alike: bool = True
    early: frozenset[str] = frozenset()

    @property
    def schema(self) -> pa.Schema:
        """The columns that stand in files."""
        return pa.schema([pa.field(column.name, column.type) for column in self.columns])

    @property
    def spark_schema(self) -> dict[str, object]:
        """All columns, in Spark's JSON."""
        return spark_struct([(column.name, column.type) for column in (*self.columns, *self.partitions)])


def take_snapshot(files: Sequence[FoundFile], reader: Reader, *, copied: bool) -> Snapshot:
    """Decide what files are together.

    Args:
        files: at least one.
        reader: the backend that will read them.
        copied: whether they are of a format that no backend reads, so that all are converted.

    Raises:
        DataError: they do not fit together; with the files, the column and the types.
    """
    known_there = reader == "spark" and not copied  # Spark knows that calendar, the conversion does not
    union = _unite(files, reader, [frozenset() if known_there else file.rebased for file in files])
    # DuckDB reads no file without columns.
    decoded = [not copied and bool(file.schema.names) and decodes(reader, file.codecs) for file in files]
    in_place = [known and union.reads(file.schema) for known, file in zip(decoded, files, strict=True)]
    if known_there and not all(in_place):
        hidden = [frozenset() if kept else file.rebased for file, kept in zip(files, in_place, strict=True)]
        union = _unite(files, reader, hidden)
        in_place = [known and union.reads(file.schema) for known, file in zip(decoded, files, strict=True)]
    partitions, values = _find_partitions(files, union)
    return Snapshot(
        tuple(
            SnapshotFile(file.path, own, kept)
            for file, own, kept in zip(files, values, in_place, strict=True)
        ),
        tuple(
            SnapshotColumn(name, union.types[key]) for key, name in union.names.items() if key in union.types
        ),
        partitions,
        MappingProxyType(union.left_out),
        alike=len({id(file.schema) for file in files}) == 1,
        early=frozenset(name.lower() for file in files for name in file.early),
    )


def describe_table(schema: pa.Schema, label: str, reader: Reader) -> Snapshot:
    """The columns of a table in memory, under the same rules.

    Raises:
        DataError: two columns have one name.
    """
    refuse_doubles(schema, label)
    columns, left_out = [], {}
    for one in schema:
        decision = decide(one.type, reader)
        if isinstance(decision, Unreadable):
            left_out[one.name.lower()] = LeftOut(one.name, type_name(one.type), decision.reason)
        else:
            columns.append(SnapshotColumn(one.name, settle(decision.type)))
    return Snapshot((), tuple(columns), (), MappingProxyType(left_out))


def without(snapshot: Snapshot, left_out: LeftOut) -> Snapshot:
    """The same without one of the columns of its files."""
    return Snapshot(
        snapshot.files,
        tuple(column for column in snapshot.columns if column.name != left_out.name),
        snapshot.partitions,
        MappingProxyType({**snapshot.left_out, left_out.name.lower(): left_out}),
        snapshot.alike,
    )


def type_name(kind: pa.DataType) -> str:
    """A type in the words of its file."""
    if isinstance(kind, pa.BaseExtensionType):
        return str(kind.extension_name).removeprefix("arrow.")
    return str(kind)


class _Union:
    """The columns of files by name, names that differ by case only being one name, as in Spark."""

    def __init__(self, reader: Reader) -> None:
        self.names: dict[str, str] = {}
        self.types: dict[str, pa.DataType] = {}
        self.left_out: dict[str, LeftOut] = {}
        self._reader: Reader = reader
        self._seen: dict[str, tuple[FoundFile, pa.DataType]] = {}
        self._reads: dict[int, tuple[pa.Schema, bool]] = {}

    def add(self, file: FoundFile, rebased: frozenset[str]) -> None:
        refuse_doubles(file.schema, file.label)
        for one in file.schema:
            decision: Decision = decide(one.type, self._reader)
            if one.name in rebased:
                decision = Unreadable(REBASED)
            self._add(file, one, decision)

    def _add(self, file: FoundFile, one: pa.Field, decision: Decision) -> None:
        key = one.name.lower()
        self.names.setdefault(key, one.name)
        if isinstance(decision, Unreadable):
            self.left_out.setdefault(key, LeftOut(self.names[key], type_name(one.type), decision.reason))
        elif key not in self.types:
            self.types[key] = decision.type
            self._seen[key] = file, one.type
        else:
            kind = unify(self.types[key], decision.type)
            if kind is None:
                first, known = self._seen[key]
                raise DataError(
                    f"the column {one.name!r} is of type {type_name(known)} in {first.label!r}, but of type "
                    f"{type_name(one.type)} in {file.label!r}; write both with the same type, or "
                    "name only one of them"
                )
            if kind != self.types[key]:
                self._seen[key] = file, one.type
            self.types[key] = kind

    def finish(self) -> None:
        self.types = {key: settle(kind) for key, kind in self.types.items() if key not in self.left_out}

    def reads(self, schema: pa.Schema) -> bool:
        """Whether the backend reads each column of a file as it is, as the type of all files."""
        known = self._reads.get(id(schema))
        if known is None:
            found = all(self._reads_field(one) for one in schema)
            known = self._reads[id(schema)] = schema, found
        return known[1]

    def _reads_field(self, one: pa.Field) -> bool:
        key = one.name.lower()
        if key not in self.types:
            return True
        decision = decide(one.type, self._reader)
        return (
            not isinstance(decision, Unreadable)
            and decision.in_place
            and settle(decision.type) == self.types[key]
        )


def _unite(files: Sequence[FoundFile], reader: Reader, rebased: Iterable[frozenset[str]]) -> _Union:
    union = _Union(reader)
    for file, hidden in _distinct(files, rebased):
        union.add(file, hidden)
    union.finish()
    return union


def _distinct(
    files: Sequence[FoundFile], rebased: Iterable[frozenset[str]]
) -> Iterator[tuple[FoundFile, frozenset[str]]]:
    """Of files that say the same of themselves, the first; schemas that are equal are mostly one object."""
    seen = set()
    for file, hidden in zip(files, rebased, strict=True):
        key = id(file.schema), hidden
        if key not in seen:
            seen.add(key)
            yield file, hidden


def refuse_doubles(schema: pa.Schema, label: str) -> None:
    """Refuse columns of one name, capital letters aside.

    Raises:
        DataError: there are two.
    """
    seen: dict[str, str] = {}
    for name in schema.names:
        other = seen.get(name.lower())
        if other == name:
            raise DataError(f"{label} has two columns with the same name, {name!r}; rename one of them")
        if other is not None:
            raise DataError(
                f"{label} has the columns {other!r} and {name!r}, which differ only by case; rename one"
            )
        seen[name.lower()] = name


def _find_partitions(
    files: Sequence[FoundFile], union: _Union
) -> tuple[tuple[SnapshotColumn, ...], list[tuple[str | None, ...]]]:
    """The partition columns, and their values for each file."""
    found = [read_folders(file.folders) for file in files]
    names = tuple(name for name, _ in found[0])
    for file, pairs in zip(files, found, strict=True):
        own = tuple(name for name, _ in pairs)
        if own != names:
            raise DataError(
                f"{files[0].label!r} lies in folders of {_listed(names)}, but {file.label!r} in folders of "
                f"{_listed(own)}; name one of these folders, or lay out all files alike"
            )
        if any(value == "" for _, value in pairs):
            raise DataError(
                f"a folder of {file.label!r} has no value after its =; call it __HIVE_DEFAULT_PARTITION__ "
                "if there is none"
            )
    for number, name in enumerate(names):
        if name.lower() in {other.lower() for other in names[:number]}:
            raise DataError(f"{files[0].label!r} lies in two folders of the column {name!r}; rename one")
        if name.lower() in union.names:
            raise DataError(
                f"the column {name!r} is in the files and in the names of their folders, such as "
                f"{files[0].label!r}; rename the folders, or name a folder or file below them"
            )
    values = [tuple(value for _, value in pairs) for pairs in found]
    columns = (
        SnapshotColumn(name, find_type(one[place] for one in values)) for place, name in enumerate(names)
    )
    return tuple(columns), values


def _listed(names: Sequence[str]) -> str:
    return " and ".join(f"{name}=" for name in names) or "no columns"
