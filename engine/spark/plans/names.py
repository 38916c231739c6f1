"""Trusted side: names in plans. Hidden columns are refused in every part of every name.

Spark's file sources offer a hidden column `_metadata` (path, size and time of the file), resolved like
any other name, without regard to case, and renamed to `__metadata` when data has such a column. It
survives aliases and projections, so its name is refused wherever a name can stand. Splitting at dots
and back-ticks finds every part that Spark's own identifier parser can find: a hidden name holds neither
character. Rejected: refusing at the read alone (a guest's attribute is resolved against the frame).
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from engine.errors import PlanRefused
from engine.spark.plans.caps import FIRST_BOUND_ID, MAX_TEXT_BYTES
from engine.spark.plans.rules import Place
from engine.spark.text.hidden import is_hidden
from engine.spark.text.server_names import asks_server
from sandbox.contract.settings import BASELINE, PLACEHOLDER

# Prefix of the names that this package gives to views inside SQL plans; guests may not use it elsewhere.
VIEW_PREFIX: Final = "_calcmetric_view_"
RESERVED_PREFIX: Final = "_calcmetric_"

_METADATA_KEY: Final = re.compile(r"[a-z][a-z0-9_]*")
_SPLIT: Final = re.compile(r"[.`]")
_SIMPLE: Final = re.compile(r"(`?)([A-Za-z_][A-Za-z0-9_]{0,127})\1")


def check_text(value: Any, _place: Place) -> Any:
    """Bound a text or binary value.

    Raises:
        PlanRefused: if it is too long.
    """
    if len(value) > MAX_TEXT_BYTES:
        raise PlanRefused(
            "plan-too-large",
            f"a value of {len(value):,} characters is too long for a plan",
            f"values in expressions may have {MAX_TEXT_BYTES:,}",
        )
    return value


def check_column(name: str, place: Place) -> str:
    """Check the name of a column, possibly qualified and back-ticked.

    Raises:
        PlanRefused: if it is too long or a part of it names a hidden column.
    """
    check_text(name, place)
    place.budget.add_name(len(name))
    for part in _SPLIT.split(name):
        if is_hidden(part):
            raise PlanRefused(
                "hidden-column",
                f"the column {name!r} is refused: {part.strip()!r} is a hidden column that tells about "
                "files, not data",
                "use the columns that df.columns lists",
            )
    return name


def check_identifier(name: str, place: Place) -> str:
    """Check a name that the backend looks up among columns, and, failing that, among its own functions.

    Raises:
        PlanRefused: as `check_column`, or for a bare name such as `user` that no column of the frame has.
    """
    check_column(name, place)
    if asks_server(name.strip("` "), place.columns):
        raise PlanRefused(
            "server-name",
            f"the column {name!r} is refused: the frame has none, and Spark reads such a name as a question "
            "about its server",
            "give a column that the metric makes another name",
        )
    return name


def check_metadata(text: str, place: Place) -> str:
    """Check the JSON metadata of a column: an object whose keys are plain lower-case words.

    Spark gives other keys a meaning: it runs CURRENT_DEFAULT and EXISTS_DEFAULT as SQL, and hides columns
    marked __metadata_col.

    Raises:
        PlanRefused: for anything else.
    """
    check_text(text, place)
    try:
        data = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or not all(_METADATA_KEY.fullmatch(key) for key in data):
        raise PlanRefused(
            "plan-refused",
            "this column metadata is refused: Spark gives some keys a meaning of its own",
            "use an object whose keys are lower-case words",
        )
    return text


def check_view_name(name: str) -> str:
    """Check the name of a view, and return it normalised (lower case, no back-ticks).

    Raises:
        PlanRefused: if it is not one plain word, or is reserved.
    """
    match = _SIMPLE.fullmatch(name)
    if match is None:
        raise PlanRefused(
            "view-refused",
            f"the view name {name[:100]!r} is refused: it is not one word of letters, digits and _",
            "choose a name such as scored_rows",
        )
    lowered = match[2].lower()
    if lowered in (PLACEHOLDER, BASELINE) or lowered.startswith(RESERVED_PREFIX):
        raise PlanRefused(
            "view-refused",
            f"the view name {lowered!r} is refused: it is reserved",
            "choose another name",
        )
    return lowered


def check_table(name: str, _place: Place) -> str:
    """Check a table name in a plan: the placeholder, or what may be a guest's view.

    Whether such a view exists is checked when the plan is bound.

    Raises:
        PlanRefused: if it is anything that could only name a table or a file of the backend.
    """
    match = _SIMPLE.fullmatch(name)
    if match is None or match[2].lower().startswith(RESERVED_PREFIX):
        raise table_refused(name)
    return match[2].lower()


def table_refused(name: str) -> PlanRefused:
    """Build the error for a table that is neither the frame nor a view of the guest."""
    return PlanRefused(
        "read-refused",
        f"spark.table({name[:100]!r}) is refused: a metric reads only the DataFrame that calc_metric gets",
        "use that DataFrame, or a view that the metric made with createOrReplaceTempView",
    )


def check_plan_id(value: int, _place: Place) -> int:
    """Check a plan id.

    Raises:
        PlanRefused: if it is one that only bound plans have.
    """
    if not 0 <= value < FIRST_BOUND_ID:
        raise PlanRefused("plan-garbage", f"plan id {value} is out of range", "")
    return value
