"""What native answers may read: the files of a dataset, as their footers describe them. An adapter.

The policy of reading (`engine.sources`) has been applied: a relation comes with its schema, and names
files, all of which Spark reads as that schema says. Here is only decided whether DuckDB reads the same of
them; what is not surely so is Spark's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.types import pyspark_types_to_proto_types
from pyspark.sql.types import StructType

from engine.file_state import FileState, state_of
from engine.models.days import FIRST_ALIKE, LAST_ALIKE
from engine.parquet import days_of
from engine.spark.native.relations.scans import Scan, ScanField
from engine.spark.native.relations.stored import is_stored_as
from engine.spark.native.types import DATE, INSTANTS, Nested, SparkType, Struct, from_proto, to_proto
from engine.spark.native.unproven import Unproven

_KEPT: Final = 2_000
# DuckDB takes a name with any of these for a pattern, or Hadoop does.
_READ_AS_PATTERN: Final = frozenset("*?[]{}\\")
# Spark counts a file as larger by so many bytes, and makes no partitions that are smaller.
_ONE_PARTITION: Final = 4 << 20


class Files:
    """The files of one plan, which have to stay as they are until it is answered."""

    def __init__(self) -> None:
        """Begin without files; `scan_of` notes those that it finds."""
        self._states: dict[str, FileState] = {}

    def scan_of(self, read: pb.Read) -> Scan:
        """What a relation reads.

        Raises:
            Unproven: it is not known to be read alike.
        """
        scan = scan_of(read, self._note)
        self.refuse_changed()
        return scan

    def refuse_changed(self) -> None:
        """See that all files are as they were when they were first looked at.

        Raises:
            Unproven: a file has changed or is gone.
        """
        if any(state_of(path) != state for path, state in self._states.items()):
            raise Unproven("a file that changed while it was read")

    def _note(self, path: str, state: FileState) -> None:
        self._states.setdefault(path, state)


def _ignore(path: str, state: FileState) -> None:
    """For whoever never looks again whether a file has changed."""


def scan_of(read: pb.Read, note: Callable[[str, FileState], None] = _ignore) -> Scan:
    """What a relation reads.

    Args:
        read: the relation, as the plan has it.
        note: is told in which state each file was found.

    Raises:
        Unproven: it is not known to be read alike.
    """
    if read.WhichOneof("read_type") != "data_source" or read.is_streaming:
        raise Unproven("a source that is not a file")
    source = read.data_source
    if source.format != "parquet" or not source.schema or source.predicates or dict(source.options):
        raise Unproven("files that are not Parquet, or have options")
    paths = tuple(source.paths)
    if any(_READ_AS_PATTERN.intersection(path) or not path.startswith("/") for path in paths):
        raise Unproven("a file with an unusual name")
    if not paths or any(not Path(path).is_file() for path in paths):
        raise Unproven("a folder of files")
    whole = len(paths) == 1 and Path(paths[0]).stat().st_size <= _ONE_PARTITION
    return Scan(paths, _fields(source.schema, paths, note), whole)


def _fields(
    schema: str, paths: Sequence[str], note: Callable[[str, FileState], None]
) -> tuple[ScanField, ...]:
    struct = pyspark_types_to_proto_types(StructType.fromJson(json.loads(schema))).struct
    files = [_file_of(path, note) for path in paths]
    found = []
    for one in struct.fields:
        kind = from_proto(one.data_type)
        reasons = [reason for file in files if (reason := file.why_not(one.name, kind))]
        found.append(ScanField(one.name, kind, reasons[0] if reasons else ""))
    return tuple(found)


def _file_of(path: str, note: Callable[[str, FileState], None]) -> _File:
    """The footer of a file, as it is now."""
    state = state_of(path)
    if state is None:
        raise Unproven("a file that is not there")
    note(path, state)
    return _read_file(path, state)


@lru_cache(maxsize=_KEPT)
def _read_file(path: str, state: FileState) -> _File:
    """A footer, kept for as long as the file stays as it is."""
    del state
    return _File(path)


class _File:
    """The footer of one file."""

    def __init__(self, path: str) -> None:
        try:
            self._footer: Any = pq.read_metadata(path)
        except (OSError, ValueError) as error:
            raise Unproven(f"a file whose footer cannot be read ({type(error).__name__})") from None
        if not self._footer.num_columns:
            raise Unproven("a file without columns")
        keys: Mapping[bytes, bytes] = self._footer.metadata or {}
        if any(b"legacy" in key for key in keys) or keys.get(b"org.apache.spark.version", b"3") < b"3":
            raise Unproven("a file that an old version of Spark wrote")
        try:
            leaves = [self._footer.schema.column(place) for place in range(self._footer.num_columns)]
            stored = self._footer.schema.to_arrow_schema()
            self._places: Mapping[str, int] = {leaf.path: place for place, leaf in enumerate(leaves)}
            paths = Counter(leaf.path for leaf in leaves)
        except (OSError, ValueError, pa.ArrowException) as error:  # names may be no text, types unheard of
            raise Unproven(f"a file whose columns are not known ({type(error).__name__})") from None
        self._stored: Mapping[str, pa.DataType] = {one.name: one.type for one in stored}
        self._leaves = leaves
        # A column `a.b` beside a field b of a struct a, or a name twice: which leaf is whose is not told.
        self._doubled = frozenset(path for path, times in paths.items() if times > 1)

    def why_not(self, name: str, kind: SparkType) -> str:
        """Why a column is not read alike; empty if it is."""
        stored = self._stored.get(name)
        if stored is not None and not is_stored_as(stored, to_proto(kind)):
            return f"the column {name!r} is not of the same type in every file"
        if isinstance(kind, (Struct, Nested)):
            whole = stored is not None and any(path.startswith(f"{name}.") for path in self._places)
            return "" if whole else f"the column {name!r} is not in every file"
        place = self._places.get(name)
        if place is None or stored is None or pa.types.is_nested(stored):
            return f"the column {name!r} is not in every file, or is nested"
        leaf = self._leaves[place]
        if leaf.physical_type == "INT96":
            return f"the column {name!r} has instants of the old kind"
        if leaf.max_repetition_level or name in self._doubled:
            return f"the column {name!r} is nested, or there twice"
        if kind == DATE or kind in INSTANTS:
            return "" if self._within(place) else f"the column {name!r} may have days or instants far away"
        return ""

    def _within(self, place: int) -> bool:
        """Whether statistics say that all days or instants are of the time that is proven."""
        found = days_of(self._footer, place)
        return all(days is not None and days[0] >= FIRST_ALIKE and days[1] <= LAST_ALIKE for days in found)
