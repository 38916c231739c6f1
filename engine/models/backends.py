"""What each backend is, by the name that `Engine(backend)` takes: known before any of them is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from engine.errors import UsageError
from engine.wording import worded
from sandbox.contract.messages import Frames

# For whose way of reading files a dataset can be prepared.
Reader = Literal["spark", "duckdb"]
CONNECT_SCHEME: Final = "sc://"
SNOWFLAKE_SCHEME: Final = "snowflake://"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend is, for those that need not know which one it is.

    Attributes:
        frames: whose frames metrics get.
        reader: for whose way of reading files a dataset is prepared.
        remote: whether somebody else runs it.
    """

    frames: Frames = "pyspark"
    reader: Reader = "spark"
    remote: bool = False

    @property
    def speaks_sql(self) -> bool:
        """Whether it is asked in SQL, as Snowpark's frames ask; else in plans of Spark Connect."""
        return self.frames == "snowpark"

    @property
    def is_own_spark(self) -> bool:
        """Whether it is a Spark that the engine starts."""
        return not self.speaks_sql and not self.remote

    @property
    def may_be_other(self) -> bool:
        """Whether it takes plans for Spark, and need not be Apache Spark: somebody else runs it."""
        return not self.speaks_sql and self.remote


SPARK: Final = Capabilities()
CONNECT: Final = Capabilities(remote=True)
DUCKDB: Final = Capabilities(frames="snowpark", reader="duckdb")
SNOWFLAKE: Final = Capabilities(frames="snowpark", remote=True)

_NAMED: Final[Mapping[str, Capabilities]] = {"spark": SPARK, "duckdb": DUCKDB}
_SCHEMES: Final[Mapping[str, Capabilities]] = {CONNECT_SCHEME: CONNECT, SNOWFLAKE_SCHEME: SNOWFLAKE}


def capabilities_of(name: str) -> Capabilities:
    """What the backend of a name is.

    Raises:
        UsageError: there is no such backend.
    """
    if name in _NAMED:
        return _NAMED[name]
    for scheme, found in _SCHEMES.items():
        if name.startswith(scheme):
            return found
    if name == "sail":
        raise UsageError(
            worded("the backend 'sail' is gone: {use_spark}, which answers most metrics without Java")
        )
    raise UsageError(
        f"there is no backend {name!r}; there are 'spark', 'sc://host:port', 'duckdb' and 'snowflake://CONNECTION'"
    )
