"""The SQL that Snowpark writes for its whole computing API: each query passes, or is refused and says why."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from engine.errors import PlanRefused
from engine.snowflake.text import check_query
from tests.snowflake.text.function_calls import NO_FUNCTIONS
from tests.snowflake.text.outcomes import outcome, verdict
from tests.snowflake.text.table import COLUMNS

RECORDED: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "recorded.jsonl").read_text("utf-8").splitlines()
]
QUERIES = [
    (line["call"], text, told)
    for line in RECORDED
    for text, told in zip(line["sql"], line["outcome"], strict=True)
]

# Methods of DataFrames and of what hangs on them: not recorded, and why.
NO_METHODS = {
    "makes nothing of its own": "select alias col agg na stat analytics ai write session queries dtypes sort",
    "refused in the client": """
        collect_nowait create_or_replace_dynamic_table create_or_replace_view create_temp_view copy_into_table
        to_snowpark_pandas
    """,
    "says the same as another": """
        print_schema to_arrow to_arrow_batches to_polars wrapped_func get_execution_profile apply_in_pandas
        ai_agg create_column to_string
    """,
}


def test_every_function_of_snowpark_is_recorded() -> None:
    recorded = {line["call"].removeprefix("functions.") for line in RECORDED if "functions." in line["call"]}
    found = set[str]()
    for module in ("functions", "_functions/general_functions", "_functions/scalar_functions"):
        found |= _names(module, r"^(?:def )?([A-Za-z]\w*)(?:\(| = )")
    assert found - recorded - set(NO_FUNCTIONS) == {"Row"}


@pytest.mark.parametrize(
    ("module", "prefix"),
    [
        ("dataframe", ""),
        ("dataframe_na_functions", "na."),
        ("dataframe_stat_functions", "stat."),
        ("dataframe_analytics_functions", "analytics."),
        ("relational_grouped_dataframe", "group_by "),
        ("column", "Column."),
    ],
)
def test_every_method_is_recorded(module: str, prefix: str) -> None:
    calls = [line["call"].removeprefix("DataFrame: ") for line in RECORDED]
    known = {call.removeprefix(prefix).split()[0] for call in calls if call.startswith(prefix)}
    excused = {name for names in NO_METHODS.values() for name in names.split()} | _OTHER_NAMES.get(
        module, set()
    )
    assert _names(module, r"^    def ([a-z]\w*)\(") - known - excused == set()


# Recorded under another name: properties, operators and the like.
_OTHER_NAMES = {
    "relational_grouped_dataframe": {"agg", "function", "pivot"},
    "column": {
        "alias", "as_", "name", "get_name", "asc_nulls_first", "asc_nulls_last", "desc", "desc_nulls_first",
        "desc_nulls_last", "bitand", "bitor", "bitxor", "contains", "endswith", "equal_null", "is_not_null",
        "otherwise", "over", "regexp", "substr",
    },
}  # fmt: skip


def _names(module: str, pattern: str) -> set[str]:
    """Names in a module of Snowpark, read from its text: importing it takes seconds."""
    found = find_spec("snowflake.snowpark")
    assert found is not None and found.submodule_search_locations
    text = Path(found.submodule_search_locations[0], f"{module}.py").read_text("utf-8")
    return set(re.findall(pattern, text, re.MULTILINE))


def test_what_the_policy_says_of_each_query_is_what_was_recorded() -> None:
    differences = [
        (call, told, now)
        for call, text, told in QUERIES
        if (now := verdict(text)) != ("passes" if told.startswith(("runs", "fails")) else told)
    ]
    assert differences == []


@pytest.mark.slow
def test_what_becomes_of_each_query_is_what_was_recorded() -> None:
    differences = [(call, told, now) for call, text, told in QUERIES if (now := outcome(text)) != told]
    assert differences == []


def test_no_query_fails_on_duckdb_but_for_types_that_it_lacks() -> None:
    assert [call for call, _, told in QUERIES if told.startswith("fails")] == [
        "functions.approx_percentile_combine"
    ]


def test_the_computing_api_passes() -> None:
    refused = {
        call for call, _, told in QUERIES if told.startswith("refused") and call.startswith("DataFrame")
    }
    assert {call.removeprefix("DataFrame: ") for call in refused} == {
        # another table than the frame, or none
        "cache_result", "random_split", "session.table",
        # rows made by functions
        "flatten", "join_table_function", "lateral_join", "session.flatten", "session.generator",
        "session.range", "session.table_function", "group_by apply_in_pandas",
        # no queries
        "create_or_replace_temp_view", "explain", "write", "copy_into_location", "to_local_iterator",
        # not open
        "Column.collate", "col_ilike",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("call", "text"), [(call, text) for call, text, told in QUERIES if "refused: " in told]
)
def test_every_refusal_says_what_and_what_instead(call: str, text: str) -> None:
    with pytest.raises(PlanRefused) as refusal:
        checked = check_query(text, COLUMNS)
        from engine.snowflake.text import emit_duckdb
        from tests.snowflake.text.outcomes import FRAME

        emit_duckdb(checked, FRAME)
    assert refusal.value.code and refusal.value.message and refusal.value.hint, call


def test_a_query_of_another_session_has_the_same_key() -> None:
    text = next(
        text for call, text, told in QUERIES if re.search(r"\bl_\w{4}_.*\br_\w{4}_", text) and told == "runs"
    )
    other = re.sub(r"\b([lr])_(\w{4})_", lambda m: f"{m[1]}_{int(m[2], 16) + 40:04x}_", text)
    one, two = check_query(text, COLUMNS), check_query(other, COLUMNS)
    assert other != text and one.text != two.text
    assert one.key == two.key
    assert len(one.made_names) == len(two.made_names) == 2
    assert one.key != check_query(text.replace('"X"', '"Y"'), COLUMNS).key
