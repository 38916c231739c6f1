"""The log of a Delta table: its commits and checkpoints, and what the table is at a version. An adapter.

The log is read here and not by delta-rs, which tells neither where deletion vectors are nor refuses what lies
outside the table, reads files by absolute paths that a log names, and takes a commit of no bytes for one that
changes nothing. The tests hold both against each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import DataError
from engine.models.tables import Version
from engine.sources.tables.delta_actions import Replay, parse_commit
from engine.sources.tables.folder import TableFolder
from engine.sources.tables.problems import TABLE_LOG
from engine.sources.tables.state import TableState

LOG: Final = "_delta_log"
_COMMIT: Final = re.compile(r"([0-9]{20})\.json", re.ASCII)
_CHECKPOINT: Final = re.compile(
    r"([0-9]{20})\.checkpoint(?:\.([0-9]{10})\.([0-9]{10})|\.([0-9a-fA-F-]{36}))?\.(parquet|json)", re.ASCII
)
_MOST_COMMIT: Final = 1 << 28
_MOST_CHECKPOINT: Final = 1 << 31
# What a checkpoint is read for, and what sidecars are.
_PARTS: Final = ("protocol", "metaData", "add", "sidecar")
_ADDED: Final = ("path", "partitionValues", "size", "stats", "deletionVector")
_SECOND: Final = 1000


@dataclass(frozen=True, slots=True)
class _Log:
    """The names of a log's files.

    Attributes:
        commits: the name of each commit's file, by version.
        checkpoints: the files of each that is whole, by version.
    """

    commits: Mapping[int, str]
    checkpoints: Mapping[int, tuple[str, ...]]

    @property
    def latest(self) -> int:
        return max([*self.commits, *self.checkpoints])


def read_delta(folder: TableFolder, version: Version | None) -> TableState:
    """What a Delta table is at a version.

    Args:
        folder: the table's.
        version: its number, or an instant; None: the latest.

    Raises:
        DataError: its log has a gap or is damaged, there is no such version, or it needs what is not read.
    """
    log = _list_log(folder)
    wanted = _version_at(folder, log, version) if isinstance(version, datetime) else version
    if wanted is None:
        wanted = log.latest
    if wanted > log.latest:
        raise DataError(
            f"{folder.label}: there is no version {wanted}; the latest is {log.latest}", code=TABLE_LOG
        )
    start = max((one for one in log.checkpoints if one <= wanted), default=None)
    first = 0 if start is None else start + 1
    _refuse_gap(folder, log, start, first, wanted)
    parts = (
        *(log.checkpoints[start] if start is not None else ()),
        *map(log.commits.get, range(first, wanted + 1)),
    )
    folder.prepare([f"{LOG}/{name}" for name in parts], "commit")
    replay = Replay(folder.label)
    if start is not None:
        for name in log.checkpoints[start]:
            replay.apply(_read_checkpoint(folder, name), name)
    for number in range(first, wanted + 1):
        replay.apply(_read_commit(folder, log.commits[number]), log.commits[number])
    written = None
    if wanted in log.commits:
        written = datetime.fromtimestamp(_written(folder, log.commits[wanted]) / _SECOND, UTC)
    return replay.finish(wanted, written)


def _list_log(folder: TableFolder) -> _Log:
    commits, parts = dict[int, str](), dict[int, dict[tuple[str, int], list[str]]]()
    try:
        names = sorted(folder.names(LOG))
    except OSError as error:
        raise DataError(
            f"{folder.label} is not a Delta table: its folder {LOG!r} cannot be listed ({error.strerror})",
            code=TABLE_LOG,
        ) from None
    for name in names:
        if found := _COMMIT.fullmatch(name):
            commits[int(found[1])] = name
        elif found := _CHECKPOINT.fullmatch(name):
            kind = found[4] or found[3] or ""
            parts.setdefault(int(found[1]), {}).setdefault((kind, int(found[3] or 1)), []).append(name)
    checkpoints = {
        version: whole
        for version, kinds in parts.items()
        if (whole := next((tuple(some) for (_, count), some in kinds.items() if len(some) == count), None))
    }
    if not commits and not checkpoints:
        raise DataError(f"{folder.label} is not a Delta table: its log is empty", code=TABLE_LOG)
    return _Log(commits, checkpoints)


def _refuse_gap(folder: TableFolder, log: _Log, start: int | None, first: int, wanted: int) -> None:
    lacking = next((number for number in range(first, wanted + 1) if number not in log.commits), None)
    if lacking is None:
        return
    if start is None and lacking == 0:
        oldest = min(log.checkpoints, default=None)
        known = "" if oldest is None else f"; the oldest that can be read is {oldest}"
        raise DataError(f"{folder.label}: version {wanted} is no longer in its log{known}", code=TABLE_LOG)
    raise DataError(
        f"{folder.label}: its log has a gap: the commit {lacking:020}.json is missing; restore it, "
        "or name a version outside of the gap",
        code=TABLE_LOG,
    )


def _read_commit(folder: TableFolder, name: str) -> list[Mapping[str, Any]]:
    data = folder.read(f"{LOG}/{name}", "commit", _MOST_COMMIT)
    try:
        return parse_commit(data)
    except (ValueError, RecursionError):
        raise DataError(
            f"{folder.label}: the commit {name} is half written, or not a commit; if it is still "
            "being written, try again, else restore the file or name an older version",
            code=TABLE_LOG,
        ) from None


def _read_checkpoint(folder: TableFolder, name: str, *, below: str = "") -> Iterator[Mapping[str, Any]]:
    """The actions of a file of a checkpoint, and of the files that it is spread over."""
    data = folder.read(f"{LOG}/{below}{name}", "checkpoint", _MOST_CHECKPOINT)
    try:
        actions = parse_commit(data) if name.endswith(".json") else list(_rows(data))
    except (pa.ArrowException, ValueError, OSError, RecursionError):
        raise DataError(
            f"{folder.label}: the checkpoint {name} is damaged; restore the file, or make a new checkpoint",
            code=TABLE_LOG,
        ) from None
    for action in actions:
        sidecar = action.get("sidecar")
        if sidecar is None:
            yield action
        elif below or not isinstance(path := sidecar.get("path"), str) or "/" in path:
            raise DataError(f"{folder.label}: the checkpoint {name} names odd parts", code=TABLE_LOG)
        else:
            yield from _read_checkpoint(folder, path, below="_sidecars/")


def _rows(data: bytes) -> Iterator[Mapping[str, Any]]:
    opened = pq.ParquetFile(BytesIO(data))
    known = opened.schema_arrow
    wanted = [name for name in _PARTS if name in known.names and name != "add"]
    if "add" in known.names:
        inside = {one.name for one in known.field("add").type}
        wanted += [f"add.{name}" for name in _ADDED if name in inside]
    for batch in opened.iter_batches(columns=wanted):
        for row in batch.to_pylist(maps_as_pydicts="strict"):
            yield {name: value for name, value in row.items() if value is not None}


def _version_at(folder: TableFolder, log: _Log, instant: datetime) -> int:
    """The last version that was written by then, as commits say it, or else their files."""
    wanted, latest, found = instant.timestamp() * _SECOND, -1, None
    for version in sorted(log.commits):
        latest = max(latest + 1, _written(folder, log.commits[version]))  # it never goes back
        if latest > wanted:
            if found is None:
                began = datetime.fromtimestamp(latest / _SECOND, UTC).isoformat().replace("+00:00", "Z")
                raise DataError(
                    f"{folder.label}: its log begins at {began}, with version {version}", code=TABLE_LOG
                )
            break
        found = version
    if found is None:
        raise DataError(f"{folder.label}: no commit in its log has a time; name a version", code=TABLE_LOG)
    return found


def _written(folder: TableFolder, name: str) -> int:
    """When a commit was written, in milliseconds."""
    first = folder.read(f"{LOG}/{name}", "commit", _MOST_COMMIT).split(b"\n", 1)[0]
    try:
        told = json.loads(first).get("commitInfo", {}).get("inCommitTimestamp")
    except (ValueError, AttributeError, RecursionError):
        told = None
    if type(told) is int:
        return told
    return folder.changed(f"{LOG}/{name}", "commit")
