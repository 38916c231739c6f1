"""Metrics that return several numbers, and hostile ones, for the tests on Spark and on Snowpark frames."""

from __future__ import annotations

from tests.metric_text import metric_text

# Bodies of a calc_metric that declares several numbers, and what the frame's results are: names with
# statuses, or None with the code of its error.
HOSTILE: dict[str, tuple[str, dict[str | None, str]]] = {
    "control characters": ("return {'a\\x1b[31m': 1}", {None: "returned-names"}),
    "a title for the terminal": ("return {'\\x1b]0;x\\x07': 1}", {None: "returned-names"}),
    "a formula": ("return {'=cmd|calc': 1, 'b': 2}", {None: "returned-names"}),
    "right to left": ("return {'\\u202ecua': 1}", {None: "returned-names"}),
    "a lone surrogate": ("return {'\\ud800': 1}", {None: "returned-names"}),
    "a million names": ("return {str(i): i for i in range(10**6)}", {None: "returned-names"}),
    "a long name": ("return {'x' * 10**6: 1}", {None: "returned-names"}),
    "NaN as a name": ("return {float('nan'): 1}", {None: "returned-names"}),
    "None as a name": ("return {None: 1}", {None: "returned-names"}),
    "numbers as names": ("return {1: 1, 2: 2}", {None: "returned-names"}),
    "one name in two spellings": ("return {'\\u00e9': 1, 'e\\u0301': 2}", {None: "returned-names"}),
    "a name that is never equal": (
        "class Name(str):\n"
        "    def __eq__(self, other):\n        return False\n"
        "    def __hash__(self):\n        return 7\n"
        "return {Name('a'): 1, Name('a'): 2}",
        {None: "returned-names"},
    ),
    "a dict that lies about its items": (
        "class Lies(dict):\n"
        "    def items(self):\n        return [('b', 2)]\n"
        "    def __iter__(self):\n        return iter(['b'])\n"
        "    def __len__(self):\n        return 10**9\n"
        "return Lies(a=1)",
        {"a": "ok"},
    ),
    "a value that changes the dict": (
        "found = {}\n"
        "class Value:\n"
        "    def __len__(self):\n        found['b'] = 1\n        return 1\n"
        "found['a'] = Value()\n"
        "return found",
        {"a": "invalid_output"},
    ),
    "a named tuple of its own making": (
        "class Pair(tuple):\n    names = 1\npair = Pair((1, 2))\nreturn pair",
        {None: "returned-other"},
    ),
    "a text that says another name": (
        "class Name(str):\n    def __str__(self):\n        return 'b'\nreturn {Name('a'): 1}",
        {"a": "ok"},
    ),
    "values that are none": (
        "return {'a': None, 'b': 'x', 'c': float('inf'), 'd': True, 'e': [1], 'f': {}, 'h': 1j, 'i': 2}",
        {**dict.fromkeys("abcdefh", "invalid_output"), "i": "ok"},
    ),
    "one number": ("return 0.5", {None: "returned-names"}),
    "not a number": ("return float('nan')", {None: "nan"}),
    "nothing": ("return {}", {None: "missing"}),
    "a list": ("return [('a', 1)]", {None: "returned-collection"}),
    "a Series": ("return pd.Series({'a': 1.5, 'b': float('nan')})", {"a": "ok", "b": "nan"}),
    "a Series with a name twice": ("return pd.Series([1, 2], index=['a', 'a'])", {None: "returned-names"}),
    "a DataFrame": ("return pd.DataFrame({'a': [1]})", {None: "returned-frame"}),
    "a Row": (
        "return df.agg(F.min('n').alias('a'), F.max('n').alias('b')).collect()[0]",
        {"a": "ok", "b": "ok"},
    ),
    "a Row with a name twice": (
        "return df.select(F.col('n').alias('a'), F.col('n').alias('a')).limit(1).collect()[0]",
        {None: "returned-names"},
    ),
}


def source_of(body: str, before: str, returns: str = "dict[str, float]") -> str:
    """A metric that declares several numbers."""
    return metric_text(body, f"import pandas as pd\n{before}", returns=returns)


def told(results: object) -> dict[str | None, str]:
    """The names of a run of one frame with their statuses, and codes for what has no name."""
    return {
        one.name: one.status if one.name is not None or one.error is None else one.error.code
        for one in results  # type: ignore[attr-defined]
    }
