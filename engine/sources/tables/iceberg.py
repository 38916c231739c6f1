"""An Iceberg table in a folder: its metadata, manifests and deletes, and what the table is at a snapshot.

An adapter over pyiceberg, which takes the files of metadata apart; it opens none of them itself: each is read
here, below the table's folder, whatever its path in the metadata is.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.errors import DataError
from engine.models.tables import Version
from engine.sources.files import ICEBERG_METADATA, IS_METADATA
from engine.sources.tables.equality import is_exact, read_delete
from engine.sources.tables.folder import TableFolder
from engine.sources.tables.matching import match_columns
from engine.sources.tables.problems import TABLE_FEATURE, TABLE_FILE, TABLE_LOG, TABLE_PATH
from engine.sources.tables.state import EqualityDelete, TableField, TableFile, TableState

if TYPE_CHECKING:
    from pyiceberg.io import FileIO
    from pyiceberg.manifest import DataFile, ManifestEntry
    from pyiceberg.schema import Schema
    from pyiceberg.table.metadata import TableMetadata
    from pyiceberg.typedef import Record
    from pyiceberg.types import IcebergType

_UUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_NUMBERED: Final = re.compile(rf"v?([0-9]+)(?:-{_UUID})?{IS_METADATA.pattern}", re.ASCII)
# Those, and what catalogs of folders write before they give it its number: that was never committed.
_KNOWN: Final = re.compile(rf"(?:{_UUID}|v?[0-9]+(?:-{_UUID})?){IS_METADATA.pattern}", re.ASCII)
_HINT: Final = "version-hint.text"
_MOST_METADATA: Final = 1 << 28
_MOST_DELETES: Final = 1 << 31
_MOST_EQUAL: Final = 5_000_000  # values are compared in memory
_NEWEST_FORMAT: Final = 3
_SCHEME: Final = re.compile(r"file:(?://)?(?=/)", re.IGNORECASE)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BOUND_BYTES: Final = {"date": 4, "timestamp": 8, "timestamptz": 8}
_PATH_COLUMN, _PLACE_COLUMN = "file_path", "pos"
_PLAIN: Final[Mapping[str, pa.DataType]] = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "timestamp_ns": pa.timestamp("ns"),
    "timestamptz_ns": pa.timestamp("ns", "UTC"),
    "string": pa.string(),
    "binary": pa.binary(),
    "unknown": pa.null(),
}


@dataclass(frozen=True, slots=True)
class _Equal:
    """A file of values whose rows are deleted: in older files of its partition, or in all if it has none."""

    sequence: int
    spec: int
    partition: Record
    everywhere: bool
    delete: EqualityDelete


@dataclass(slots=True)
class _Deletes:
    """Rows that do not count, by the path of their file, with the sequence of their deletion."""

    places: dict[str, list[tuple[int, NDArray[np.int64]]]] = field(default_factory=dict)
    equal: list[_Equal] = field(default_factory=list)


class _Place:
    """Where files lie that metadata names by whole paths."""

    def __init__(self, folder: TableFolder, location: str) -> None:
        self._folder = folder
        plain = [_SCHEME.sub("", base).rstrip("/") for base in (location, folder.base)]
        self._bases = [f"{base}/" for base in plain if base]

    def below(self, path: str, what: str) -> str:
        """The part of a path below the table's folder."""
        plain = _SCHEME.sub("", path)
        base = next((base for base in self._bases if plain.startswith(base)), None)
        if base is None:
            raise DataError(
                f"{self._folder.label}: its {what} {path!r} is refused: it is not below the table's folder",
                code=TABLE_PATH,
            )
        return plain.removeprefix(base)


def read_iceberg(folder: TableFolder, version: Version | None) -> TableState:
    """What an Iceberg table is at a snapshot.

    Args:
        folder: the table's.
        version: the id of a snapshot, or an instant; None: the latest.

    Raises:
        DataError: its metadata is damaged, there is no such snapshot, or it needs what is not read.
    """
    try:
        import pyiceberg.manifest  # noqa: F401
    except ImportError:
        raise DataError(
            f"{folder.label} is an Iceberg table; to read such, install what that needs: "
            "pip install 'calcmetric[iceberg]'",
            code=TABLE_FEATURE,
        ) from None
    try:
        return _read(folder, version)
    except DataError:
        raise
    except Exception as error:  # whatever pyiceberg has for metadata that is none
        reason = str(error).partition("\n")[0][:200]
        raise DataError(
            f"{folder.label}: its metadata cannot be read: {type(error).__name__}: {reason}; restore "
            "the files",
            code=TABLE_LOG,
        ) from None


