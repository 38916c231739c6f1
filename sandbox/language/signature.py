"""Untrusted side. What calc_metric declares, read from its annotations, which nothing evaluates.

`-> dict[str, float]` says that it returns a number for each of several names. A keyword-only parameter with a
default is one that a caller may set, if its type is among those below. An annotation may be a text.
A second positional parameter that is called `baseline` takes a second frame.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Final

from sandbox.contract.signature import (
    MOST_OPTIONS,
    MOST_PARAMETERS,
    NAME_CHARS,
    TEXT_CHARS,
    Parameter,
    ParameterKind,
    Scalar,
    Signature,
    TakesBaseline,
    to_scalar,
)
from sandbox.language.functions import named_words
from sandbox.language.metric import Report, find_baseline, find_functions, find_parameters

Place = Callable[[ast.AST], tuple[int, int]]

_DICTS: Final = frozenset({"dict", "Dict", "Mapping", "MutableMapping"})
_NUMBERS: Final = frozenset({"float", "int", "Number", "Real", "Decimal", "Fraction"})
_KINDS: Final[dict[str, ParameterKind]] = {
    "bool": "bool",
    "int": "int",
    "float": "float",
    "str": "str",
    "ColumnName": "column",
}
# What an annotation may be around a type without changing it.
_WRAPPERS: Final = frozenset({"Required", "NotRequired", "ReadOnly", "Final"})
# As long as a number of a Literal[...] may be: what a column of whole numbers holds.
_INTEGER_BITS: Final = 63


def read_signature(tree: ast.Module, place_of: Place, report: Report) -> Signature:
    """What the calc_metric of a module declares: the last one, which is the one that counts.

    Args:
        tree: the author's own.
        place_of: line and column of a node, both from 1.
        report: `report(node, code, message, hint, severity)`.
    """
    baseline = _read_baseline(tree, place_of)
    found = find_functions(tree)
    if not found:
        return Signature(baseline=baseline)
    function = found[-1]
    several = function.returns is not None and _is_several(function.returns, tree)
    if function.returns is not None and not several and _root(_read(function.returns)) in _DICTS:
        message = f"calc_metric is annotated -> {ast.unparse(function.returns)[:NAME_CHARS]}"
        hint = "to return a number for each of several names, annotate it -> dict[str, float]"
        report(function, "metric-returns", message, hint, "warning")
    arguments = function.args
    given = [arg for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default]
    if len(given) > MOST_PARAMETERS:
        message = f"calc_metric has {len(given):,} parameters; at most {MOST_PARAMETERS} can be set"
        report(function, "metric-parameters", message, "combine related ones into one")
    made = [(arg, _make_parameter(arg, place_of)) for arg in given[:MOST_PARAMETERS]]
    positional = [*arguments.posonlyargs, *arguments.args][1 if find_baseline(arguments) is None else 2 :]
    fixed = [arg.arg for arg in positional] + [arg.arg for arg, one in made if one is None]
    return Signature(
        several,
        tuple(one for _, one in made if one is not None),
        tuple(name for name in fixed[:MOST_PARAMETERS] if len(name) <= NAME_CHARS),
        baseline=baseline,
    )


def _read_baseline(tree: ast.Module, place_of: Place) -> TakesBaseline | None:
    arguments = find_parameters(tree)
    found = None if arguments is None else find_baseline(arguments)
    if found is None:
        return None
    line, column = place_of(found[0])
    return TakesBaseline(found[1], line, column, named_words(tree))


def _make_parameter(arg: ast.arg, place_of: Place) -> Parameter | None:
    """A parameter that can be set; None if its type is none of those."""
    if arg.annotation is None or len(arg.arg) > NAME_CHARS:
        return None
    line, column = place_of(arg)
    annotation = _read(arg.annotation)
    if isinstance(annotation, ast.Subscript):
        options = _read_options(annotation.slice) if _root(annotation) == "Literal" else None
        return Parameter(arg.arg, "literal", options, line, column) if options else None
    kind = _KINDS.get(_root(annotation))
    return None if kind is None else Parameter(arg.arg, kind, (), line, column)


def _read_options(node: ast.expr) -> tuple[Scalar, ...] | None:
    """The members of a Literal[...]; None if one of them is no text, whole number or Boolean."""
    members = node.elts if isinstance(node, ast.Tuple) else [node]
    values: list[bool | int | str] = []
    for member in members:
        value = _constant(member)
        if value is None:
            return None
        values.append(value)
    if not 0 < len(values) <= MOST_OPTIONS:
        return None
    return tuple(to_scalar(value) for value in values)


def _constant(node: ast.expr) -> bool | int | str | None:
    """A text, whole number or Boolean that code holds as such; None if it is something else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _constant(node.operand)
        return -number if type(number) is int else None
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, str):
        return value if len(value) <= TEXT_CHARS else None
    if isinstance(value, int):
        return value if value.bit_length() <= _INTEGER_BITS else None
    return None


def _is_several(node: ast.expr, tree: ast.Module) -> bool:
    annotation = _read(node)
    if isinstance(annotation, ast.Name):
        return any(
            isinstance(found, ast.ClassDef) and found.name == annotation.id and _is_typed_dict(found)
            for found in tree.body
        )
    if not isinstance(annotation, ast.Subscript) or _root(annotation) not in _DICTS:
        return False
    types = annotation.slice
    if not isinstance(types, ast.Tuple) or len(types.elts) != 2:
        return False
    key, value = map(_read, types.elts)
    return _root(key) in ("str", "Literal") and _is_number(value)


def _is_typed_dict(node: ast.ClassDef) -> bool:
    """Whether a class of the author's is a TypedDict, and all that it holds are numbers."""
    if not any(_root(base) == "TypedDict" for base in node.bases):
        return False
    fields = [part for part in node.body if isinstance(part, ast.AnnAssign)]
    return bool(fields) and all(_is_number(field.annotation) for field in fields)


def _is_number(node: ast.expr) -> bool:
    """Whether a type is that of a number, or of one that may be missing."""
    node = _read(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        sides = [side for side in (node.left, node.right) if not _is_none(side)]
        return bool(sides) and all(_is_number(side) for side in sides)
    if isinstance(node, ast.Subscript):
        members = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        kept = [member for member in members if not _is_none(member)]
        fits = _root(node) in ("Optional", "Union", *_WRAPPERS)
        return fits and bool(kept) and all(_is_number(member) for member in kept)
    return _root(node) in _NUMBERS


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _read(node: ast.expr) -> ast.expr:
    """An annotation; what a text says, if it is a text that Python can read."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return node
    try:
        return ast.parse(node.value.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return node


def _root(node: ast.expr) -> str:
    """The last part of a type's name, without what is in its brackets: `t.Dict[str, int]` is "Dict"."""
    if isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
