"""Untrusted side. From the author's bytes to a `Program`; every problem at once, and never an exception.

The text is decoded here and given to Python's parser as str, so a coding line cannot switch codecs. It
runs inside the confined worker, because hostile text can crash a parser.
"""

from __future__ import annotations
import __future__

import ast
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, TypeGuard

from sandbox.contract.messages import Frames, Problem
from sandbox.contract.signature import NOTHING_DECLARED
from sandbox.language.functions import named_functions
from sandbox.language.metric import check_frames, check_metric, strip_annotations
from sandbox.language.policy import MetricPolicy
from sandbox.language.problems import make_problem
from sandbox.language.program import FILENAME, Program
from sandbox.language.scope import find_scope
from sandbox.language.signature import read_signature
from sandbox.language.standard import expand

# PEP 263: a coding declaration, in the first two lines.
_CODING: Final = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
# The two sides of `__name__ == "__main__"`.
_MAIN: Final = {ast.dump(ast.Name("__name__", ast.Load())), ast.dump(ast.Constant("__main__"))}
_UTF8: Final = frozenset({"utf-8", "utf8", "utf-8-sig", "u8", "utf_8", "ascii", "us-ascii"})

# The visitor takes a few Python calls for each level of nesting; the interpreter's default of 1000 would
# refuse honest chains of 300 terms, and much more would overflow the compiler's C stack.
_RECURSION: Final = 4000


def compile_source(
    source: bytes,
    *,
    source_bytes: int,
    extra_imports: tuple[str, ...] = (),
    frames: Frames | None = None,
) -> Program:
    """Compile a source under the policy.

    Args:
        source: the author's bytes, whatever they are.
        source_bytes: the most that a source may have.
        extra_imports: module names, and names of presets, that the site allows beside the built-in list.
        frames: whose frames calc_metric will get; None if nobody knows.

    Returns:
        A program; its `problems` are sorted, its `code` is None if one of them is an error.
    """
    extra_imports = expand(extra_imports)
    text, problems = _check_text(source, source_bytes)
    if text is None:
        return Program(problems, None, extra_imports=extra_imports)
    try:
        with _room_to_recurse():
            return _compile_text(text, problems, extra_imports, frames)
    except (RecursionError, MemoryError):
        hint = "split long expressions, and put long lists of values into several statements"
        problem = make_problem(1, 1, "source-too-complex", "the source nests too deeply", hint)
    except SyntaxError as error:
        problem = _describe_syntax_error(error)
    except Exception as error:  # a hostile text can trip the compiler anywhere; unknown means refused
        message = f"Python cannot compile the source ({type(error).__name__})"
        problem = make_problem(1, 1, "source-too-complex", message, "simplify it")
    return Program((*problems, problem), None, extra_imports=extra_imports)


def compile_unrestricted(source: bytes) -> Program:
    """Compile without the language layer; for tests of the other layers only.

    Raises:
        SyntaxError: the source cannot be parsed.
    """
    text = source.decode("utf-8-sig")
    signature = read_signature(ast.parse(text), _make_place_of(text), lambda *_: None)
    code = compile(source, FILENAME, "exec", dont_inherit=True)
    return Program((), code, restricted=False, signature=signature)


def _check_text(source: bytes, source_bytes: int) -> tuple[str | None, tuple[Problem, ...]]:
    """Decode; the first problem that makes reading on pointless is the only one."""
    if len(source) > source_bytes:
        message = f"the source has {len(source)} bytes; at most {source_bytes} are allowed"
        return None, (make_problem(1, 1, "source-too-long", message, "keep data out of the source"),)
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _locate(source, error.start)
        message = f"byte 0x{source[error.start]:02x} is not UTF-8"
        return None, (make_problem(line, column, "source-not-utf8", message, "save the file as UTF-8"),)
    if "\0" in text:
        line, column = _locate(source, source.index(b"\0"))
        hint = "delete it; the file may be UTF-16, save it as UTF-8"
        return None, (make_problem(line, column, "source-null-byte", "there is a null byte", hint),)
    for number, line_text in enumerate(text.splitlines()[:2], 1):
        match = _CODING.match(line_text)
        if match and match.group(1).lower() not in _UTF8:
            message = f"the source declares the encoding {match.group(1)}; sources are UTF-8"
            problem = make_problem(number, match.start(1) + 1, "source-encoding", message, "delete this line")
            return text, (problem,)
    return text, ()