def _read(folder: TableFolder, version: Version | None) -> TableState:
    from pyiceberg.table.metadata import TableMetadataUtil

    name = _find_metadata(folder)
    raw = folder.read(f"{ICEBERG_METADATA}/{name}", "metadata", _MOST_METADATA)
    raw = _unpacked(raw) if ".gz" in name else raw
    _check_format(json.loads(raw), folder.label)
    metadata = TableMetadataUtil.parse_raw(raw.decode())
    snapshot_id = _snapshot_at(metadata, version, folder.label)
    place = _Place(folder, metadata.location)
    snapshot = None if snapshot_id is None else metadata.snapshot_by_id(snapshot_id)
    if snapshot_id is not None and snapshot is None:
        known = ", ".join(str(one.snapshot_id) for one in metadata.snapshots[-5:]) or "none"
        raise DataError(
            f"{folder.label}: there is no snapshot {snapshot_id}; the latest are {known}", code=TABLE_LOG
        )
    schema = metadata.schema()
    if snapshot is None:
        return TableState(None, None, _fields(schema), (), "id", ())
    if version is not None and snapshot.schema_id is not None:
        schema = next(one for one in metadata.schemas if one.schema_id == snapshot.schema_id)
    files = _files(metadata, schema, snapshot.manifest_list, place, folder)
    written = _EPOCH + timedelta(milliseconds=snapshot.timestamp_ms)
    return TableState(snapshot.snapshot_id, written, _fields(schema), (), "id", files)


def _find_metadata(folder: TableFolder) -> str:
    """The file that tells of the latest state: which a catalog named, of the highest number, or hinted at."""
    if folder.metadata:
        return folder.metadata
    try:
        names = folder.names(ICEBERG_METADATA)
    except OSError as error:
        raise DataError(
            f"{folder.label} is not an Iceberg table: its folder {ICEBERG_METADATA!r} cannot be listed "
            f"({error.strerror})",
            code=TABLE_LOG,
        ) from None
    numbered = [(int(found[1]), name) for name in names if (found := _NUMBERED.fullmatch(name))]
    odd = next((name for name in names if IS_METADATA.search(name) and not _KNOWN.fullmatch(name)), None)
    if odd is not None:
        raise DataError(
            f"{folder.label}: its metadata {odd!r} has a name without a number, so whether it is the latest "
            "only its catalog knows; name the table by its catalog",
            code=TABLE_LOG,
        )
    if not numbered:
        raise DataError(f"{folder.label} is not an Iceberg table: it has no metadata", code=TABLE_LOG)
    highest = max(numbered)[0]
    if _HINT in names:
        hint = folder.read(f"{ICEBERG_METADATA}/{_HINT}", "hint", 100).strip()
        if hint.isdigit():
            highest = max(highest, int(hint))
    latest = [name for number, name in numbered if number == highest]
    if len(latest) != 1:
        many = f"{len(latest)} files" if latest else "no file"
        raise DataError(
            f"{folder.label}: {many} of its metadata has the number {highest}, so only its catalog knows "
            "which one counts; restore the file, or remove what was never committed",
            code=TABLE_LOG,
        )
    return latest[0]


def _unpacked(raw: bytes) -> bytes:
    """Metadata that was compressed, all of it."""
    reader = zlib.decompressobj(wbits=31)  # gzip
    data = reader.decompress(raw, _MOST_METADATA)
    if not reader.eof or reader.unused_data:
        raise ValueError("it is cut off, or too large")
    return data


def _check_format(raw: Any, label: str) -> None:
    version = raw.get("format-version")
    if type(version) is not int or not 1 <= version <= _NEWEST_FORMAT:
        raise DataError(
            f"{label}: it is of version {version!r} of Iceberg's format, and versions up to {_NEWEST_FORMAT} "
            "are read; update calcmetric",
            code=TABLE_FEATURE,
        )
    if raw.get("encryption-keys"):
        raise DataError(f"{label}: it is encrypted, which cannot be read", code=TABLE_FEATURE)
    if '"initial-default"' in json.dumps(raw.get("schemas", [])):
        raise DataError(
            f"{label}: it has columns with 'initial-default', values for rows from before them, which are "
            "not read; rewrite its files",
            code=TABLE_FEATURE,
        )


def _snapshot_at(metadata: TableMetadata, version: Version | None, label: str) -> int | None:
    if version is None:
        return metadata.current_snapshot_id
    if isinstance(version, int):
        return version
    wanted = version.timestamp() * 1000
    before = [one.snapshot_id for one in metadata.snapshot_log if one.timestamp_ms <= wanted]
    if not before:
        raise DataError(f"{label}: it has no snapshot from {version.isoformat()} or before", code=TABLE_LOG)
    return before[-1]


def _fields(schema: Schema) -> tuple[TableField, ...]:
    return tuple(_field(one.name, one.field_id, one.field_type) for one in schema.fields)


