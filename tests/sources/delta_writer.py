"""Delta tables as the format's specification has them, for features that no writer at hand has.

Nothing here is taken from the reader: what is written follows the text of the protocol.
"""

from __future__ import annotations

import base64
import json
import os
import struct
import uuid
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

_Z85: Final = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_B85: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"

Action = dict[str, Any]


def protocol(*features: str, reader: int | None = None) -> Action:
    if not features:
        return {"protocol": {"minReaderVersion": reader or 1, "minWriterVersion": 2}}
    both = {"readerFeatures": list(features), "writerFeatures": list(features)}
    return {"protocol": {"minReaderVersion": reader or 3, "minWriterVersion": 7, **both}}


def column(name: str, kind: Any, stored: str | None = None, number: int = 0) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if stored is not None:
        metadata = {"delta.columnMapping.physicalName": stored, "delta.columnMapping.id": number}
    return {"name": name, "type": kind, "nullable": True, "metadata": metadata}


def metadata(
    columns: Sequence[Mapping[str, Any]], partitions: Sequence[str] = (), **configuration: str
) -> Action:
    schema = json.dumps({"type": "struct", "fields": list(columns)})
    found = {name.replace("__", "."): value for name, value in configuration.items()}
    return {
        "metaData": {
            "id": "11111111-2222-3333-4444-555555555555",
            "format": {"provider": "parquet", "options": {}},
            "schemaString": schema,
            "partitionColumns": list(partitions),
            "configuration": found,
        }
    }


class DeltaWriter:
    """Writes one table."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "_delta_log"
        self.log.mkdir(parents=True)
        self.version = -1

    def commit(self, *actions: Action) -> int:
        """The next version."""
        self.version += 1
        lines = [json.dumps({"commitInfo": {"timestamp": 0}}), *map(json.dumps, actions)]
        self.commit_path(self.version).write_text("\n".join(lines))
        return self.version

    def commit_path(self, version: int) -> Path:
        return self.log / f"{version:020}.json"

    def at(self, version: int, seconds: int) -> None:
        """Set when a version was written."""
        os.utime(self.commit_path(version), (seconds, seconds))

    def add(
        self,
        name: str,
        table: pa.Table,
        partition: Mapping[str, str | None] | None = None,
        stats: Any = None,
        vector: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Action:
        """Write a data file, and say that it counts."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            pq.write_table(table, path, **options)
        return self.added(name, path.stat().st_size, partition, stats, vector)

    def added(
        self,
        path: str,
        size: int,
        partition: Mapping[str, str | None] | None = None,
        stats: Any = None,
        vector: Mapping[str, Any] | None = None,
    ) -> Action:
        action: dict[str, Any] = {
            "path": path,
            "size": size,
            "partitionValues": dict(partition or {}),
            "modificationTime": 0,
            "dataChange": True,
        }
        if stats is not None:
            action["stats"] = json.dumps(stats)
        if vector is not None:
            action["deletionVector"] = dict(vector)
        return {"add": action}

    def remove(self, path: str, vector: Mapping[str, Any] | None = None) -> Action:
        action: dict[str, Any] = {"path": path, "dataChange": True, "deletionTimestamp": 0}
        if vector is not None:
            action["deletionVector"] = dict(vector)
        return {"remove": action}

    def vector_file(self, *bitmaps: bytes) -> list[dict[str, Any]]:
        """Write a file of deletion vectors; their descriptors, without the count of rows."""
        made, found = bytearray(b"\x01"), []
        name = uuid.uuid5(uuid.NAMESPACE_URL, repr(bitmaps))
        for bitmap in bitmaps:
            where = "ab" + _base85(name.bytes)
            found.append(
                {"storageType": "u", "pathOrInlineDv": where, "offset": len(made), "sizeInBytes": len(bitmap)}
            )
            made += struct.pack(">I", len(bitmap)) + bitmap + struct.pack(">I", zlib.crc32(bitmap))
        (self.folder / "ab").mkdir(exist_ok=True)
        (self.folder / "ab" / f"deletion_vector_{name}.bin").write_bytes(bytes(made))
        return found

    def checkpoint(self, version: int, actions: Iterable[Action], *, parts: int = 1) -> list[Path]:
        """A checkpoint of the classic kind, in as many parts."""
        rows, made = list(actions), []
        for part in range(parts):
            middle = "" if parts == 1 else f".{part + 1:010}.{parts:010}"
            path = self.log / f"{version:020}.checkpoint{middle}.parquet"
            self.write_checkpoint(path, rows[part::parts])
            made.append(path)
        return made

    def write_checkpoint(self, path: Path, rows: Sequence[Action]) -> None:
        """The rows of a checkpoint, in the types that the format has for them."""
        text, pairs = pa.string(), pa.map_(pa.string(), pa.string())
        vector = pa.struct(
            [("storageType", text), ("pathOrInlineDv", text), ("offset", pa.int32()),
             ("sizeInBytes", pa.int32()), ("cardinality", pa.int64())]
        )  # fmt: skip
        kinds = {
            "protocol": pa.struct(
                [("minReaderVersion", pa.int32()), ("minWriterVersion", pa.int32()),
                 ("readerFeatures", pa.list_(text)), ("writerFeatures", pa.list_(text))]
            ),
            "metaData": pa.struct(
                [("id", text), ("format", pa.struct([("provider", text), ("options", pairs)])),
                 ("schemaString", text), ("partitionColumns", pa.list_(text)), ("configuration", pairs)]
            ),
            "add": pa.struct(
                [("path", text), ("partitionValues", pairs), ("size", pa.int64()),
                 ("modificationTime", pa.int64()), ("dataChange", pa.bool_()), ("stats", text),
                 ("deletionVector", vector)]
            ),
            "remove": pa.struct(
                [("path", text), ("deletionTimestamp", pa.int64()), ("dataChange", pa.bool_())]
            ),
            "sidecar": pa.struct([("path", text), ("sizeInBytes", pa.int64())]),
            "checkpointMetadata": pa.struct([("version", pa.int64())]),
        }  # fmt: skip
        columns = {name: pa.array([row.get(name) for row in rows], kind) for name, kind in kinds.items()}
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table(columns), path)


