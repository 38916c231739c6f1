"""What must hold of every text: it is refused, or what is sent reads the frame alone, whoever reads it."""

from __future__ import annotations

import sqlglot

from engine.errors import PlanRefused
from engine.snowflake.text import (
    CheckedQuery,
    check_condition,
    check_query,
    condition_for,
    emit_duckdb,
    emit_snowflake,
)
from engine.snowflake.text.nodes import same
from tests.snowflake.text.table import COLUMNS
from tests.snowflake.text.token_reading import FRAME_TEXT, find_harm

FRAME = sqlglot.parse_one(FRAME_TEXT)


def examine(text: str) -> CheckedQuery | None:
    """Check a text, and read what would be sent a second time; None if it is refused."""
    try:
        checked = check_query(text, COLUMNS)
    except PlanRefused as refusal:
        assert refusal.code and refusal.message
        return None
    again = check_query(checked.text, COLUMNS)
    assert again.text == checked.text and same(again.tree, checked.tree) and again.key == checked.key
    sent = emit_snowflake(checked, FRAME)
    assert sent.count(f"({FRAME_TEXT})") == checked.reads
    assert not (harm := find_harm(sent, "snowflake")), (harm, sent)
    try:
        sent = emit_duckdb(checked, FRAME)
    except PlanRefused as refusal:
        assert refusal.code == "function-refused" or refusal.code == "plan-too-large"
        return checked
    assert not (harm := find_harm(sent, "duckdb")), (harm, sent)
    return checked


def examine_condition(text: str) -> bool:
    """Check a condition, and read what would be sent a second time; False if it is refused."""
    try:
        tree = check_condition(text, COLUMNS)
    except PlanRefused as refusal:
        assert refusal.code and refusal.message
        return False
    sent = condition_for(tree, "snowflake").this
    assert check_condition(sent, COLUMNS) is not None
    assert not (harm := find_harm(sent, "snowflake")), (harm, sent)
    try:
        sent = condition_for(tree, "duckdb").this
    except PlanRefused as refusal:
        assert refusal.code in ("function-refused", "plan-too-large")
        return True
    assert not (harm := find_harm(sent, "duckdb")), (harm, sent)
    return True
