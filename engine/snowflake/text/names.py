"""Names in SQL text for Snowflake: every one is put in capitals where unquoted, and quoted. Pure.

A quoted name is never a context function (CURRENT_ROLE), a keyword or a number of a column. What remains
are names that mean something even in quotes: the fields of sequences, and columns that stages and streams
add behind the schema.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from engine.errors import PlanRefused
from engine.snowflake.text.caps import MAX_NAME
from engine.spark.text.words import word_set

if TYPE_CHECKING:
    from sqlglot import exp

FRAME: Final = "FRAME"
# The second frame of a metric of two.
BASELINE: Final = "BASELINE_FRAME"

# Names that the engine gives: keys of shared queries, parts of queries that it writes out.
RESERVED: Final = re.compile(r"_*calcmetric", re.IGNORECASE)
SOURCE_PREFIX: Final = "CALCMETRIC_Q"

# Words that Snowflake takes for something else where they are not quoted.
_WORDS: Final = word_set(
    """
    ALL ALTER AND ANY AS BETWEEN BY CASE CAST CHECK COLUMN CONNECT CONSTRAINT CREATE CROSS CURRENT
    CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DELETE DISTINCT DROP ELSE EXISTS FALSE
    FOLLOWING FOR FROM FULL GRANT GROUP HAVING ILIKE IN INCREMENT INNER INSERT INTERSECT INTO IS JOIN
    LATERAL LEFT LIKE LOCALTIME LOCALTIMESTAMP MINUS NATURAL NOT NULL OF ON OR ORDER QUALIFY REGEXP REVOKE
    RIGHT RLIKE ROW ROWS SAMPLE SELECT SET SOME START TABLE TABLESAMPLE THEN TO TRIGGER TRUE TRY_CAST UNION
    UNIQUE UPDATE USING VALUES WHEN WHENEVER WHERE WITH
    """
)
# Names that DuckDB takes for the user, the catalog or the time where no column has them, even in quotes.
BARE_VALUES: Final = word_set(
    """
    CURRENT_CATALOG CURRENT_DATE CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER
    LOCALTIME LOCALTIMESTAMP SESSION_USER USER
    """
)
_SEQUENCE: Final = frozenset({"NEXTVAL", "CURRVAL"})
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def normalise(identifier: exp.Expr) -> None:
    """Check a name, and put it in capitals if it was not quoted.

    Raises:
        PlanRefused: if it is reserved, hidden, or not a name.
    """
    name = identifier.this
    if not isinstance(name, str):
        raise PlanRefused("sql-syntax", "a name in the SQL text is not plain", "write it in double quotes")
    check_name(name)
    if not identifier.args.get("quoted"):
        if not _PLAIN.fullmatch(name):
            raise PlanRefused(
                "sql-syntax",
                f"the name {name[:60]!r} is refused: it is not a plain word",
                'write unusual names in double quotes, as in "first name"',
            )
        if name.upper() in _WORDS:
            raise PlanRefused(
                "sql-syntax",
                f"the word {name.upper()} is not understood where it stands",
                "write a column of this name in double quotes, and a function with its parentheses",
            )
        identifier.set("this", name.upper())
        identifier.set("quoted", True)


def check_name(name: str) -> str:
    """Check a name as the data has it.

    Raises:
        PlanRefused: if it is reserved or hidden, empty or too long.
    """
    folded = name.strip().upper()
    if not folded or len(name) > MAX_NAME or any(ord(letter) < 32 for letter in name):
        raise PlanRefused(
            "sql-refused", f"the name {name[:60]!r} is refused: it is empty or too long", "give another name"
        )
    if RESERVED.match(folded):
        raise PlanRefused("sql-refused", f"the name {name[:60]!r} is reserved", "give another name")
    if folded in _SEQUENCE:
        raise PlanRefused(
            "hidden-column",
            f"{name[:60]!r} is refused: it is the next or last number of a sequence of the account",
            "number rows with row_number() over a window",
        )
    if folded.startswith("METADATA$"):
        raise PlanRefused(
            "hidden-column",
            f"{name[:60]!r} is a hidden column that tells about files and changes, not data",
            "use the columns of the frame",
        )
    return name
