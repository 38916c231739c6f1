"""Random SQL queries that try to be read in two ways: by the checker, and by Spark.

Names are few, so that common table expressions, views, aliases and tables that no guest was given get the
same ones; comments, quotes and escapes stand between any two tokens.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

# The guest's views, and names that the session has views of which no guest was given.
VIEWS: Final = ("v", "w")
OTHERS: Final = (
    "a", "b", "q", "t", "secret", "é", "x y", "a.b", "e`f", "select", "values", "range", "lateral", "limit",
    "where", "pivot", "window", "from", "table", "exists", "interval", "except", "having", "explode", "outer",
    "natural",
)  # fmt: skip
COLUMNS: Final = ("id", "x", "y", "n", "s", "flag", "arr", "m", "st", "d")

_COMMENTS: Final = (
    "/* c */", "/**/", "/* /* nested */ */", "/*/ x */", "/* ' */", '/* " */', "/* ` */", "-- c\n",
    "-- c \\\n c\n",
    "--\n", "/* -- */", "-- /*\n", "-- '\n", "/***/", "/* from secret */", "-- from secret\n", "/* */ /* */",
    "/* \n */", "-- \\\\\n", "/* ; */", "/*'*/",
)  # fmt: skip
_STRINGS: Final = (
    "'a'", '"b"', "'it''s'", r"'it\'s'", r"'\\'", "''", "'--'", "'/*'", "'`'", "'a' 'b'", "r'\\'", 'R"x"',
    "'é'", r"'\u0027'", r"'\x27'", r"'\047'", '"it\'s"', "' from secret '", "'\n'", r"'\%'", "'\\'\\'",
)  # fmt: skip
_NUMBERS: Final = ("1", "2L", "1.5", "1e3", "1.", ".5", "1BD", "0x1", "1e", "1_0", "5S")

_KEYWORDS: Final = OTHERS[OTHERS.index("select") :]
_NO_TABLES: Final = (
    "text.`/etc/passwd`", "`text`.`/etc/passwd`", "default.secret", "global_temp.secret", "table(v)",
    "identifier('secret')", "'secret'", "stream(v)",
)  # fmt: skip
_TABLE_CALLS: Final = (
    "range(3)", "range(0, 3)", "explode(array(1, 2))", "stack(1, 2)", "values (1), (2)", "range ( 9 )",
    "inline(array(struct(1)))", "json_tuple('{}', 'a')", "values 1, 2", "values w", "values (1), secret",
    "values (1), (w)", "values abs(null)", "lateral w", "lateral (select 1)", "values (2, null), (1, true)",
)  # fmt: skip
_VALUES: Final = (
    "sum(x)", "count(*)", "transform(arr, e -> e + 1)", "st.a", "m['a']", "arr[0]", "-x", "cast(x as int)",
    "x::int", "id between 1 and 2", "s like '%a'", "x % 2", "v.id", "max(x) over (partition by s)", "x <=> y",
    "case when flag then 1 end", "date '2024-01-01'", "extract(year from d)", "- -1", "id -- 1\n",
    "x is null", "interval 1 day", "trim(both from s)", "trim('a' from s)", "n <> 1",
    "id is distinct from 1",
)  # fmt: skip


class Grammar:
    """Draws queries.

    Attributes:
        draw: the random generator.
    """

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw

    def text(self) -> str:
        """A query as text, with blanks and comments between its tokens."""
        parts: list[str] = []
        for token in self.query(3):
            parts.append(self._blank())
            parts.append(token.upper() if token.isalpha() and self._chance(0.1) else token)
        return "".join(parts).strip() + (";" if self._chance(0.02) else "")

    def query(self, depth: int) -> list[str]:
        """A query, with common table expressions now and then."""
        tokens: list[str] = []
        if self._chance(0.35) and depth:
            tokens += ["with"]
            for index in range(self.draw.randint(1, 2)):
                tokens += [","] * (index > 0) + [self._name()]
                tokens += ["(", "id", ")"] * self._chance(0.1) + ["as"] * self._chance(0.9)
                tokens += ["(", *self.query(depth - 1), ")"]
        tokens += self._term(depth)
        while self._chance(0.15):
            tokens += [self._pick("union", "union all", "except", "intersect", "minus"), *self._term(depth)]
        if self._chance(0.15):
            tokens += ["order", "by", self._pick("id", "1", "all")]
        if self._chance(0.1):
            tokens += ["limit", self._pick("1", "all")]
        return tokens

    def _term(self, depth: int) -> list[str]:
        if depth and self._chance(0.1):
            return ["(", *self.query(depth - 1), ")"]
        if self._chance(0.05):
            return ["values", "(", *self._value(0), ")", *["as", self._name()] * self._chance(0.3)]
        tokens = ["select", *["distinct"] * self._chance(0.1), *self._items(depth)]
        if self._chance(0.93):
            tokens += ["from", *self._relation(depth)]
            while self._chance(0.25):
                tokens += self._joined(depth)
            if self._chance(0.15):
                tokens += [
                    "lateral",
                    "view",
                    *["outer"] * self._chance(0.3),
                    self._pick("explode", "posexplode"),
                ]
                tokens += ["(", "arr", ")", self._name(), *["as", self._name()] * self._chance(0.6)]
        if self._chance(0.3):
            tokens += ["where", *self._value(depth), "is", "not", "null"]
        if self._chance(0.1):
            tokens += ["group", "by", self._pick("id", "all", "1", "rollup (id)", "id with cube")]
        return tokens

    def _items(self, depth: int) -> list[str]:
        if self._chance(0.35):
            return [self._pick("*", "v.*", "* except (id)", "count(*)", "1")]
        tokens: list[str] = []
        for index in range(self.draw.randint(1, 3)):
            tokens += [","] * (index > 0) + self._value(depth)
            tokens += ["as", self._name()] if self._chance(0.2) else [self._name()] * self._chance(0.1)
        return tokens

    def _relation(self, depth: int) -> list[str]:
        make: Callable[[], list[str]] = self.draw.choice(
            (self._table, self._table, self._table, self._function, self._function)
            if not depth
            else (self._table,) * 5
            + (self._function, lambda: self._subquery(depth), lambda: self._nested(depth))
        )
        tokens = make()
        if self._chance(0.08):
            tokens += ["tablesample", "(", "50", "percent", ")"]
        if self._chance(0.3):
            tokens += [*["as"] * self._chance(0.5), self._name(), *["(", "id", ")"] * self._chance(0.1)]
        if self._chance(0.05):
            tokens += ["pivot", "(", "count", "(", "id", ")", "for", "n", "in", "(", "1", ",", "2", ")", ")"]
        if self._chance(0.04):
            tokens += ["unpivot", "(", "val", "for", "nam", "in", "(", "id", ",", "n", ")", ")"]
        return tokens

    def _joined(self, depth: int) -> list[str]:
        if self._chance(0.3):
            return [",", *["lateral"] * self._chance(0.2), *self._relation(depth)]
        kind = self._pick(
            "join", "left join", "cross join", "left semi join", "natural join", "full outer join"
        )
        tokens = [*kind.split(), *["lateral"] * self._chance(0.1), *self._relation(depth)]
        return tokens + (
            ["on", "true"] if self._chance(0.4) else ["using", "(", "id", ")"] * self._chance(0.3)
        )

    def _table(self) -> list[str]:
        if self._chance(0.75):
            return [self._pick("v", "w", "V", "`v`", "`W`")]
        if self._chance(0.06):
            return [self._pick(*_NO_TABLES)]
        return [self._name()]

    def _function(self) -> list[str]:
        return [self._pick(*_TABLE_CALLS)]

    def _subquery(self, depth: int) -> list[str]:
        return [*["lateral"] * self._chance(0.1), "(", *self.query(depth - 1), ")"]

    def _nested(self, depth: int) -> list[str]:
        inner = self._relation(depth - 1)
        return ["(", *inner, *(self._joined(depth - 1) if self._chance(0.4) else []), ")"]

    def _value(self, depth: int) -> list[str]:
        if depth and self._chance(0.12):
            opening = self._pick("(", "exists (", "id in (", "not exists (", "coalesce ( 1 , (").split()
            return [*opening, *self.query(depth - 1), *[")"] * opening.count("(")]
        if self._chance(0.25):
            return [self._pick(*_STRINGS)]
        if self._chance(0.15):
            return [self._pick(*_NUMBERS)]
        if self._chance(0.2):
            return [self._pick(*_VALUES)]
        return [self._pick(*COLUMNS) if self._chance(0.8) else self._name()]

    def _name(self) -> str:
        """A name, quoted where it must be and sometimes where it need not."""
        name = self.draw.choice((*VIEWS, *OTHERS)) if self._chance(0.9) else self._pick(*COLUMNS)
        if not name.isascii() or not name.isalnum() or name in _KEYWORDS or self._chance(0.15):
            return name if self._chance(0.05) else "`" + name.replace("`", "``") + "`"
        return name.upper() if self._chance(0.1) else name

    def _blank(self) -> str:
        if self._chance(0.06):
            return self._pick("", " ", "\n") + self._pick(*_COMMENTS) + self._pick("", " ")
        return self._pick(" ", " ", " ", " ", "\n", "\t ", "") if self._chance(0.15) else " "

    def _pick(self, *texts: str) -> str:
        return self.draw.choice(texts)

    def _chance(self, share: float) -> bool:
        return self.draw.random() < share
