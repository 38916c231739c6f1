"""The tables by which the classes of nodes are written."""

from __future__ import annotations

import pytest

from engine.snowflake.text.duckdb import DuckdbWriter
from engine.snowflake.text.emit import Writer
from engine.snowflake.text.expression_writer import OPERATORS
from engine.snowflake.text.node_table import PARTS, SET_OPERATIONS

WRITERS = pytest.mark.parametrize("writer", [Writer(), DuckdbWriter()], ids=["snowflake", "duckdb"])


@WRITERS
def test_each_method_writes_the_class_that_it_is_named_after(writer: Writer) -> None:
    named = {f"_write_{kind.__name__.lower()}": method for kind, method in writer.writers().items()}
    assert named == {name: getattr(writer, name) for name in dir(writer) if name.startswith("_write_")}


@WRITERS
def test_nothing_is_written_that_is_not_admitted(writer: Writer) -> None:
    written = {*writer.writers(), *OPERATORS, *SET_OPERATIONS}
    assert written <= set(PARTS)
