"""The lines of the table of functions for texts beside the plainest: places, paddings, parts, digests. Data.

What both count in is code points; where DuckDB counts in what people take for a letter, or in bytes, only
ASCII is proven.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from engine.spark.native.functions.lines import clamped
from engine.spark.native.functions.nested import array_of
from engine.spark.native.tree import Line
from engine.spark.native.types import BINARY, BOOLEAN, INTEGER, LONG, STRING

_FOREIGN = "strlen({0}) <> length({0})"
# Longer results than of so many repetitions are Spark's.
_MOST_TIMES = 1_000


def text_lines() -> Iterator[Line]:
    """All lines of this module."""
    return chain(_codes(), _places(), _parts(), _changes(), _patterns(), _digests())


def _codes() -> Iterator[Line]:
    yield Line("ascii", (STRING,), INTEGER, "CAST(ascii({0}) AS INTEGER)")
    yield Line("octet_length", (STRING,), INTEGER, "CAST(strlen({0}) AS INTEGER)")
    yield Line("octet_length", (BINARY,), INTEGER, "CAST(octet_length({0}) AS INTEGER)")
    yield Line("length", (BINARY,), INTEGER, "CAST(octet_length({0}) AS INTEGER)")
    yield Line("bit_length", (STRING,), INTEGER, "CAST(strlen({0}) * 8 AS INTEGER)")
    yield Line("bit_length", (BINARY,), INTEGER, "CAST(octet_length({0}) * 8 AS INTEGER)")
    sign = "chr(CAST({0} & 255 AS INTEGER))"
    sql = f"CASE WHEN {{0}} < 0 THEN '' WHEN {{0}} & 255 <> 0 THEN {sign} END"
    yield Line("char", (LONG,), STRING, sql, "{0} >= 0 AND {0} & 255 = 0")


def _places() -> Iterator[Line]:
    yield Line("instr", (STRING, STRING), INTEGER, "CAST(instr({0}, {1}) AS INTEGER)")
    yield Line("locate", (STRING, STRING), INTEGER, "CAST(instr({1}, {0}) AS INTEGER)")
    rest = f"substring({{1}}, {clamped('{2}', 1)})"
    sql = f"CASE WHEN {{2}} < 1 OR instr({rest}, {{0}}) = 0 THEN 0 ELSE instr({rest}, {{0}}) + {{2}} - 1 END"
    sql = f"CASE WHEN {{0}} IS NOT NULL AND {{1}} IS NOT NULL THEN CAST({sql} AS INTEGER) END"
    odd = "{2} IS NULL OR {0} = ''"
    yield Line("locate", (STRING, STRING, INTEGER), INTEGER, sql, odd)
    place = "coalesce(list_position(string_split({1}, ','), {0}), 0)"
    found = f"CASE WHEN contains({{0}}, ',') THEN 0 ELSE {place} END"
    sql = f"CASE WHEN {{0}} IS NOT NULL AND {{1}} IS NOT NULL THEN CAST({found} AS INTEGER) END"
    yield Line("find_in_set", (STRING, STRING), INTEGER, sql)
    foreign = f"{_FOREIGN} OR strlen({{1}}) <> length({{1}})"
    yield Line("levenshtein", (STRING, STRING), INTEGER, "CAST(levenshtein({0}, {1}) AS INTEGER)", foreign)
    odd = f"{foreign} OR contains({{1}}, chr(92))"
    yield Line("ilike", (STRING, STRING), BOOLEAN, "lower({0}) LIKE lower({1})", odd)


def _parts() -> Iterator[Line]:
    for name in ("left", "right"):
        sql = (
            f"CASE WHEN {{1}} <= 0 AND {{0}} IS NOT NULL THEN '' ELSE {name}({{0}}, {clamped('{1}', 0)}) END"
        )
        yield Line(name, (STRING, INTEGER), STRING, sql)
    for name in ("substring", "substr"):
        yield Line(name, (STRING, INTEGER), STRING, "substring({0}, {1})", "{1} < 1")
    odd = "{1} = '' OR {2} < 1"
    yield Line("split_part", (STRING, STRING, INTEGER), STRING, "split_part({0}, {1}, {2})", odd)
    # What the texts overlap in is up to where one begins to look.
    odd = "strlen({1}) <> 1 OR {2} < 0"
    parts = f"list_slice(string_split({{0}}, {{1}}), 1, {clamped('{2}', 1)})"
    sql = f"list_reduce({parts}, lambda x, y: x || {{1}} || y)"
    sql = (
        f"CASE WHEN {{1}} IS NULL THEN NULL WHEN {{2}} = 0 THEN left({{0}}, 0) WHEN {{2}} > 0 THEN {sql} END"
    )
    yield Line("substring_index", (STRING, STRING, INTEGER), STRING, sql, odd)
    for most in (2, 3, 4):
        takes = (INTEGER, *[STRING] * most)
        values = " ".join(f"WHEN {place} THEN {{{place}}}" for place in range(1, most + 1))
        sql = f"CASE {{0}} {values} END"
        yield Line("elt", takes, STRING, sql, f"{{0}} NOT BETWEEN 1 AND {most}", "always")


def _changes() -> Iterator[Line]:
    for most in (1, 2, 3, 4):
        takes = (STRING,) * (most + 1)
        values = ", ".join(f"{{{place}}}" for place in range(most + 1))
        yield Line("concat_ws", takes, STRING, f"concat_ws({values})", nullable="first")
    words = "list_transform(string_split(lower({0}), ' '), lambda x: upper(left(x, 1)) || substring(x, 2))"
    plain = "NOT regexp_full_match({0}, '[A-Za-z ]*')"
    yield Line("initcap", (STRING,), STRING, f"array_to_string({words}, ' ')", plain)
    long = f"abs(CAST({{1}} AS BIGINT)) > {_MOST_TIMES}"
    times = clamped("{1}", 0, _MOST_TIMES)
    yield Line("repeat", (STRING, INTEGER), STRING, f"repeat({{0}}, {times})", long)
    for name in ("lpad", "rpad"):
        sql = f"CASE WHEN {{2}} <> '' THEN {name}({{0}}, {times}, {{2}}) END"
        yield Line(name, (STRING, INTEGER, STRING), STRING, sql, f"{long} OR {{2}} = ''")
        yield Line(name, (STRING, INTEGER), STRING, f"{name}({{0}}, {times}, ' ')", long)
    yield Line("space", (INTEGER,), STRING, f"repeat(' ', {times.replace('{1}', '{0}')})",
               long.replace("{1}", "{0}"))  # fmt: skip
    yield Line("replace", (STRING, STRING, STRING), STRING, "replace({0}, {1}, {2})")
    yield Line("replace", (STRING, STRING), STRING, "replace({0}, {1}, '')")
    yield Line("reverse", (STRING,), STRING, "reverse({0})", _FOREIGN)
    twice = "len(list_distinct(string_split({1}, ''))) < len(string_split({1}, ''))"
    foreign = " OR ".join(f"strlen({x}) <> length({x})" for x in ("{0}", "{1}", "{2}"))
    sql = "translate({0}, {1}, {2})"
    yield Line("translate", (STRING, STRING, STRING), STRING, sql, f"{foreign} OR ({twice})")
    for name, function in (("btrim", "trim"), ("trim", "trim"), ("ltrim", "ltrim"), ("rtrim", "rtrim")):
        # In plans the signs that are cut off come first, but for one of the names.
        sql = f"{function}({{0}}, {{1}})" if name == "btrim" else f"{function}({{1}}, {{0}})"
        odd = "{1} = ''" if name == "btrim" else "{0} = ''"
        yield Line(name, (STRING, STRING), STRING, sql, odd)
    yield Line("btrim", (STRING,), STRING, "trim({0}, ' ')")
    gone = "CASE WHEN {3} < 0 THEN length({1}) ELSE {3} END"
    rest = f"substring({{0}}, CAST({{2}} + {gone} AS BIGINT))"
    sql = f"left({{0}}, {{2}} - 1) || {{1}} || {rest}"
    near = "{2} BETWEEN 1 AND 1000000 AND {3} BETWEEN -1000000 AND 1000000"
    sql = f"CASE WHEN {near} THEN {sql} END"
    yield Line("overlay", (STRING, STRING, INTEGER, INTEGER), STRING, sql, f"NOT ({near})")


def _patterns() -> Iterator[Line]:
    """Regular expressions, which are looked at where they are read (`patterns`)."""
    found = "regexp_extract_all({0}, {1})"
    yield Line("regexp_count", (STRING, STRING), INTEGER, f"CAST(len({found}) AS INTEGER)")
    yield Line("regexp_substr", (STRING, STRING), STRING, "nullif(regexp_extract({0}, {1}), '')",
               nullable="always")  # fmt: skip
    yield Line("regexp_extract_all", (STRING, STRING, INTEGER), array_of(STRING),
               "regexp_extract_all({0}, {1}, {2})")  # fmt: skip


def _digests() -> Iterator[Line]:
    for kind in (STRING, BINARY):
        for name in ("md5", "sha1"):
            yield Line(name, (kind,), STRING, f"{name}({{0}})")
        yield Line("sha2", (kind, INTEGER), STRING, "CASE WHEN {1} IN (0, 256) THEN sha256({0}) END",
                   "{1} NOT IN (0, 256)", "always")  # fmt: skip
    # Longer results have line breaks.
    yield Line("base64", (BINARY,), STRING, "base64({0})", "octet_length({0}) > 57")
    yield Line("base64", (STRING,), STRING, "base64(encode({0}))", "strlen({0}) > 57")
    odd = "NOT regexp_full_match({0}, '([0-9a-fA-F][0-9a-fA-F])*')"
    sql = f"CASE WHEN {odd} THEN NULL ELSE unhex({{0}}) END"
    yield Line("unhex", (STRING,), BINARY, sql, odd, "always")
    sign = "[A-Za-z0-9+/]"
    odd = f"NOT regexp_full_match({{0}}, '({sign}{sign}{sign}{sign})*')"
    yield Line("unbase64", (STRING,), BINARY, f"CASE WHEN {odd} THEN NULL ELSE from_base64({{0}}) END", odd)
    yield Line("encode", (STRING,), BINARY, "encode({0})")
