"""Trusted side: what the tables of this package say about one field of one protobuf message.

The tables are closed: a field without a rule is refused, and a test walks the descriptors so that a new
PySpark release fails until each new field has one. Rejected: a visitor class with a method per message
type, because with it what is allowed hides in code, and a forgotten method is easy to miss.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from engine.errors import PlanRefused
from engine.spark.plans.caps import MAX_LOCAL_BYTES, MAX_NAME_CHARACTERS, MAX_NODES, MAX_SQL_BYTES
from engine.spark.text.stopping import Stop, never


@dataclass(slots=True)
class Budget:
    """What one request has used up so far. The only mutable thing of a rebuild.

    Attributes:
        stop: is asked now and then whether to go on.
        nodes: messages seen.
        local_bytes: bytes of local relations seen.
        sql_bytes: length of the SQL text seen.
        name_characters: length of the names of columns seen.
    """

    stop: Stop = never
    nodes: int = 0
    local_bytes: int = 0
    sql_bytes: int = 0
    name_characters: int = 0

    def add_local(self, size: int) -> None:
        """Count bytes of local data.

        Raises:
            PlanRefused: if a plan carries too many.
        """
        self.local_bytes += size
        if self.local_bytes > MAX_LOCAL_BYTES:
            raise PlanRefused(
                "plan-too-large",
                f"spark.createDataFrame: more than {MAX_LOCAL_BYTES >> 20} MiB of local data in one plan",
                "keep large data in the DataFrame that calc_metric gets, and send only small tables",
            )

    def add_sql(self, size: int) -> None:
        """Count SQL text, before it is read.

        Raises:
            PlanRefused: if a plan holds too much of it.
        """
        self.sql_bytes += size
        if self.sql_bytes > MAX_SQL_BYTES:
            raise PlanRefused(
                "plan-too-large",
                f"the plan holds more than {MAX_SQL_BYTES >> 10} KiB of SQL text",
                "use functions of pyspark.sql.functions instead of texts, or several queries",
            )

    def add_name(self, size: int) -> None:
        """Count the name of a column, before it is taken apart.

        Raises:
            PlanRefused: if a plan holds too much of them.
        """
        self.name_characters += size
        if self.name_characters > MAX_NAME_CHARACTERS:
            raise PlanRefused(
                "plan-too-large",
                f"the names of columns in the plan have more than {MAX_NAME_CHARACTERS:,} characters",
                "rename columns with alias(...) or toDF(...), or use several queries",
            )


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a plan a message stands.

    Attributes:
        budget: the request's.
        views: names that SQL text at this place may read; None where text is checked later, with the
            guest's views at hand (`engine.spark.plans.views`).
        columns: names of the frame's columns, folded; what else Spark knows by a bare name is refused.
        variables: those of the lambda functions around it.
        of_function: whether it is an argument of a function of the author.
    """

    budget: Budget = field(default_factory=Budget)
    views: Collection[str] | None = ()
    columns: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    of_function: bool = False


# A check of one scalar: returns the value to write, which may be normalised, or raises PlanRefused.
Check: TypeAlias = Callable[[Any, Place], Any]

# A check of a whole message, before its fields are copied; raises PlanRefused.
MessageCheck: TypeAlias = Callable[[Any, Place], None]


@dataclass(frozen=True, slots=True)
class Keep:
    """Copy a scalar (each element, if repeated) after `check`."""

    check: Check | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """Rebuild a message (each element, if repeated, of which there are at most `most`) by its own rules."""

    most: int = MAX_NODES


@dataclass(frozen=True, slots=True)
class Drop:
    """Leave the field out of the rebuilt message."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Refuse the request.

    Attributes:
        what: what the author called, such as "df.write".
        why: the reason, a clause.
        hint: what to do instead.
        code: stable error code.
    """

    what: str
    why: str
    hint: str = ""
    code: str = "plan-refused"

    def error(self) -> PlanRefused:
        """Build the error."""
        return PlanRefused(self.code, f"{self.what} is refused: {self.why}", self.hint)


Rule: TypeAlias = Keep | Walk | Drop | Refuse
Fields: TypeAlias = dict[str, dict[str, Rule]]

KEEP = Keep()
WALK = Walk()


def unused(what: str) -> Refuse:
    """Build the rule for what PySpark 4.2's Python client never sends: nothing honest is lost."""
    return Refuse(what, "PySpark does not send it", "use PySpark's own DataFrame API")