def inline(bitmap: bytes, count: int) -> dict[str, Any]:
    """A deletion vector that stands in the log."""
    padded = bitmap + b"\0" * (-len(bitmap) % 4)
    text = _base85(padded)
    return {"storageType": "i", "pathOrInlineDv": text, "sizeInBytes": len(bitmap), "cardinality": count}


def bitmap64(rows: Iterable[int], *, runs: bool = False) -> bytes:
    """A roaring bitmap of 64 bits, in the portable form, behind the number that says so."""
    groups: dict[int, list[int]] = {}
    for row in sorted(rows):
        groups.setdefault(row >> 32, []).append(row & 0xFFFFFFFF)
    made = struct.pack("<IQ", 1681511377, len(groups))
    return made + b"".join(
        struct.pack("<I", high) + _bitmap32(low, runs=runs) for high, low in groups.items()
    )


def _bitmap32(rows: Sequence[int], *, runs: bool) -> bytes:
    parts: dict[int, list[int]] = {}
    for row in rows:
        parts.setdefault(row >> 16, []).append(row & 0xFFFF)
    heads = b"".join(struct.pack("<HH", key, len(low) - 1) for key, low in parts.items())
    bodies = [_runs(low) if runs else _container(low) for low in parts.values()]
    if runs:
        flags = bytearray((len(parts) + 7) // 8)
        for place in range(len(parts)):
            flags[place // 8] |= 1 << (place % 8)
        start = struct.pack("<I", 12347 | (len(parts) - 1) << 16) + bytes(flags) + heads
        offsets = len(parts) >= 4
    else:
        start, offsets = struct.pack("<II", 12346, len(parts)) + heads, True
    at, places = len(start) + (4 * len(parts) if offsets else 0), b""
    for body in bodies:
        places += struct.pack("<I", at)
        at += len(body)
    return start + (places if offsets else b"") + b"".join(bodies)


def _container(low: Sequence[int]) -> bytes:
    if len(low) <= 4096:
        return struct.pack(f"<{len(low)}H", *low)
    bits = bytearray(8192)
    for row in low:
        bits[row // 8] |= 1 << (row % 8)
    return bytes(bits)


def _runs(low: Sequence[int]) -> bytes:
    found: list[list[int]] = []
    for row in low:
        if found and row == found[-1][0] + found[-1][1] + 1:
            found[-1][1] += 1
        else:
            found.append([row, 0])
    return struct.pack("<H", len(found)) + b"".join(struct.pack("<HH", *run) for run in found)


def _base85(data: bytes) -> str:
    return base64.b85encode(data).translate(bytes.maketrans(_B85, _Z85)).decode()
