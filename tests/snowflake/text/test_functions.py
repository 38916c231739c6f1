"""The tables of functions: each name once, each can be called as told, DuckDB's are among Snowflake's."""

from __future__ import annotations

import pytest

from engine.errors import PlanRefused
from engine.snowflake.text import check_query, known_functions
from engine.snowflake.text.date_parts import PART_ARGUMENTS
from engine.snowflake.text.duckdb_calls import HANDLERS
from engine.snowflake.text.duckdb_table import DEFAULTS, SAME, TEMPLATES, TEXTS, WHOLE_WINDOW
from engine.snowflake.text.function_table import ALLOWED, REFUSED
from tests.snowflake.text.table import COLUMNS

NAMES = [entry.partition("/")[0] for _, _, names in ALLOWED for entry in names.split()]
REFUSED_NAMES = [name for _, _, names in REFUSED for name in names.split()]


def test_each_name_is_in_one_table_once_with_a_reason() -> None:
    assert len(set(NAMES)) == len(NAMES) and not set(NAMES) & set(REFUSED_NAMES)
    assert len(set(REFUSED_NAMES)) == len(REFUSED_NAMES)
    assert all(rule.reason for rule in known_functions().values())
    assert all(reason and hint for reason, hint, _ in REFUSED)


def test_what_duckdb_writes_is_allowed_at_all() -> None:
    for key in (*SAME, *TEMPLATES, *HANDLERS, *DEFAULTS, *TEXTS, *WHOLE_WINDOW):
        name, _, count = key.partition("/")
        rule = known_functions()[name]
        assert not count or rule.least <= int(count) <= rule.most, key


def call(name: str, count: int) -> str:
    """A query that calls a function with so many arguments."""
    arguments = [COLUMNS[place % len(COLUMNS)] for place in range(count)]
    if name in PART_ARGUMENTS and PART_ARGUMENTS[name] < count:
        arguments[PART_ARGUMENTS[name]] = "'day'"
    over = " OVER (ORDER BY ID)" if known_functions()[name].kind == "window" else ""
    return f"SELECT {name}({', '.join(arguments)}){over} AS A FROM FRAME"


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_called_as_told_and_not_otherwise(name: str) -> None:
    rule = known_functions()[name]
    assert check_query(call(name, rule.least), COLUMNS).functions == (name,)
    if rule.most < 20:
        assert check_query(call(name, rule.most), COLUMNS).functions == (name,)
        with pytest.raises(PlanRefused, match="takes"):
            check_query(call(name, rule.most + 1), COLUMNS)


@pytest.mark.parametrize("name", REFUSED_NAMES)
def test_what_is_refused_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(PlanRefused) as refusal:
        check_query(f"SELECT {name}(X) AS A FROM FRAME", COLUMNS)
    assert refusal.value.hint