def _field(name: str, number: int, kind: IcebergType) -> TableField:
    from pyiceberg.types import DecimalType, FixedType, ListType, MapType, StructType

    children: tuple[TableField, ...] = ()
    found: pa.DataType | None
    if isinstance(kind, StructType):
        children = tuple(_field(one.name, one.field_id, one.field_type) for one in kind.fields)
        found = pa.struct([pa.field(one.name, one.type) for one in children])
    elif isinstance(kind, ListType):
        children = (_field("element", kind.element_id, kind.element_type),)
        found = pa.list_(pa.field("element", children[0].type))
    elif isinstance(kind, MapType):
        key = _field("key", kind.key_id, kind.key_type)
        children = (key, _field("value", kind.value_id, kind.value_type))
        found = pa.map_(children[0].type, children[1].type)
    elif isinstance(kind, DecimalType):
        found = pa.decimal128(kind.precision, kind.scale)
    else:
        found = pa.binary() if isinstance(kind, FixedType) else _PLAIN.get(str(kind))
    unreadable = next((one.unreadable for one in children if one.unreadable), "")
    if found is None:
        found, unreadable = pa.null(), f"columns of Iceberg's type {kind} are not read"
    return TableField(name, name, number, found, children, unreadable)


def _files(
    metadata: TableMetadata, schema: Schema, manifest_list: str, place: _Place, folder: TableFolder
) -> tuple[TableFile, ...]:
    from pyiceberg.manifest import DataFileContent

    data: list[ManifestEntry] = []
    deletes = _Deletes()
    for entry in _entries(manifest_list, place, folder):
        file = entry.data_file
        if file.content == DataFileContent.DATA:
            data.append(entry)
        elif file.content == DataFileContent.POSITION_DELETES:
            _add_places(deletes, entry, place, folder)
        else:
            deletes.equal.append(_read_equal(entry, metadata, schema, place, folder))
    identities = _identities(metadata)
    dated = {one.field_id: (one.name, str(one.field_type)) for one in schema.fields}
    return tuple(_file(entry, deletes, identities, dated, place, folder) for entry in data)


def _entries(manifest_list: str, place: _Place, folder: TableFolder) -> Iterator[ManifestEntry]:
    from pyiceberg.manifest import read_manifest_list

    io = _make_io(place, folder)
    for manifest in read_manifest_list(io.new_input(manifest_list)):
        if manifest.key_metadata:
            raise DataError(f"{folder.label}: it is encrypted, which cannot be read", code=TABLE_FEATURE)
        yield from manifest.fetch_manifest_entry(io)


def _make_io(place: _Place, folder: TableFolder) -> FileIO:
    """What pyiceberg opens files by: those of the folder, to read."""
    from pyiceberg.io import FileIO, InputFile

    class Below(InputFile):
        def __init__(self, location: str) -> None:
            super().__init__(location)
            below = place.below(location, "file of metadata")
            self._data = folder.read(below, "file of metadata", _MOST_METADATA)

        def __len__(self) -> int:
            return len(self._data)

        def exists(self) -> bool:
            return True

        def open(self, seekable: bool = True) -> BytesIO:
            del seekable
            return BytesIO(self._data)

    class Reads(FileIO):
        def new_input(self, location: str) -> InputFile:
            return Below(location)

        def new_output(self, location: str) -> NoReturn:
            raise PermissionError(location)

        def delete(self, location: object) -> None:
            raise PermissionError(location)

    return Reads()


def _add_places(deletes: _Deletes, entry: ManifestEntry, place: _Place, folder: TableFolder) -> None:
    """Read a file of positions of rows that are deleted."""
    file, label = entry.data_file, folder.label
    _refuse_format(file, label)
    data = folder.read(place.below(file.file_path, "delete file"), "delete file", _MOST_DELETES)
    try:
        table = pq.read_table(BytesIO(data), columns=[_PATH_COLUMN, _PLACE_COLUMN], partitioning=None)
        paths = table.column(_PATH_COLUMN).cast(pa.string()).combine_chunks().dictionary_encode()
        places = table.column(_PLACE_COLUMN).cast(pa.int64()).combine_chunks()
        if paths.null_count or places.null_count:
            raise pa.ArrowInvalid("it holds nulls")
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise DataError(
            f"{label}: its delete file {file.file_path!r} is damaged: {error}; restore it", code=TABLE_FILE
        ) from None
    which, rows = paths.indices.to_numpy(zero_copy_only=False), places.to_numpy(zero_copy_only=False)
    for number, path in enumerate(paths.dictionary.to_pylist()):
        found = deletes.places.setdefault(place.below(path, "data file"), [])
        found.append((entry.sequence_number or 0, rows[which == number]))


