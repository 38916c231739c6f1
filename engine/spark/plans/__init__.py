"""Trusted side: which plans of a guest pass, rebuilt and bound. Pure: no I/O, clock or randomness.

The way of a request: `parse_request` (bytes → caps → protobuf → rebuilt, closed-world tables) gives one
small dataclass; `define_view` and `sql_relation` answer commands; `bind` puts the frame in place of the
placeholder and reads the result a second time; `canonical` tells equal requests. Everything that is not
in the tables is refused with `PlanRefused`, which is the only error for any bytes.
"""

from __future__ import annotations

from engine.spark.plans.analyses import analyze_request, local_answer
from engine.spark.plans.bind import bind, check_bound, frames_read, over_one_frame
from engine.spark.plans.canonical import canonical
from engine.spark.plans.caps import FIRST_VIEW_ID
from engine.spark.plans.clocks import means_without_column, tell_time
from engine.spark.plans.decode import decode
from engine.spark.plans.parse import parse_request
from engine.spark.plans.requests import (
    ConfigGet,
    ConfigSet,
    DefineView,
    DropView,
    Fetch,
    RegisterFunction,
    Request,
    RunSql,
    Schema,
    TreeString,
    ViewExists,
)
from engine.spark.plans.views import define_view, expand_views, sql_relation

__all__ = [
    "FIRST_VIEW_ID",
    "ConfigGet",
    "ConfigSet",
    "DefineView",
    "DropView",
    "Fetch",
    "RegisterFunction",
    "Request",
    "RunSql",
    "Schema",
    "TreeString",
    "ViewExists",
    "analyze_request",
    "bind",
    "canonical",
    "check_bound",
    "decode",
    "define_view",
    "expand_views",
    "frames_read",
    "local_answer",
    "means_without_column",
    "over_one_frame",
    "parse_request",
    "sql_relation",
    "tell_time",
]
