"""Untrusted side. Checks of calc_metric itself, on the author's own tree: is it there, can it be called?"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sandbox.contract.messages import Frames, Severity

NAME = "calc_metric"
# What the second positional parameter is called if it takes the second frame.
BASELINE = "baseline"
_DEFINE = "define `def calc_metric(df):` and return a number"

# Methods of a DataFrame that keep all of its columns and, roughly, rows.
_KEEPING = frozenset(
    [
        "alias",
        "cache",
        "coalesce",
        "distinct",
        "drop_duplicates",
        "dropDuplicates",
        "dropna",
        "fillna",
        "filter",
        "hint",
        "orderBy",
        "persist",
        "repartition",
        "sort",
        "where",
        "withColumn",
        "withColumnRenamed",
        "withColumns",
    ]
)
_FETCHING = frozenset({"collect", "toPandas", "toArrow", "to_pandas", "toLocalIterator"})

Report = Callable[..., None]


def check_metric(tree: ast.Module, report: Report) -> None:
    """Report everything about calc_metric; `report(node, code, message, hint, severity)`."""
    found = list(_find_definitions(tree.body))
    if not found:
        where = tree.body[-1]
        near = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        hint = f"rename {near[-1].name} to calc_metric" if len(near) == 1 else _DEFINE
        report(where, "metric-missing", "there is no function calc_metric at the top level", hint)
        return
    for extra in found[1:]:
        hint = "delete or rename the others"
        report(extra[0], "metric-twice", "calc_metric is defined again; the last one is used", hint, _WARNING)
    for node, value in found:
        _check_definition(node, value, report)


# Whose frames a library's functions and columns go with: the first name of its modules.
_LIBRARIES: Final[Mapping[str, Frames]] = {"pyspark": "pyspark", "snowflake": "snowpark"}
_SHOWN: Final[Mapping[Frames, tuple[str, str]]] = {
    "pyspark": ("PySpark", "pyspark.sql"),
    "snowpark": ("Snowpark", "snowflake.snowpark"),
}


def check_frames(tree: ast.Module, frames: Frames, report: Report) -> None:
    """Report a metric that uses only what goes with the other library's frames.

    One that imports both may tell them apart when it runs; one that uses nothing of what it imports, but for
    annotations, works with either.
    """
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    bound = [(library, name, node) for node in imports for library, name in _bound_from_libraries(node)]
    libraries = {library for library, _, _ in bound}
    if not libraries or frames in libraries:
        return
    (written,) = libraries
    used = {"*", *_used_names(tree)}
    where = next((node for _, name, node in bound if name in used), None)
    if where is None:
        return
    (other, _), (given, module) = _SHOWN[written], _SHOWN[frames]
    message = f"this is a {other} metric, and calc_metric gets a {given} DataFrame here"
    hint = f"import from {module} instead, or run it on a backend that gives {other} frames"
    report(where, "metric-other-frames", message, hint)


def _bound_from_libraries(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[Frames, str]]:
    """Names that an import binds to something of the two libraries; "*" for any."""
    for alias in node.names:
        module = alias.name if isinstance(node, ast.Import) else node.module or ""
        root = module.partition(".")[0]
        if root in _LIBRARIES:
            yield _LIBRARIES[root], alias.asname or (root if isinstance(node, ast.Import) else alias.name)


def _used_names(node: ast.AST) -> Iterator[str]:
    """Names that code reads, but for annotations."""
    if isinstance(node, ast.Name):
        yield node.id
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _used_names(child)


def find_parameters(tree: ast.Module) -> ast.arguments | None:
    """What the last calc_metric at the top level takes, as far as that can be read."""
    found = list(_find_definitions(tree.body))
    value = found[-1][1] if found else None
    if isinstance(value, ast.Name):
        named = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == value.id]
        value = named[-1] if named else None
    return value.args if isinstance(value, ast.FunctionDef | ast.Lambda) else None


def find_baseline(args: ast.arguments) -> tuple[ast.arg, bool] | None:
    """The parameter for the second frame, and whether it is required; None if there is none."""
    positional = [*args.posonlyargs, *args.args]
    if len(positional) < 2 or positional[1].arg != BASELINE:
        return None
    return positional[1], len(positional) - len(args.defaults) > 1


def find_functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """The definitions of calc_metric at the top level, in their order; the last one counts."""
    return [value for _, value in _find_definitions(tree.body) if isinstance(value, ast.FunctionDef)]


def strip_annotations(tree: ast.Module) -> None:
    """Leave out the annotations of calc_metric, which are for readers: what they name need not exist."""
    for value in find_functions(tree):
        value.returns = None
        arguments = value.args
        optional = (one for one in (arguments.vararg, arguments.kwarg) if one is not None)
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *optional):
            argument.annotation = None


_WARNING: Severity = "warning"


def _find_definitions(body: list[ast.stmt]) -> Iterator[tuple[ast.AST, ast.AST | None]]:
    """Statements that bind calc_metric at the top level, with what they bind."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == NAME:
            yield node, node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == NAME:
                    yield node, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == NAME:
            yield node, node.value
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == NAME:
                    yield node, alias
        for field in ("body", "orelse", "finalbody", "handlers"):
            inner = getattr(node, field, None)
            if isinstance(inner, list) and isinstance(
                node, ast.If | ast.Try | ast.With | ast.For | ast.While
            ):
                yield from _find_definitions(list(_flatten(inner)))