def _read_equal(
    entry: ManifestEntry, metadata: TableMetadata, schema: Schema, place: _Place, folder: TableFolder
) -> _Equal:
    """Read a file of values whose rows are deleted."""
    file, label = entry.data_file, folder.label
    _refuse_format(file, label)
    fields = {one.number: one for one in _fields(schema)}
    numbers = list(file.equality_ids or ())
    odd = [number for number in numbers if number not in fields or not is_exact(fields[number])]
    if not numbers or odd:
        raise DataError(
            f"{label}: it has equality deletes, as {file.file_path!r}, by columns that were dropped, are "
            "nested, or are of types such as float, which cannot be read; compact the table "
            "(rewrite_data_files), which applies them",
            code=TABLE_FEATURE,
        )
    if file.record_count > _MOST_EQUAL:
        raise DataError(
            f"{label}: it has more than {_MOST_EQUAL:,} equality deletes in {file.file_path!r}, which "
            "cannot be read; compact the table (rewrite_data_files), which applies them",
            code=TABLE_FEATURE,
        )
    data = folder.read(place.below(file.file_path, "delete file"), "delete file", _MOST_DELETES)
    compared = [fields[number] for number in numbers]
    try:
        opened = pq.ParquetFile(BytesIO(data))
        if opened.metadata.num_rows != file.record_count:
            raise pa.ArrowInvalid("its rows differ from what its manifest says")
        table = opened.read()
        matched = match_columns(compared, table.schema, "id")
        if sorted(matched.schema.names) != sorted(one.name for one in compared):
            raise pa.ArrowInvalid("it lacks a column that it deletes by")
        by_name = dict(zip(matched.schema.names, matched.stored, strict=True))
        delete = read_delete(compared, [table.column(by_name[one.name]) for one in compared])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise DataError(
            f"{label}: its delete file {file.file_path!r} is damaged: {error}; restore it", code=TABLE_FILE
        ) from None
    spec = metadata.specs()[file.spec_id]
    whole = spec.is_unpartitioned()
    return _Equal(entry.sequence_number or 0, file.spec_id, file.partition, whole, delete)


def _identities(metadata: TableMetadata) -> Mapping[int, frozenset[int]]:
    """The columns that partitions hold as they are, by the specification of partitions."""
    from pyiceberg.transforms import IdentityTransform

    plain = IdentityTransform
    return {
        spec.spec_id: frozenset(one.source_id for one in spec.fields if isinstance(one.transform, plain))
        for spec in metadata.partition_specs
    }


def _file(
    entry: ManifestEntry,
    deletes: _Deletes,
    identities: Mapping[int, frozenset[int]],
    dated: Mapping[int, tuple[str, str]],
    place: _Place,
    folder: TableFolder,
) -> TableFile:
    file = entry.data_file
    _refuse_format(file, folder.label)
    since = entry.sequence_number or 0
    path = place.below(file.file_path, "data file")
    equal = tuple(
        one.delete
        for one in deletes.equal
        if one.sequence > since
        and (one.everywhere or (one.spec == file.spec_id and one.partition == file.partition))
    )
    gone = [rows for sequence, rows in deletes.places.get(path, ()) if sequence >= since]
    return TableFile(
        path,
        {},
        file.file_size_in_bytes,
        {"minValues": _told(file.lower_bounds, dated), "maxValues": _told(file.upper_bounds, dated)},
        places=np.unique(np.concatenate(gone)) if gone else None,
        equal=equal,
        inside=identities.get(file.spec_id, frozenset()),
    )


def _refuse_format(file: DataFile, label: str) -> None:
    found = str(getattr(file.file_format, "name", file.file_format)).upper()
    if found == "PUFFIN":
        raise DataError(
            f"{label}: it has deletion vectors, as {file.file_path!r}, which cannot be read in "
            "Iceberg tables; compact the table (rewrite_data_files), which applies them",
            code=TABLE_FEATURE,
        )
    if found != "PARQUET":
        raise DataError(
            f"{label}: its file {file.file_path!r} is of the format {found}, and only Parquet can "
            "be read; rewrite it",
            code=TABLE_FEATURE,
        )


def _told(bounds: Mapping[int, bytes] | None, dated: Mapping[int, tuple[str, str]]) -> dict[str, str]:
    """Bounds of columns of days and instants, as texts."""
    found = dict[str, str]()
    for number, data in (bounds or {}).items():
        name, kind = dated.get(number, ("", ""))
        if len(data) != _BOUND_BYTES.get(kind):
            continue  # of a type that the column had before: days are no microseconds
        count = int.from_bytes(data, "little", signed=True)
        try:
            if kind == "date":
                found[name] = (date(1970, 1, 1) + timedelta(days=count)).isoformat()
            else:
                found[name] = (_EPOCH + timedelta(microseconds=count)).isoformat()
        except OverflowError:  # days of files go further than Python's
            continue
    return found