def _locate(source: bytes, position: int) -> tuple[int, int]:
    """1-based line and column, in characters, of a byte."""
    before = source[:position]
    last = before.rpartition(b"\n")[2]
    return before.count(b"\n") + 1, len(last.decode("utf-8", "replace")) + 1


def _compile_text(
    text: str, problems: tuple[Problem, ...], extra: tuple[str, ...], frames: Frames | None
) -> Program:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tree = _without_main(ast.parse(text, FILENAME))
        if _is_empty(tree):
            empty = make_problem(1, 1, "source-empty", "there is no code", "define `def calc_metric(df):`")
            return Program((*problems, empty), None, extra_imports=extra)
        place_of = _make_place_of(text)
        policy = MetricPolicy(find_scope(tree, extra), extra, place_of)
        check_metric(tree, policy.report)
        signature, functions = read_signature(tree, place_of, policy.report), named_functions(tree)
        if frames is not None:
            check_frames(tree, frames, policy.report)
        strip_annotations(tree)
        flags = _future_flags(tree)
        try:  # finds what parsing does not, such as a return outside of a function
            compile(tree, FILENAME, "exec", flags=flags, dont_inherit=True)
        except SyntaxError as error:
            problems = (*problems, _describe_syntax_error(error))
        tree = ast.fix_missing_locations(policy.visit(tree))
        found = [*problems, *policy.problems]
        code = None
        if not any(problem.severity == "error" for problem in found):
            code = compile(tree, FILENAME, "exec", flags=flags, dont_inherit=True)
    for warning in caught:
        message = str(warning.message)
        found.append(make_problem(warning.lineno, 1, "python-warning", message, "", "warning"))
    declared = NOTHING_DECLARED if code is None else replace(signature, functions=functions)
    return Program(tuple(sorted(set(found))), code, extra_imports=extra, signature=declared)


def _without_main(tree: ast.Module) -> ast.Module:
    """The module as it is when it is imported: `if __name__ == "__main__":` is for running it by hand."""
    tree.body = [kept for node in tree.body for kept in (node.orelse if _is_main(node) else [node])]
    return tree


def _is_main(node: ast.stmt) -> TypeGuard[ast.If]:
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    test = node.test
    sides = {ast.dump(side) for side in (test.left, *test.comparators)}
    return sides == _MAIN and [type(operator) for operator in test.ops] == [ast.Eq]


def _is_empty(tree: ast.Module) -> bool:
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in tree.body)


def _future_flags(tree: ast.Module) -> int:
    """The one future statement that still does something, as a flag: its import would need `__import__`."""
    names = {
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for alias in node.names
    }
    return __future__.annotations.compiler_flag if "annotations" in names else 0


def _make_place_of(text: str) -> Callable[[ast.AST], tuple[int, int]]:
    """Lines and columns in characters (the parser counts UTF-8 bytes); an attribute has its own."""
    lines = [line.encode() for line in re.split(r"\r\n|\r|\n", text)]

    def place_of(node: ast.AST) -> tuple[int, int]:
        line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        if isinstance(node, ast.Attribute) and node.end_lineno and node.end_col_offset:
            line, offset = node.end_lineno, max(node.end_col_offset - len(node.attr.encode()), 0)
        if not 1 <= line <= len(lines):
            return 1, 1
        return line, len(lines[line - 1][:offset].decode("utf-8", "replace")) + 1

    return place_of


def _describe_syntax_error(error: SyntaxError) -> Problem:
    line, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
    message = error.msg or "invalid syntax"
    if "too many nested" in message or "too complex" in message or "recursion" in message:
        return make_problem(line, column, "source-too-complex", message, "split long expressions")
    hint = "use either tabs or spaces to indent" if isinstance(error, TabError) else ""
    return make_problem(line, column, "syntax-error", message, hint)


@contextmanager
def _room_to_recurse() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
