"""A second reading of text that was passed and written for a backend: by its tokens, with code of its own.

It knows nothing of sqlglot's trees. It objects to whatever a written query never holds: bare names, calls of
what is not known to compute, tables other than the frame, dots but those after aliases, statements, comments,
stages and variables.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from engine.snowflake.text import known_functions
from engine.spark.text.words import word_set

# What stands for the frame in the texts that are read here.
FRAME_TEXT: Final = 'SELECT * FROM "THE_FRAME"'

_TOKENS: Final = {
    "snowflake": r"'(?:[^'\\]|\\.|'')*'",
    "duckdb": r"'(?:[^']|'')*'",
}
_REST: Final = r"""
    | (?P<name> "(?:[^"]|"")*" )
    | (?P<comment> -- | /\* | // )
    | (?P<number> (?:\d+(?:\.\d*)?|\.\d+)(?:E[+-]?\d+)? )
    | (?P<word> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<blank> [ ] )
    | (?P<sign> \|\| | <> | <= | >= | << | >> | [-+*/%=<>(),.\[\]&|~] )
    | (?P<other> . )
"""
_HARMFUL: Final = re.compile(
    r"(?i)system|current_(?!date$|time$|timestamp$)|invoker|get_ddl|getvariable|result_scan|last_query|infer_schema"
    r"|build_|get_pres|get_stage|fl_|ai_|read_|scan|glob|getenv|query|duckdb|pragma|sniff|parquet|csv|copy|attach"
    r"|install|load|export|sql|table|columns|http|s3|secret|nextval|currval"
)
_KEYWORDS: Final = word_set(
    """
    ALL AND ANY AS ASC ASOF BERNOULLI BETWEEN BY CASE CAST CROSS CUBE CURRENT DESC DISTINCT ELSE END ESCAPE
    EXCEPT EXCLUDE EXISTS FALSE FIRST FOLLOWING FOR FROM FULL GROUP GROUPING HAVING IGNORE ILIKE IN INCLUDE
    INTERSECT INTERVAL IS JOIN LAST LEFT LIKE LIMIT MATCH_CONDITION NATURAL NOT NULL NULLS OFFSET ON OR
    ORDER OVER PARTITION PERCENT PIVOT PRECEDING QUALIFY RANGE RENAME RESERVOIR RESPECT RIGHT RLIKE ROLLUP
    ROW ROWS SAMPLE SELECT SETS TABLESAMPLE THEN TRUE TRY_CAST UNBOUNDED UNION UNPIVOT USING VALUES WHEN
    WHERE WITH WITHIN X ARRAY BIGINT BINARY BLOB BOOLEAN DATE DECIMAL DOUBLE INTEGER NUMBER OBJECT TIME
    TIMESTAMP TIMESTAMPTZ TIMESTAMP_LTZ TIMESTAMP_NTZ TIMESTAMP_TZ VARCHAR VARIANT CURRENT_DATE
    CURRENT_TIMESTAMP
    """
)
# What DuckDB's texts call beside Snowflake's functions.
_DUCKDB: Final = word_set(
    """
    arg_max_null arg_min_null bit_and bit_or bit_xor bool_and bool_or ceil chr concat_ws corr date_diff
    date_part date_trunc dayname ends_with epoch epoch_ms epoch_us error factorial flatten floor greatest
    isodow isoyear least left len length levenshtein list list_aggregate ln log lpad make_date make_time
    make_timestamp md5 monthname pow quantile_cont quantile_disc radians regexp_extract regexp_extract_all
    regexp_full_match regexp_matches regexp_replace regr_intercept regr_r2 regr_slope regr_sxx regr_syy
    repeat replace right round rpad sha1 sha256 sin cos asin skewness split_part sqrt starts_with strftime
    string_agg strpos strptime substr timezone trunc try_strptime typeof var_pop var_samp week xor
    """
)


class Token(NamedTuple):
    """A part of a text."""

    kind: str
    text: str


_END: Final = Token("end", "")


def find_harm(text: str, dialect: Literal["snowflake", "duckdb"]) -> str:
    """What a text for a backend must not hold; "" if nothing is found.

    Args:
        text: as written, with `FRAME_TEXT` for the frame.
        dialect: for which backend.
    """
    if not text.isprintable() and re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", text):
        return "a control character"
    pattern = re.compile(f"(?xs)(?P<string>{_TOKENS[dialect]}){_REST}")
    tokens = [
        Token(str(match.lastgroup), match.group())
        for match in pattern.finditer(text.replace(f"({FRAME_TEXT})", " \x00 "))
        if match.lastgroup != "blank"
    ]
    tokens = [Token("frame", "") if token.text == "\x00" else token for token in tokens]
    functions = {*known_functions(), *(_DUCKDB if dialect == "duckdb" else ())}
    return _scan(tokens, functions)


def _scan(tokens: list[Token], functions: set[str]) -> str:
    made = {tokens[i].text for i, token in enumerate(tokens) if token.text.startswith('"CALCMETRIC_Q')}
    aliases = {token.text for before, token in pairwise(tokens) if before.text == "AS"}
    depth = 0
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else _END
        after = tokens[place + 1] if place + 1 < len(tokens) else _END
        depth += (token.text == "(") - (token.text == ")")
        if depth < 0 or token.kind in ("comment", "other"):
            return f"{token.text!r}"
        if token.kind == "word":
            call = after.text == "(" and token.text not in _KEYWORDS
            if call and (token.text not in functions or _HARMFUL.match(token.text)):
                return f"a call of {token.text}"
            if not call and token.text not in _KEYWORDS:
                return f"the bare word {token.text}"
        if token.kind == "name" and re.fullmatch(r'(?i)"\s*(metadata\$.*|nextval|currval)\s*"', token.text):
            return f"the hidden column {token.text}"
        if token.text == ".":
            fits = before.kind == "name" and (after.kind == "name" or after.text == "*")
            if not fits or before.text not in aliases:
                return f"a dot after {before.text}"
        if token.kind == "frame" and before.text not in ("FROM", "JOIN", "("):
            return "the frame in a place of its own"
        if token.text in ("FROM", "JOIN") and before.text != "DISTINCT":
            harm = _source_harm(tokens, place + 1, made)
            if harm:
                return harm
    return "an open parenthesis" if depth else ""


def _source_harm(tokens: list[Token], place: int, made: set[str]) -> str:
    """What is wrong with what stands after FROM or JOIN."""
    while place < len(tokens) and tokens[place].text == "(":
        place += 1
    token = tokens[place] if place < len(tokens) else _END
    if token.kind == "frame" or token.text in ("SELECT", "WITH", "VALUES") or token.text in made:
        return ""
    return f"a table {token.text}"
