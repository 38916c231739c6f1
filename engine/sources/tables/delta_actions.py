"""The actions of a Delta table's log, replayed to what the table is. Pure.

An action that says what it must not say is refused: a log is written by others.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import unquote

from engine.errors import DataError
from engine.sources.tables.delta_schema import (
    check_protocol,
    find_matching,
    read_schema,
)
from engine.sources.tables.problems import TABLE_FEATURE, TABLE_LOG
from engine.sources.tables.state import DeletionVector, TableFile, TableState

# Z85, the base85 of deletion vectors, in the letters of Python's own.
_Z85: Final = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_B85: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_OURS: Final = bytes.maketrans(_Z85, _B85)
_UUID_LETTERS: Final = 20


class Replay:
    """What the actions of a log have made so far."""

    def __init__(self, label: str) -> None:
        """Nothing yet.

        Args:
            label: what errors call the table.
        """
        self.label = label
        self._protocol: Mapping[str, Any] | None = None
        self._metadata: Mapping[str, Any] | None = None
        self._files: dict[tuple[str, str], TableFile] = {}

    def apply(self, actions: Iterable[Mapping[str, Any]], where: str) -> None:
        """Take the actions of one commit, or of a checkpoint.

        Args:
            actions: one key each, which says what it is.
            where: the file that they are in.

        Raises:
            DataError: one of them cannot be.
        """
        try:
            for action in actions:
                self._apply(action)
        except DataError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            reason = str(error) if isinstance(error, _Odd) else "it holds a malformed action"
            raise DataError(
                f"{self.label}: {where!r} of its log cannot be read: {reason}", code=TABLE_LOG
            ) from None

    def _apply(self, action: Mapping[str, Any]) -> None:
        if (protocol := action.get("protocol")) is not None:
            self._protocol = protocol
            check_protocol(protocol, self.label)
        if (metadata := action.get("metaData")) is not None:
            self._metadata = metadata
        if (removed := action.get("remove")) is not None:
            self._files.pop((_path(removed), _identity(removed)), None)
        if (added := action.get("add")) is not None:
            file = _file(added)
            self._files[file.path, _identity(added)] = file

    def finish(self, version: int, written: datetime | None) -> TableState:
        """What the table is.

        Raises:
            DataError: the log does not say, or says what is not understood.
        """
        label, metadata = self.label, self._metadata
        if self._protocol is None or metadata is None:
            raise DataError(f"{label}: its log does not name a protocol and columns", code=TABLE_LOG)
        features = check_protocol(self._protocol, label)
        try:
            provider = (metadata.get("format") or {}).get("provider", "parquet")
            configuration = {
                str(key): str(value) for key, value in (metadata.get("configuration") or {}).items()
            }
            text, partitions = str(metadata["schemaString"]), tuple(map(str, metadata["partitionColumns"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise DataError(f"{label}: the metadata in its log is malformed", code=TABLE_LOG) from None
        if provider != "parquet":
            raise DataError(f"{label}: its files are {provider!r} and not Parquet", code=TABLE_FEATURE)
        mapped, matching = find_matching(configuration, features, label)
        fields = read_schema(text, label, mapped=mapped)
        if unknown := set(partitions) - {field.name for field in fields}:
            raise DataError(f"{label}: it has no column {sorted(unknown)[0]!r} to be cut by", code=TABLE_LOG)
        files = tuple(self._files.values())
        self._refuse_doubles(files, features)
        return TableState(version, written, fields, partitions, matching, files)

    def _refuse_doubles(self, files: tuple[TableFile, ...], features: frozenset[str]) -> None:
        seen = set[str]()
        for file in files:
            if file.path in seen:
                raise DataError(f"{self.label}: its log counts {file.path!r} twice", code=TABLE_LOG)
            seen.add(file.path)
            if file.deletion is not None and "deletionVectors" not in features:
                raise DataError(
                    f"{self.label}: rows of {file.path!r} are deleted, and 'deletionVectors' is none "
                    "of its features",
                    code=TABLE_FEATURE,
                )


class _Odd(ValueError):
    """An action that cannot be, with the reason."""


def _path(action: Mapping[str, Any]) -> str:
    path = unquote(action["path"], errors="strict")
    if not path:
        raise _Odd("a file without a path")
    return path


def _identity(action: Mapping[str, Any]) -> str:
    vector = action.get("deletionVector")
    if vector is None:
        return ""
    return f"{vector['storageType']}{vector['pathOrInlineDv']}@{vector.get('offset')}"


def _file(action: Mapping[str, Any]) -> TableFile:
    values = action.get("partitionValues") or {}
    pairs = dict(values.items() if isinstance(values, Mapping) else values)
    if not all(isinstance(name, str) and isinstance(value, str | None) for name, value in pairs.items()):
        raise _Odd("partition values that are not text")
    size, vector, statistics = action["size"], action.get("deletionVector"), action.get("stats")
    if type(size) is not int or size < 0:
        raise _Odd("a file without a size")
    return TableFile(
        _path(action),
        MappingProxyType(pairs),
        size,
        statistics if isinstance(statistics, str) else None,
        None if vector is None else _vector(vector, _identity(action)),
    )


def _vector(vector: Mapping[str, Any], identity: str) -> DeletionVector:
    kind, where = vector["storageType"], vector["pathOrInlineDv"]
    size, count, offset = vector["sizeInBytes"], vector["cardinality"], vector.get("offset") or 0
    if not all(type(number) is int and number >= 0 for number in (size, count, offset)):
        raise _Odd("a deletion vector without a size")
    if kind == "i":
        return DeletionVector(None, 0, size, _decode(where), count, identity)
    if kind == "u":
        prefix, letters = where[:-_UUID_LETTERS], where[-_UUID_LETTERS:]
        name = f"deletion_vector_{uuid.UUID(bytes=_decode(letters))}.bin"
        return DeletionVector(f"{prefix}/{name}" if prefix else name, offset, size, b"", count, identity)
    if kind == "p":  # an absolute path, which is refused where it is opened
        return DeletionVector(unquote(where), offset, size, b"", count, identity)
    raise _Odd(f"a deletion vector that is stored as {str(kind)[:20]!r}")


def _decode(text: str) -> bytes:
    try:
        return base64.b85decode(text.encode("ascii").translate(_OURS))
    except (ValueError, binascii.Error):
        raise _Odd("a deletion vector that is not base85") from None


def parse_commit(data: bytes) -> list[Mapping[str, Any]]:
    """The actions of a commit: one JSON object in each line.

    Raises:
        ValueError: it was not written to its end, or is something else.
    """
    actions: list[Mapping[str, Any]] = []
    for line in data.splitlines():
        if not line.strip():
            continue
        action = json.loads(line)
        if not isinstance(action, dict):
            raise ValueError
        actions.append(action)
    if not actions:
        raise ValueError
    return actions
