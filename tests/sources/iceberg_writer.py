"""Iceberg tables in a folder: those that pyiceberg writes, and deletes, which it does not write."""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.memory import InMemoryCatalog
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestWriterV2,
    write_manifest_list,
)
from pyiceberg.table import Table
from pyiceberg.typedef import Record


class _DeletesWriter(ManifestWriterV2):
    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


class IcebergWriter:
    """Writes one table below a folder."""

    def __init__(self, warehouse: Path, table: pa.Table, **properties: str) -> None:
        self.catalog = InMemoryCatalog("test", warehouse=f"file://{warehouse}")
        weakref.finalize(self, self.catalog.close)
        self.catalog.create_namespace("n")
        self.catalog.create_table("n.t", table.schema, properties=properties)
        self.append(table)

    @property
    def table(self) -> Table:
        return self.catalog.load_table("n.t")

    @property
    def folder(self) -> Path:
        return Path(self.table.location().removeprefix("file://"))

    def append(self, table: pa.Table) -> None:
        self.table.append(table)

    @property
    def metadata_path(self) -> Path:
        return Path(self.table.metadata_location.removeprefix("file://"))

    def data_files(self) -> list[str]:
        """As the metadata names them."""
        return [task.file.file_path for task in self.table.scan().plan_files()]

    def delete_equal(self, values: pa.Table, **changes: Any) -> None:
        """A snapshot in which rows with such values are deleted; see `delete`."""
        numbers = {one.name: one.field_id for one in self.table.schema().fields}
        schema = pa.schema(
            [one.with_metadata({"PARQUET:field_id": str(numbers[one.name])}) for one in values.schema]
        )
        ids = [numbers[name] for name in values.schema.names]
        self.delete({}, DataFileContent.EQUALITY_DELETES, values.cast(schema), equality_ids=ids, **changes)

    def delete(
        self,
        places: Mapping[str, Sequence[int]],
        kind: DataFileContent,
        values: pa.Table | None = None,
        **changes: Any,
    ) -> None:
        """A snapshot in whose delete file rows are, by their places; it is beside the catalog.

        Args:
            places: of rows, by the path of their file.
            kind: of deletes.
            values: of rows that are deleted, instead of places.
            changes: of the description of the delete file, or its sequence number.
        """
        table, io = self.table, PyArrowFileIO()
        snapshot = table.current_snapshot()
        assert snapshot is not None
        rows = [(path, place) for path, some in places.items() for place in some]
        count = len(rows) if values is None else values.num_rows
        path = self.folder / "data" / f"deletes-{count}.parquet"
        told = pa.table({"file_path": [one for one, _ in rows], "pos": [place for _, place in rows]})
        pq.write_table(told if values is None else values, path)
        number = snapshot.snapshot_id + 1
        sequence = changes.pop("sequence", self.state()["last-sequence-number"] + 1)
        described: dict[str, Any] = {
            "content": kind, "file_path": f"file://{path}", "file_format": FileFormat.PARQUET,
            "partition": Record(),
            "record_count": count, "file_size_in_bytes": path.stat().st_size, "sort_order_id": None,
            "spec_id": 0, "equality_ids": [1] if kind == DataFileContent.EQUALITY_DELETES else None,
        } | changes  # fmt: skip
        made = f"file://{self.folder}/metadata/deletes-m0.avro"
        with _DeletesWriter(table.spec(), table.schema(), io.new_output(made), number, "null") as writer:
            entry = ManifestEntry.from_args(
                status=ManifestEntryStatus.ADDED,
                snapshot_id=number,
                sequence_number=None,
                data_file=DataFile.from_args(**described),
            )
            writer.add(entry)
        listed = f"file://{self.folder}/metadata/snap-deletes.avro"
        with write_manifest_list(
            2, io.new_output(listed), number, snapshot.snapshot_id, sequence, "null"
        ) as lists:
            lists.add_manifests([*snapshot.manifests(io), writer.to_manifest_file()])
        state = json.loads(self.metadata_path.read_text())
        when = snapshot.timestamp_ms + 1
        made_by = {"snapshot-id": number, "parent-snapshot-id": snapshot.snapshot_id, "timestamp-ms": when}
        how = {"summary": {"operation": "delete"}, "schema-id": table.schema().schema_id}
        state["snapshots"].append({**made_by, **how, "sequence-number": sequence, "manifest-list": listed})
        state["snapshot-log"].append({"snapshot-id": number, "timestamp-ms": snapshot.timestamp_ms + 1})
        state |= {"current-snapshot-id": number, "last-sequence-number": sequence}
        state["refs"]["main"]["snapshot-id"] = number
        self.write_metadata(state)

    def state(self) -> dict[str, Any]:
        """The newest metadata."""
        found: dict[str, Any] = json.loads(self._newest().read_text())
        return found

    def write_metadata(self, state: Mapping[str, Any]) -> Path:
        """The next metadata, beside the catalog."""
        number = int(self._newest().name.split("-")[0]) + 1
        path = self.folder / "metadata" / f"{number:05}-00000000-0000-0000-0000-000000000000.metadata.json"
        path.write_text(json.dumps(state))
        return path

    def _newest(self) -> Path:
        return max((self.folder / "metadata").glob("*.metadata.json"))
