"""PySpark's own docstrings as metrics: each example as it stands, and what it shows compared as doctest does.

One source holds several docstrings, a function for each, since a run costs more than an example. The same
source runs in the sandbox and on plain PySpark, which says which docstrings hold at all on a Connect server.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pyspark.sql import functions, types

from engine import Limits

MODULES: Final = (
    "pyspark.sql.functions.builtin",
    "pyspark.sql.dataframe",
    "pyspark.sql.column",
    "pyspark.sql.group",
    "pyspark.sql.window",
    "pyspark.sql.types",
    "pyspark.sql.tvf",
    "pyspark.sql.conf",
)
# What stands before a docstring, before what an example shows, and before an error that ended a docstring.
START, EXAMPLE, ERROR = "@docstring@", "@example@", "@error@"
# Of a metric of many docstrings.
LIMITS: Final = Limits(
    wall_seconds=300, frame_seconds=300, plans=10_000, printed_bytes=4 << 20, source_bytes=4 << 20
)
_TELL: Final = f"print({ERROR!r} + type(error).__name__ + ': ' + str(error)[:300])"
_FLAGS: Final = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_STAR: Final = re.compile(r"^from [\w.]+ import \*$", re.MULTILINE)
_TAKEN_FOR_GRANTED: Final = {
    **{name: "pyspark.sql.types" for name in vars(types) if name[0].isupper()},
    **dict.fromkeys(functions.__all__, "pyspark.sql.functions"),
    "Row": "pyspark.sql",
    "Window": "pyspark.sql.window",
}
_VIEW: Final = re.compile(r"TempView\(\"(\w+)\"\)")


@dataclass(frozen=True)
class Docstring:
    """One docstring with examples.

    Attributes:
        name: of what it documents, without "pyspark.sql.".
        examples: those that are not marked to be left out.
    """

    name: str
    examples: tuple[doctest.Example, ...]


def collect(modules: Sequence[str] = MODULES) -> tuple[Docstring, ...]:
    """Every docstring of the modules that has an example."""
    found: dict[str, Docstring] = {}
    for module_name in modules:
        module = importlib.import_module(module_name)
        for test in doctest.DocTestFinder().find(module, module_name):
            examples = tuple(one for one in test.examples if not one.options.get(doctest.SKIP))
            name = test.name.removeprefix("pyspark.sql.").replace("functions.builtin", "F")
            if examples:
                found.setdefault(name, Docstring(name, examples))
    return tuple(found.values())


def write_source(docstrings: Sequence[Docstring], *, each: bool = False) -> str:
    """A metric that runs docstrings one after the other.

    Args:
        docstrings: they.
        each: whether an example that raises does not end its docstring.
    """
    stars = sorted({star for one in docstrings for star in _STAR.findall(_text(one))})
    parts = [*stars, *(_write_function(number, one, each) for number, one in enumerate(docstrings))]
    views = sorted({view for one in docstrings for view in _VIEW.findall(_text(one))})
    dropped = "".join(f"    df.sparkSession.catalog.dropTempView({view!r})\n" for view in views)
    calls = "".join(
        f"{dropped}"
        f"    print({START + str(number)!r})\n"
        f"    try:\n        docstring_{number}(df.sparkSession, df)\n"
        f"    except Exception as error:\n"
        f"        {_TELL}\n"
        for number in range(len(docstrings))
    )
    return "\n".join([*parts, f"def calc_metric(df):\n{calls}    return 1\n"])


def lines_of(source: str) -> dict[int, range]:
    """The lines of each docstring's function in a source."""
    return {
        int(node.name.rpartition("_")[2]): range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("docstring_")
    }


def judge(docstring: Docstring, shown: str) -> str:
    """What is wrong with what a docstring showed; "" if all is as it is written there."""
    for example, wrong in judge_each(docstring, shown):
        if wrong:
            return f"{example!r} {wrong}"
    parts = shown.split(EXAMPLE)[1:]
    if not parts and ERROR in shown:
        return shown.partition(ERROR)[2].strip()
    return "" if len(parts) == len(docstring.examples) else "it did not come to its end"


def judge_each(docstring: Docstring, shown: str) -> list[tuple[str, str]]:
    """The examples that a docstring came to, each with what is wrong with what it showed."""
    parts = shown.split(EXAMPLE)[1:]
    return [
        (example.source.strip(), _judge(example, got))
        for example, got in zip(docstring.examples, parts, strict=False)
    ]


def _judge(example: doctest.Example, got: str) -> str:
    got, failed, error = got.partition(ERROR)
    if failed:
        return f"raised {error.strip()}"
    flags = _FLAGS
    for option, on in example.options.items():
        flags = flags | option if on else flags & ~option
    if example.exc_msg is not None:
        raised, want = got.strip().partition(":")[0], example.exc_msg.partition(":")[0].rpartition(".")[2]
        return "" if raised.strip() == want.strip() else f"raised {got.strip()[:100]!r}"
    checker = doctest.OutputChecker()
    as_written = checker.check_output(example.want, got.removeprefix("\n"), flags)
    return "" if as_written or _lines(example.want) == _lines(got) else f"showed {got.strip()[:200]!r}"


def split(printed: str) -> dict[int, str]:
    """What each docstring of a source showed, by its number."""
    parts = printed.split(START)[1:]
    return {int(head): body for head, _, body in (part.partition("\n") for part in parts)}


def _lines(text: str) -> list[list[str]]:
    """The lines of a text in an order of their own: rows that nothing sorts come in any."""
    return sorted(filter(None, map(str.split, text.splitlines())))


def _text(docstring: Docstring) -> str:
    return "".join(example.source for example in docstring.examples)


def _write_function(number: int, docstring: Docstring, each: bool) -> str:
    lines = [
        f"from {_TAKEN_FOR_GRANTED[name]} import {name}"
        for name in _taken_for_granted(docstring)
        if docstring.name.startswith("F.") or name not in functions.__all__
    ]
    for example in docstring.examples:
        text = _write_example(example)
        if each:
            text = f"try:\n{textwrap.indent(text, '    ')}\nexcept Exception as error:\n    {_TELL}"
        lines += [f"print({EXAMPLE!r})", *text.splitlines()]
    return f"def docstring_{number}(spark, df):\n{textwrap.indent(chr(10).join(lines), '    ')}\n"


def _taken_for_granted(docstring: Docstring) -> list[str]:
    """What a docstring uses without importing it, since the module that it stands in has it."""
    nodes = [node for example in docstring.examples for node in ast.walk(_parse(example.source))]
    used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    named = {node.asname or node.name.partition(".")[0] for node in nodes if isinstance(node, ast.alias)}
    bound |= named - set(functions.__all__)  # those may be used before they are imported
    stars = any(isinstance(node, ast.alias) and node.name == "*" for node in nodes)
    return [] if stars else sorted((used - bound) & _TAKEN_FOR_GRANTED.keys())


def _parse(text: str) -> ast.AST:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _write_example(example: doctest.Example) -> str:
    """An example, whose value is shown as at Python's prompt; star imports stand at the top."""
    text = _STAR.sub("pass", example.source.rstrip("\n"))
    try:
        (statement,) = ast.parse(text).body
    except (SyntaxError, ValueError):
        return text
    if isinstance(statement, ast.Expr):
        last = ast.get_source_segment(text, statement) or text
        text = f"shown = (\n{last}\n)\nif shown is not None:\n    print(repr(shown))"
    if example.exc_msg is None:
        return text
    return f"try:\n{textwrap.indent(text, '    ')}\nexcept Exception as e:\n    print(type(e).__name__ + ':')"
