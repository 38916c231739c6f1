"""Texts in SQL text that Spark takes for the time now, such as 'today'. Trusted side, pure.

See `engine.spark.plans.moments`, which looks at plans.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NoReturn

from engine.errors import PlanRefused
from engine.spark.text.hidden import fold
from engine.spark.text.lexer import Lexeme, lex
from engine.spark.text.words import word_set

_WORDS: Final = ("now", "today", "yesterday", "tomorrow")
# As Spark reads it: blanks, letters, perhaps a zone.
_SPECIAL: Final = re.compile(rf"[\x00-\x20]*({'|'.join(_WORDS)})(?![A-Za-z])\s*\S*\s*", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-3][0-7]{2})|(.))", re.DOTALL)
_CONTROLS: Final = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
ANY: Final = frozenset("".join(_WORDS))
_NONE: Final[frozenset[str]] = frozenset()

COMPARISONS: Final = frozenset({"==", "=", "<=>", "!=", "<>", "<", "<=", ">", ">=", "in"})
_ARITHMETIC: Final = frozenset({"+", "-", "*", "/", "%", "and", "or", "not", "!"})
# Functions whose value is no text, whatever they are given.
NO_TEXT: Final = (
    word_set(
        """
    add_months array array_contains convert_timezone count date date_add date_diff date_sub date_trunc dateadd
    datediff day dayofmonth dayofweek dayofyear from_utc_timestamp hour in last_day make_date make_interval
    make_timestamp map map_from_arrays minute month months_between named_struct next_day parse_json quarter
    second sequence struct timestamp timestamp_add timestamp_diff timestamp_micros timestamp_millis
    timestamp_seconds timestampadd timestampdiff to_date to_timestamp to_timestamp_ltz to_timestamp_ntz
    to_unix_timestamp to_utc_timestamp trunc try_parse_json try_to_date try_to_timestamp unix_timestamp
    weekday weekofyear year
    """
    )
    | COMPARISONS
    | _ARITHMETIC
)
# Functions that make letters of what are no letters.
SPELLERS: Final = word_set(
    """
    aes_decrypt base64 char chr collation conv date_format dayname decode decompress format_string
    from_base64 from_csv from_json from_unixtime get_json_object json_object_keys json_tuple
    make_dt_interval make_interval make_ym_interval mask monthname parse_json printf randstr schema_of_csv
    schema_of_json schema_of_variant schema_of_variant_agg to_char to_csv to_json to_varchar
    to_variant_object try_aes_decrypt try_make_interval try_parse_json try_url_decode try_variant_get typeof
    unbase64 unhex url_decode variant_get xpath xpath_string
    """
)
# Words of SQL that are no names.
_KEYWORDS: Final = word_set(
    """
    ALL AND ANY AS ASC BETWEEN BINARY BOTH BY CASE CAST DATE DAY DESC DISTINCT ELSE END ESCAPE EXISTS FALSE
    FILTER FROM GROUP HAVING ILIKE IN INTERVAL IS JOIN LEADING LIKE LIMIT NOT NULL ON OR ORDER OVER PARTITION
    REGEXP RLIKE SELECT SOME STRING THEN TIMESTAMP TIMESTAMP_LTZ TIMESTAMP_NTZ TRAILING TRUE TRY_CAST UNION
    USING VALUES VARCHAR WHEN WHERE WITH
    """
)
_LIKES: Final = frozenset({"LIKE", "ILIKE", "RLIKE", "REGEXP"})
_OPENING: Final = frozenset({"", "(", ",", "AND", "OR", "NOT", "WHERE", "ON", "HAVING", "WHEN", "CASE"})
_CLOSING: Final = frozenset(
    {"", ")", ",", "AND", "OR", "THEN", "END", "GROUP", "ORDER", "LIMIT", "HAVING", "UNION"}
)


def is_moment(text: str) -> bool:
    """Whether Spark takes a text for a moment of its clock."""
    return bool(_SPECIAL.fullmatch(text))


def given_in_text(lexemes: Sequence[Lexeme]) -> Iterator[str]:
    """Names behind AS, or behind what is no keyword and no sign."""
    for before, here in pairwise(lexemes):
        behind = before.upper in ("AS", ")") or (before.kind != "op" and before.upper not in _KEYWORDS)
        if here.kind in ("word", "quoted") and behind:
            yield here.name


def check_text(text: str, texts: frozenset[str]) -> None:
    """See that no text of SQL text can become a moment.

    Args:
        text: an expression or a query; a text alone is for who uses it to check.
        texts: the names of the columns of text, in lower case.

    Raises:
        PlanRefused: a text could.
    """
    lexemes = lex(text)
    if len(lexemes) == 2:
        return
    for place, here in enumerate(lexemes):
        if here.kind == "string":
            if is_moment(decode(here.text)) and not _stays_text(lexemes, place, texts):
                refuse_moment(f"the text {here.text}")
            _check_joined(lexemes, place)
        elif here.kind in ("word", "quoted") and lexemes[place + 1].text == "(":
            _check_call(lexemes, place)


def _check_joined(lexemes: Sequence[Lexeme], start: int) -> None:
    """Texts side by side are one, with || or without."""
    place, letters = start + 1, letters_in(decode(lexemes[start].text))
    while lexemes[place].kind == "string" or lexemes[place].text == "||":
        letters |= letters_in(decode(lexemes[place].text)) if lexemes[place].kind == "string" else _NONE
        place += 1
    if place > start + 1 and could_say(letters):
        refuse_moment("a text that is put together of constants")


def _check_call(lexemes: Sequence[Lexeme], start: int) -> None:
    name = fold(lexemes[start].name)
    if name in NO_TEXT or lexemes[start].upper in _KEYWORDS - {"CAST", "TRY_CAST"}:
        return
    depth, end = 0, start + 1
    while end < len(lexemes):
        depth += (lexemes[end].text == "(") - (lexemes[end].text == ")")
        if depth == 0:
            break
        end += 1
    inner = lexemes[start + 2 : end]
    kinds = [one.kind for one in inner]
    single = name in ("cast", "try_cast") and kinds[:1] == ["string"] and kinds.count("string") == 1
    letters = ANY if name in SPELLERS else letters_of(inner)
    if not single and not has_names(inner) and could_say(letters):
        refuse_moment(f"a text that {name} makes of constants")


def _stays_text(lexemes: Sequence[Lexeme], place: int, texts: frozenset[str]) -> bool:
    """Whether a text is compared with a text column, or is what something is to be like."""

    def at(offset: int) -> Lexeme:
        return lexemes[place + offset] if 0 <= place + offset < len(lexemes) else Lexeme("end", "", True)

    def is_column(offset: int) -> bool:
        here = at(offset)
        return here.kind in ("word", "quoted") and fold(here.name) in texts and at(offset - 1).text != "."

    if at(-1).upper in _LIKES:
        return True
    if at(-1).text in COMPARISONS and at(1).upper in _CLOSING and at(1).kind in ("end", "word", "op"):
        return is_column(-2) and at(-3).upper in _OPENING
    if at(1).text in COMPARISONS and at(-1).upper in _OPENING:
        return is_column(2) and at(3).upper in _CLOSING
    back = -1
    while at(back).kind == "string" or at(back).text == ",":
        back -= 1
    if at(back).text == "(" and at(back - 1).upper == "IN":
        return is_column(back - 3 if at(back - 2).upper == "NOT" else back - 2)
    return False


def has_names(lexemes: Sequence[Lexeme]) -> bool:
    """Whether something may be the name of a column."""
    for here, after in pairwise([*lexemes, Lexeme("end", "", True)]):
        typed = here.upper == "X" and after.kind == "string"  # bytes, in hexadecimal digits
        called = after.text == "("
        if here.kind in ("word", "quoted") and not called and not typed and here.upper not in _KEYWORDS:
            return True
    return any(here.text == "*" for here in lexemes)


def letters_of(lexemes: Sequence[Lexeme]) -> frozenset[str]:
    """The letters, of those that count, that the texts among lexemes have."""
    spelled = any(here.kind == "word" and fold(here.name) in SPELLERS | {"x"} for here in lexemes)
    if spelled:
        return ANY
    return _NONE.union(*(letters_in(decode(here.text)) for here in lexemes if here.kind == "string"))


def letters_in(text: str) -> frozenset[str]:
    """The letters of a text that count."""
    return frozenset(fold(text)) & ANY


def could_say(letters: frozenset[str]) -> bool:
    """Whether one of the words can be made of letters."""
    return any(letters.issuperset(word) for word in _WORDS)


def decode(text: str) -> str:
    """What a text of SQL says, as Spark reads it."""
    if text[:1] in "rR":
        return text[2:-1]
    inner = text[1:-1].replace(text[0] * 2, text[0])
    return _ESCAPE.sub(_decode_escape, inner)


def _decode_escape(match: re.Match[str]) -> str:
    short, long, octal, other = match.groups()
    if other is not None:
        return _CONTROLS.get(other, str(other))
    code = int(octal, 8) if octal else int(short or long, 16)
    return chr(code) if code < 0x110000 else "?"


def refuse_moment(what: str) -> NoReturn:
    """Refuse something that Spark may take for a moment of its own clock."""
    raise PlanRefused(
        "function-refused",
        f"{what} asks for the time at which the metric happens to run, where a date or a time is made of it",
        "write dates and times in full, or give the run an as_of and ask with F.current_date(); compare such "
        "a text with columns of text of the data",
    )