def _flatten(parts: list[ast.stmt | ast.ExceptHandler]) -> Iterator[ast.stmt]:
    for part in parts:
        if isinstance(part, ast.ExceptHandler):
            yield from part.body
        else:
            yield part


def _check_definition(node: ast.AST, value: ast.AST | None, report: Report) -> None:
    if isinstance(value, ast.AsyncFunctionDef):
        return  # reported as async code
    if isinstance(value, ast.FunctionDef):
        if not value.decorator_list:
            _check_parameters(node, value.args, report)
        _check_body(value, report)
    elif isinstance(value, ast.Lambda):
        _check_parameters(node, value.args, report)
    elif not isinstance(value, ast.Call | ast.Name | ast.Attribute | ast.Subscript | ast.IfExp):
        kind = "a class" if isinstance(value, ast.ClassDef) else "not a function"
        report(node, "metric-not-function", f"calc_metric is {kind}", _DEFINE)


def _check_parameters(node: ast.AST, args: ast.arguments, report: Report) -> None:
    positional = [*args.posonlyargs, *args.args]
    required = len(positional) - len(args.defaults)
    missing = [
        arg.arg for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default is None
    ]
    hint = (
        "it is called with the frame: `def calc_metric(df):`, and with a baseline if its second parameter is "
        "called so: `def calc_metric(df, baseline):`; give other parameters a default"
    )
    if required > (1 if find_baseline(args) is None else 2):
        names = ", ".join(arg.arg for arg in positional[:required])
        report(node, "metric-parameters", f"calc_metric needs {required} arguments ({names})", hint)
    elif not positional and args.vararg is None:
        report(node, "metric-parameters", "calc_metric takes no argument", hint)
    elif missing:
        report(node, "metric-parameters", f"calc_metric needs {', '.join(missing)}", hint)


def _check_body(function: ast.FunctionDef, report: Report) -> None:
    own = list(_walk_own(function))
    if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in own):
        report(
            function, "metric-generator", "calc_metric yields, so it returns no number", "return the number"
        )
    elif not any(isinstance(part, ast.Return) and part.value for part in own) and not isinstance(
        function.body[-1], ast.Raise
    ):
        message = "calc_metric never returns a value"
        report(function, "metric-no-return", message, "return a number", _WARNING)
    frames = 1 if find_baseline(function.args) is None else 2
    names = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)][:frames]
    for name in names:
        _check_fetches(name, own, report)


def _check_fetches(frame: str, own: list[ast.AST], report: Report) -> None:
    """Warn where the whole frame is fetched; only before the parameter's name is used for something else."""
    rebound = [
        part.lineno for part in own if isinstance(part, ast.Name) and part.id == frame and _is_store(part)
    ]
    for part in own:
        if not (isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute)):
            continue
        if part.func.attr in _FETCHING and _root_name(part.func.value) == frame:
            if any(line < part.lineno for line in rebound):
                continue
            message = f"{part.func.attr}() fetches every column of the frame"
            hint = 'compute with df.agg(...), or fetch only what is needed: df.select("a", "b").toPandas()'
            report(part, "metric-collects-frame", message, hint, _WARNING)


def _is_store(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _root_name(node: ast.expr) -> str | None:
    """The name that a chain of row-keeping methods starts from."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _KEEPING:
        node = node.func.value
    return node.id if isinstance(node, ast.Name) else None


def _walk_own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """All nodes of a function without those of functions and classes inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
