"""Types that a cast may name, and what they are called on each backend. Trusted side, pure.

Snowflake keeps whole numbers of every name as NUMBER(38, 0). Types with fields or elements of their own
are refused: they may name other types of the account.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from engine.errors import PlanRefused

# sqlglot's name -> (Snowflake, DuckDB or "", most numbers in parentheses).
_TYPES: Final[dict[str, tuple[str, str, int]]] = {
    "BOOLEAN": ("BOOLEAN", "BOOLEAN", 0),
    "DECIMAL": ("NUMBER", "DECIMAL", 2),
    "DOUBLE": ("DOUBLE", "DOUBLE", 0),
    "VARCHAR": ("VARCHAR", "VARCHAR", 1),
    "DATE": ("DATE", "DATE", 0),
    "TIME": ("TIME", "TIME", 1),
    "TIMESTAMPNTZ": ("TIMESTAMP_NTZ", "TIMESTAMP", 1),
    "TIMESTAMPLTZ": ("TIMESTAMP_LTZ", "TIMESTAMPTZ", 1),
    "TIMESTAMPTZ": ("TIMESTAMP_TZ", "", 1),
    "BINARY": ("BINARY", "BLOB", 1),
    "VARIANT": ("VARIANT", "", 0),
    "ARRAY": ("ARRAY", "", 0),
    "OBJECT": ("OBJECT", "", 0),
}

# Other names of the same types.
_SAME: Final = {
    "TINYINT": "DECIMAL", "SMALLINT": "DECIMAL", "INT": "DECIMAL", "BIGINT": "DECIMAL", "FLOAT": "DOUBLE",
    "TEXT": "VARCHAR", "CHAR": "VARCHAR", "NCHAR": "VARCHAR", "NVARCHAR": "VARCHAR",
    "TIMESTAMP": "TIMESTAMPNTZ", "DATETIME": "TIMESTAMPNTZ", "VARBINARY": "BINARY",
}  # fmt: skip


def settle_type(node: exp.Expr) -> None:
    """Check the type of a cast, and give it its one name.

    Raises:
        PlanRefused: if it is not one of Snowflake's plain types.
    """
    rule = _TYPES.get(_SAME.get(_name(node), _name(node)))
    if (
        rule is None
        or len(node.expressions) > rule[2]
        or (_name(node) != "DECIMAL" and "DECIMAL" in _SAME.get(_name(node), "") and node.expressions)
    ):
        raise PlanRefused(
            "type-refused",
            f"a cast to the type {_name(node)[:60]} is refused",
            "use a plain type such as INT, NUMBER(12, 2), DOUBLE, VARCHAR, BOOLEAN, DATE or TIMESTAMP",
        )
    if _name(node) in ("CHAR", "NCHAR") and not node.expressions:
        raise PlanRefused("type-refused", "CHAR without a length is refused", "use VARCHAR")
    for parameter in node.expressions:
        text = parameter.this.name
        if not isinstance(parameter.this, exp.Literal) or not text.isdecimal() or len(text) > 9:
            raise PlanRefused("type-refused", "the parameters of a type are whole numbers", "")
    kind = _SAME.get(_name(node), _name(node))
    if kind == "DECIMAL":
        _set_numbers(
            node, (numbers(node) + (38, 0)[len(node.expressions) :]) if kind == _name(node) else (38, 0)
        )
    node.set("this", type(node.this)[kind])


def _set_numbers(node: exp.Expr, given: tuple[int, ...]) -> None:
    """Put numbers in parentheses after a type."""
    parameters = [exp.DataTypeParam(this=exp.Literal.number(number)) for number in given]
    node.set("expressions", parameters)


def numbers(node: exp.Expr) -> tuple[int, ...]:
    """The numbers in parentheses after a type that was checked."""
    return tuple(int(parameter.this.name) for parameter in node.expressions)


def snowflake_type(node: exp.Expr) -> str:
    """A checked type, as Snowflake spells it out."""
    name, given = _TYPES[_name(node)][0], numbers(node)
    return f"{name}({', '.join(map(str, given))})" if given else name


def duckdb_type(node: exp.Expr) -> str:
    """A checked type, as DuckDB calls it; "" if it has none with the same values."""
    name, given = _TYPES[_name(node)][1], numbers(node)
    if name == "DECIMAL":
        return "BIGINT" if given == (38, 0) else f"DECIMAL({given[0]}, {given[1]})"
    return name


def _name(node: exp.Expr) -> str:
    return str(getattr(node.this, "value", node.this)).upper()
