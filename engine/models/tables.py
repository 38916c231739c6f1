"""How a table that lies in files is named: format, place, and which of its versions is meant. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias, cast, get_args

from engine.errors import UsageError
from engine.models.durations import parse_instant

TableFormat = Literal["delta", "iceberg"]
Version: TypeAlias = int | datetime

_PREFIX: Final = re.compile(rf"({'|'.join(get_args(TableFormat))}):(.*)", re.DOTALL)
_IN_CATALOG: Final = re.compile(r"[A-Za-z_][\w\-]*(?:\.[A-Za-z_][\w\-]*){2,}", re.ASCII)
_NUMBER: Final = re.compile(r"v?([0-9]{1,19})", re.ASCII)
# What stands behind the last @ of a name and looks like a version; other names may hold an @.
_SUFFIX: Final = re.compile(
    r"(.+)@(v[0-9]{1,19}|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.,]+)?(?:Z|[+-][0-9:]+)?)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class TableName:
    """A table, as somebody names it.

    Attributes:
        format: of the table.
        path: its folder, or what else its format finds it by.
        version: a version or snapshot by its number, or what the table was at an instant; None: the latest.
    """

    format: TableFormat
    path: str
    version: Version | None = None

    def __str__(self) -> str:
        """As it is named."""
        version = self.version
        if isinstance(version, datetime):
            shown = version.astimezone(UTC).isoformat().replace("+00:00", "Z")
            return f"{self.format}:{self.path}@{shown}"
        return f"{self.format}:{self.path}" + ("" if version is None else f"@v{version}")


def names_catalog(name: TableName) -> bool:
    """Whether a table is named as a catalog knows it: CATALOG.NAMESPACE.TABLE."""
    return name.format == "iceberg" and _IN_CATALOG.fullmatch(name.path) is not None


@dataclass(frozen=True, slots=True)
class TableRead:
    """What a run read of a table.

    Attributes:
        name: of the table, without its version.
        format: of the table.
        snapshot: the version that was read, or the snapshot's id.
        written: when it was written, in UTC, if the table tells.
        files: data files that were read, or would have been.
        skipped: data files that could hold no row of the run's range of time.
        part: of the run: its data, or its baseline.
    """

    name: str
    format: TableFormat
    snapshot: str
    written: str | None
    files: int
    skipped: int
    part: Literal["data", "baseline"] = "data"


def parse_table(text: str) -> TableName | None:
    """The table that a text such as "delta:events@v3" names; None if it is the name of something else.

    Raises:
        UsageError: it names none after its prefix, or a time without a zone.
    """
    found = _PREFIX.fullmatch(text)
    if found is None:
        return None
    path, version = found[2], None
    if suffix := _SUFFIX.fullmatch(path):
        path, version = suffix[1], parse_version(suffix[2])
    path = path.removeprefix("file://")
    if not path.strip():
        raise UsageError(f"{text!r} does not name a table; write {found[1]}: and its folder")
    return TableName(cast(TableFormat, found[1]), path, version)


def parse_version(version: object) -> Version:
    """A version of a table: its number, or an instant in UTC.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(version, int) and not isinstance(version, bool):
        if version < 0:
            raise UsageError(f"version must be a number from 0 on, or a time, not {version!r}")
        return version
    if isinstance(version, str) and (number := _NUMBER.fullmatch(version.strip())):
        return int(number[1])
    if isinstance(version, (str, datetime)):
        return parse_instant(version, what="version")
    raise UsageError(f"version must be a number such as 3, or a time, not {version!r}")


def at_version(name: TableName, version: Version | None) -> TableName:
    """The same table at a version that was given beside its name.

    Raises:
        UsageError: the name says another one.
    """
    if version is None or version == name.version:
        return name
    if name.version is not None:
        raise UsageError(f"{name} names a version, and version= names another; give only one of them")
    return replace(name, version=version)


def plain_path(text: str) -> str:
    """Where what a text names lies: the folder of a table, or the path or glob itself.

    Raises:
        UsageError: as `parse_table`.
    """
    name = parse_table(text)
    return text.removeprefix("file://") if name is None else name.path
