"""Texts that are almost those of Snowpark: words put in, taken out, doubled and moved."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from tests.snowflake.text.corpus import hostile, recorded

_TOKEN = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"]|\"\")*\"|\w+|\s+|[^\w\s]")
_LONGEST = 600

# What opens things, ends them, or names what must not be named.
SIGNS = (
    "(", ")", ",", ".", "'", '"', ";", "--", "/*", "*/", "//", "\\", "$", "$1", "@", "@~", ":", "::", "?",
    "%", "||", "=>", "->", "->>", "|>", "!", "[", "]", "{", "}", "{fn ", "$$", "*", "=", "<>", "\n", "\0",
    "\u2028", "é", "0x1F",
)  # fmt: skip
WORDS = (
    "SELECT", "FROM", "WHERE", "WITH", "AS", "UNION", "ALL", "JOIN", "LATERAL", "TABLE", "VALUES", "IN",
    "EXISTS", "PIVOT", "UNPIVOT", "ANY", "SAMPLE", "SEED", "QUALIFY", "OVER", "WITHIN", "GROUP", "BY",
    "ORDER", "LIMIT", "OFFSET", "FETCH", "AT", "BEFORE", "CHANGES", "INTO", "FOR", "DISTINCT", "CASE",
    "WHEN", "END", "CAST", "INTERVAL", "ILIKE", "ESCAPE", "EXCLUDE", "RENAME", "REPLACE", "ASOF",
    "MATCH_CONDITION", "NATURAL", "USING", "RECURSIVE", "FRAME", '"FRAME"', "SECRET", '"SECRET"',
    "DB.SCH.SECRET", "X", '"X"', "S", "T", "NEXTVAL", "CURRENT_ROLE", "CURRENT_ROLE()", "CURRENT_DATE",
    "METADATA$FILENAME", "SYSTEM$WAIT(1)", "RESULT_SCAN", "LAST_QUERY_ID()", "IDENTIFIER", "FLATTEN",
    "GENERATOR", "MY_UDF(X)", "READ_PARQUET('/etc/passwd')", "READ_TEXT", "GETENV('HOME')", "HASH(*)",
    "COUNT(*)", "COLLATE", "CALCMETRIC_QX", "FILTER", "1", "0", "-1", "1e400", "NULL", "TRUE", "'a'",
    "X'AB'",
)  # fmt: skip


def mutants(count: int, seed: int) -> Iterator[str]:
    """So many texts, always the same for a seed."""
    draw = random.Random(seed)
    texts = [text for text in recorded() if len(text) <= _LONGEST]
    texts += [text for kind, text in hostile() if kind == "query" and len(text) <= _LONGEST]
    for _ in range(count):
        yield mutate(draw.choice(texts), draw, [*WORDS, *SIGNS], draw.choice(texts))


def mutate(text: str, draw: random.Random, words: list[str], other: str) -> str:
    """Change a text in one to three places."""
    tokens = _TOKEN.findall(text)
    for _ in range(draw.randint(1, 3)):
        place = draw.randint(0, len(tokens))
        match draw.randrange(6):
            case 0:
                tokens[place:place] = [" ", draw.choice(words), " "]
            case 1:
                tokens[place : place + 1] = [draw.choice(words)]
            case 2:
                del tokens[place : place + draw.randint(1, 4)]
            case 3:
                begin = draw.randint(0, len(tokens))
                tokens[place:place] = tokens[begin : begin + draw.randint(1, 10)]
            case 4:
                tokens[place:place] = ["(", *_TOKEN.findall(other), ")"]
            case 5:
                begin = draw.randint(0, len(tokens))
                tokens[place : place + 3] = tokens[begin : begin + 3]
    return "".join(tokens)
