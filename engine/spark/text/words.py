"""The words of Spark SQL that this package knows. Trusted side, pure data.

`RESERVED` is wider than Spark's own list: Spark lets most keywords serve as names, and then decides by
the context what a word is. A word that can open a table reference or a clause must have one role only,
so here it is a name only in back-ticks, after a dot, or after AS.
"""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text that are parted by blanks."""
    return frozenset(text.split())


RESERVED = word_set(
    """
    ALL AND ANTI AS ASC BETWEEN BY CASE CLUSTER CROSS DESC DISTINCT DISTRIBUTE DIV ELSE ESCAPE EXCEPT
    EXISTS FETCH FOR FROM FULL GROUP HAVING ILIKE IN INNER INTERSECT INTO IS JOIN LATERAL LEFT LIKE LIMIT
    MINUS NATURAL NOT OFFSET ON OR ORDER OUTER OVER PIVOT QUALIFY REGEXP RIGHT RLIKE SELECT SEMI SETMINUS
    SORT TABLE TABLESAMPLE THEN UNION UNPIVOT USING VALUES WHEN WHERE WITH
    """
)

# Only after a name may these end what came before; they serve as columns, but not as a bare alias.
NOT_BARE_ALIAS = RESERVED | word_set("END WINDOW")

# Words that Spark reads as a call when no column has the name, and that tell about the server: in text,
# and as the name of a column in a plan. USER is one more, but many a frame has such a column.
SERVER_NAMES = word_set(
    "current_user session_user current_path current_catalog current_database current_schema"
)
USER = "user"

BINARY_SIGNS = word_set("+ - * / % & | ^ || = == <=> <> != < <= > >= !< !>")
BINARY_WORDS = word_set("AND OR DIV RLIKE REGEXP")
PREFIX_SIGNS = word_set("+ - ~ !")

# Names that mean a value, in VALUES as well.
CONSTANTS = word_set("NULL TRUE FALSE CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIMESTAMP")

TYPED_LITERALS = word_set("DATE TIMESTAMP TIMESTAMP_NTZ TIMESTAMP_LTZ TIME X INTERVAL")
INTERVAL_UNITS = word_set(
    """
    YEAR YEARS QUARTER QUARTERS MONTH MONTHS WEEK WEEKS DAY DAYS HOUR HOURS MINUTE MINUTES SECOND SECONDS
    MILLISECOND MILLISECONDS MICROSECOND MICROSECONDS NANOSECOND NANOSECONDS
    """
)

# Calls whose arguments are parted by words: POSITION('a' IN s), SUBSTRING(s FROM 2 FOR 3).
WORDED_CALLS = {
    "extract": frozenset({"FROM"}),
    "substring": frozenset({"FROM", "FOR"}),
    "substr": frozenset({"FROM", "FOR"}),
    "overlay": frozenset({"PLACING", "FROM", "FOR"}),
    "trim": frozenset({"FROM"}),
    "position": frozenset({"IN"}),
}
# Calls that take a schema or a type as a string: where it stands. And calls that may stand there.
SCHEMA_ARGUMENTS = {"from_json": 1, "from_csv": 1, "variant_get": 2, "try_variant_get": 2}
SCHEMA_CALLS = word_set("schema_of_json schema_of_csv")
TRIM_SIDES = word_set("BOTH LEADING TRAILING")

SET_OPERATIONS = word_set("UNION EXCEPT MINUS SETMINUS INTERSECT")
JOIN_WORDS = word_set("INNER CROSS LEFT RIGHT FULL SEMI ANTI NATURAL JOIN")
QUERY_STARTS = word_set("SELECT WITH VALUES")
QUERY_TAILS = SET_OPERATIONS | word_set("ORDER CLUSTER DISTRIBUTE SORT LIMIT OFFSET")

# Type names, with how many numbers may follow in parentheses.
SIMPLE_TYPES = {
    "BOOLEAN": 0, "TINYINT": 0, "BYTE": 0, "SMALLINT": 0, "SHORT": 0, "INT": 0, "INTEGER": 0, "BIGINT": 0,
    "LONG": 0, "FLOAT": 0, "REAL": 0, "DOUBLE": 0, "DATE": 0, "TIMESTAMP": 0, "TIMESTAMP_NTZ": 0,
    "TIMESTAMP_LTZ": 0, "TIME": 1, "STRING": 0, "CHAR": 1, "CHARACTER": 1, "VARCHAR": 1, "BINARY": 0,
    "DECIMAL": 2, "DEC": 2, "NUMERIC": 2, "VOID": 0, "VARIANT": 0,
}  # fmt: skip
