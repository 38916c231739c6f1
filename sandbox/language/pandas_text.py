"""Untrusted side. What of pandas takes text as code, writes where it is told, or sets how things are shown.

`query` and `eval` are pandas' own, for texts that only compare and compute: pandas would also read
attributes, call methods, and look names up in the frames of its callers. What writes may only print, and what
a metric sets of the display ends with the frame.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any, Final, NoReturn

Refuse = Callable[[str, str, str], NoReturn]

_MOST: Final = 10_000
# A column whose name is no Python name, as pandas quotes it.
_QUOTED: Final = re.compile(r"`([A-Za-z][\w .-]{0,199})`")
_NODES: Final = (
    ast.Expression | ast.Module | ast.Expr | ast.Assign | ast.BoolOp | ast.BinOp | ast.UnaryOp | ast.Compare
    | ast.Name | ast.Constant | ast.List | ast.Tuple | ast.boolop | ast.operator | ast.unaryop | ast.cmpop
    | ast.expr_context
)  # fmt: skip
_MASK: Final = "use a Boolean mask, such as pdf[pdf['score'] > limit]"
# Powers make numbers of any length, shifts and matrix products are not pandas' either.
_OPERATORS: Final = (ast.Pow, ast.LShift, ast.RShift, ast.MatMult)

# Options that are what they were when the next frame begins.
_display_is_changed = False


def guard_checked(name: str, call: Callable[..., Any], refuse: Refuse) -> Callable[..., Any]:
    """The bound method `query`, `eval`, `to_string` or `info` of a frame, with its arguments checked."""
    if name in ("query", "eval"):
        return _guard_expression(name, call, refuse)

    def guarded(*args: Any, **kwargs: Any) -> Any:
        place = 1 if name == "info" else 0
        if len(args) > place or kwargs.get("buf") is not None:
            hint = "leave buf out; pdf.to_string() returns the text, and what is printed is returned"
            refuse("call-refused", f"{name}(buf=...) writes elsewhere", hint)
        return call(*args, **kwargs)

    return guarded


def _guard_expression(name: str, call: Callable[..., Any], refuse: Refuse) -> Callable[..., Any]:
    def guarded(expr: Any, *, inplace: bool = False) -> Any:
        if type(expr) is not str:
            refuse("call-refused", f"{name} takes a plain str", _MASK)
        reason = find_refusal(expr, assigns=name == "eval")
        if reason:
            refuse("call-refused", f"{name}({_shorten(expr)!r}): {reason}", suggest_mask(expr))
        return call(expr, inplace=inplace is True, engine="python", parser="pandas")

    return guarded


def find_refusal(text: str, *, assigns: bool) -> str:
    """Why pandas may not be given an expression; "" if it may: comparisons and arithmetic of columns.

    Args:
        text: of the expression.
        assigns: whether `name = expression` is fine.
    """
    if len(text) > _MOST:
        return "it is too long"
    if "@" in text:
        return "it reads a variable; put the value into the text, as in f'score > {limit}'"
    try:
        tree = ast.parse(_QUOTED.sub("quoted", text).strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "it is not an expression"
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr | ast.Assign):
        return "it is not one expression"
    statement = tree.body[0]
    if isinstance(statement, ast.Assign) and not (assigns and _is_plain_target(statement)):
        return "it assigns"
    for node in ast.walk(tree):
        if not isinstance(node, _NODES) or isinstance(node, _OPERATORS):
            return f"{type(node).__name__} is neither a comparison nor arithmetic"
        if isinstance(node, ast.Name) and node.id.startswith("_"):
            return f"{node.id} begins with an underscore"
    return ""


def suggest_mask(text: str) -> str:
    """A hint with the very mask, if the text is a plain condition apart from variables and calls."""
    try:
        tree = ast.parse(_QUOTED.sub("quoted", text).replace("@", "").strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _MASK
    if len(text) > 200 or "`" in text or not isinstance(tree.body, ast.Compare | ast.BoolOp | ast.Call):
        return _MASK
    variables = set(re.findall(r"@\s*(\w+)", text))
    shown = ast.unparse(_Masked(variables).visit(tree))
    return f"use the mask itself: pdf[{shown}]"


class _Masked(ast.NodeTransformer):
    """A condition of pandas' as Python: columns as items, and `and`, `or`, `not` as operators of arrays."""

    def __init__(self, variables: set[str]) -> None:
        self._variables = variables

    def visit_Name(self, node: ast.Name) -> Any:
        """A column, unless it is a variable of the author's."""
        if node.id in self._variables:
            return node
        return ast.Subscript(ast.Name("pdf", ast.Load()), ast.Constant(node.id), ast.Load())

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        """`and` and `or`."""
        parts = [self.visit(value) for value in node.values]
        operator = ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()
        joined = parts[0]
        for part in parts[1:]:
            joined = ast.BinOp(joined, operator, part)
        return joined

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        """`not`."""
        operator = ast.Invert() if isinstance(node.op, ast.Not) else node.op
        return ast.UnaryOp(operator, self.visit(node.operand))

    def visit_Compare(self, node: ast.Compare) -> Any:
        """`in` asks for members."""
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            method = ast.Attribute(self.visit(node.left), "isin", ast.Load())
            called = ast.Call(method, [self.visit(node.comparators[0])], [])
            return ast.UnaryOp(ast.Invert(), called) if isinstance(node.ops[0], ast.NotIn) else called
        self.generic_visit(node)
        return node


def guard_option(name: str, call: Callable[..., Any], refuse: Refuse) -> Callable[..., Any]:
    """`option_context` and its like, for options of the display; they end with the frame."""

    def guarded(*args: Any) -> Any:
        keys = args[::2] if name in ("option_context", "set_option") else args
        for key in keys:
            if type(key) is not str or not _is_display(key):
                hint = "use options of the display, such as 'display.max_rows'"
                refuse("call-refused", f"pd.{name}({key!r}) is not a display option", hint)
        global _display_is_changed
        _display_is_changed = True
        return call(*args)

    return guarded


def renew_display() -> None:
    """Show things as pandas does when it is loaded."""
    global _display_is_changed
    if _display_is_changed:
        import pandas as pd  # here: where sources are only compiled, nothing loads it

        pd.reset_option("^display\\.", silent=True)  # type: ignore[call-arg] # the stubs lack it
        _display_is_changed = False


def _is_display(key: str) -> bool:
    """Whether a name means one option, of the display: pandas takes patterns, too."""
    return re.fullmatch(r"display(\.[a-z_]+)+", key) is not None


def _is_plain_target(statement: ast.Assign) -> bool:
    return len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)


def _shorten(text: str) -> str:
    return text if len(text) <= 100 else text[:100] + "…"
