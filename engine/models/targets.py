"""Tables that results are appended to, as somebody names them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from engine.errors import UsageError
from engine.models.tables import parse_table
from engine.models.urls import StoreUrl, is_store_url, parse_store_url

Appending = Literal["delta", "parquet"]

_PREFIX: Final = re.compile(rf"({'|'.join(get_args(Appending))}|iceberg):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TableTarget:
    """A table that rows are appended to.

    Attributes:
        format: "delta", a Delta table; "parquet", a folder of Parquet files.
        place: its folder, or what it is called in an object store.
    """

    format: Appending
    place: str

    def __str__(self) -> str:
        """As it is named."""
        return f"{self.format}:{self.place}"

    @property
    def url(self) -> StoreUrl | None:
        """Where it is, if that is in an object store."""
        return parse_store_url(self.place) if is_store_url(self.place) else None


def parse_target(text: str) -> TableTarget | None:
    """The table that a text such as "delta:results" names; None if it is the name of a file.

    Raises:
        UsageError: it names none after its prefix, or one that nothing is appended to.
    """
    found = _PREFIX.fullmatch(text)
    if found is None:
        return None
    if found[1] == "iceberg":
        raise UsageError(f"{text!r}: results cannot be appended to Iceberg; use delta:PATH or parquet:PATH")
    place = found[2].removeprefix("file://")
    if not place.strip() or "\0" in place:
        raise UsageError(f"{text!r} does not name a table; write {found[1]}: and its folder")
    named = parse_table(f"delta:{place}")
    if named is not None and named.version is not None:
        raise UsageError(
            f"{text!r} names a version, but results are appended to the latest one; remove the @..."
        )
    if is_store_url(place):
        place = str(parse_store_url(place))
    elif "://" in place:
        raise UsageError(
            f"{text!r}: results cannot be appended there; use a folder, or s3://, gs:// or abfs://"
        )
    return TableTarget(cast(Appending, found[1]), place)
