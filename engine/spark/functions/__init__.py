"""Plans with functions of the author: taken apart at the functions, which only the author's worker applies.

No data engine ever gets such a function. A relation whose expressions hold some is split (`split`): what
lies below gives their arguments, and all else that the relation needs of its input, as rows; the worker
applies the functions to them; and the relation is written anew over local data that holds the results
(`local`). For the type of a plan nothing is computed: a null of the declared type stands for each function
(`stand_ins`). A relation that a function makes of whole DataFrames or of their groups (`maps`) is given
those (`given`), and what it gives takes the place of the relation. Pure.
"""

from __future__ import annotations

from engine.spark.functions.cuts import NEAR, Sample, is_inexact, other_cut, same
from engine.spark.functions.find import (
    PREFIX,
    check_all,
    check_repeatable,
    functions_in,
    has_functions,
    lowest,
    why_apart,
)
from engine.spark.functions.given import GivenFrame, check_keys, grouped, some_groups, turned, whole
from engine.spark.functions.groups import Groups, group_streams, groups_of
from engine.spark.functions.incoming import Incoming, TooLong
from engine.spark.functions.joins import with_columns_for_joins
from engine.spark.functions.local import (
    BATCH_ROWS,
    Lying,
    ResultColumns,
    check_given,
    check_kept,
    input_json,
    local_relation,
    read_frames,
    read_results,
    recut,
    result_type,
    stream_of,
    streams,
)
from engine.spark.functions.maps import FunctionMap, Side, is_map, take_apart
from engine.spark.functions.names import unnamed
from engine.spark.functions.order import same_rows
from engine.spark.functions.prepare import prepared, too_many_steps
from engine.spark.functions.registered import Registered
from engine.spark.functions.split import Split, split
from engine.spark.functions.stand_ins import Naming, typed
from engine.spark.functions.used import Used, used_above

__all__ = [
    "BATCH_ROWS",
    "NEAR",
    "PREFIX",
    "FunctionMap",
    "GivenFrame",
    "Groups",
    "Incoming",
    "Lying",
    "Naming",
    "Registered",
    "ResultColumns",
    "Sample",
    "Side",
    "Split",
    "TooLong",
    "Used",
    "check_all",
    "check_given",
    "check_kept",
    "check_keys",
    "check_repeatable",
    "functions_in",
    "group_streams",
    "grouped",
    "groups_of",
    "has_functions",
    "input_json",
    "is_inexact",
    "is_map",
    "local_relation",
    "lowest",
    "other_cut",
    "prepared",
    "read_frames",
    "read_results",
    "recut",
    "result_type",
    "same",
    "same_rows",
    "some_groups",
    "split",
    "stream_of",
    "streams",
    "take_apart",
    "too_many_steps",
    "turned",
    "typed",
    "unnamed",
    "used_above",
    "whole",
    "why_apart",
    "with_columns_for_joins",
]
