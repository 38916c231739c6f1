"""Untrusted side. The policy: which syntax is allowed, and how it is rewritten so that guards see it.

Built on RestrictedPython's visitor, which refuses every node that it has no method for; a new Python
version cannot add a statement unseen. Rewritten: reading an attribute (`_check_`, or left alone where
the holder is a known module and the name is on its list), assigning one (`_write_`), imports. Names that
begin with an underscore are refused in every place that binds or reads one, so no source can shadow or
call a guard. RestrictedPython's guards for items, iteration, unpacking and calls are left out: see
`guards`. Its errors are bare strings; ours are problems, and all are collected.
"""

# ruff: noqa: N802, N815, D102 - ast.NodeVisitor fixes the names visit_Xxx, and what each does is its name

from __future__ import annotations

import ast
from typing import Any, TypeGuard

from sandbox.language import attributes
from sandbox.language.clock import NOW_HINT, TIME_READERS, is_time_now
from sandbox.language.imports import (
    CLASSES,
    MODULES,
    find_child,
    is_on_the_way,
)
from sandbox.language.methods import METHODS
from sandbox.language.policy_base import METHODS_MODULE
from sandbox.language.policy_imports import ImportPolicy
from sandbox.language.private_names import NAMED_TUPLE

# Attributes that need their guard even on open types: templates reach other attributes.
GUARDED_NAMES = frozenset({"format", "format_map"})

# What catches the error of an import.
_IMPORT_ERRORS = frozenset({"BaseException", "Exception", "ImportError", "ModuleNotFoundError"})

_SELF_MATCHING = frozenset(
    ["bool", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"]
)


class MetricPolicy(ImportPolicy):
    """Collects problems in `problems`, and returns the rewritten tree from `visit`."""

    # Attributes.

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        module = self._scope.resolve(node.value)
        if node.attr == METHODS_MODULE and module == "numpy._core":
            return self._call(node, "_import_name_", ast.Constant("numpy.core"), ast.Constant(node.attr))
        if isinstance(node.ctx, ast.Load) and node.attr == "__name__" and self._is_type_of(node.value):
            return self._call(node, "_type_name_", *map(self.visit, node.value.args))
        if isinstance(node.ctx, ast.Load) and node.attr.startswith("__") and self._is_special(node.attr):
            return self._call(node, "_getspecial_", self.visit(node.value), ast.Constant(node.attr))
        refusal = None if self._may_be_own(node.attr, module) else attributes.check_name(node.attr)
        if refusal is None and module is not None and isinstance(node.ctx, ast.Load):
            opened = is_on_the_way(f"{module}.{node.attr}", self._extra)  # its guard looks when it runs
            refusal = None if opened else attributes.check_module_attribute(module, node.attr)
        refusal = refusal or _check_session(node)
        if refusal is not None:
            self.report(node, *refusal)
        plain = module is not None and isinstance(node.ctx, ast.Load) and _is_plain(module, node.attr)
        node.value = self.visit(node.value)
        if plain or refusal is not None:
            return node
        guard = "_check_" if isinstance(node.ctx, ast.Load) else "_write_"
        node.value = self._guard_holder(node.value, guard, node.attr)
        return node

    def _is_type_of(self, node: ast.expr) -> TypeGuard[ast.Call]:
        """Whether it is `type(x)`, of which a name may be told even where the type itself is not open."""
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "type"
            and "type" not in self._scope.bound
            and len(node.args) == 1
            and not isinstance(node.args[0], ast.Starred)
            and not node.keywords
        )

    def _may_be_own(self, name: str, module: str | None) -> bool:
        """Whether a private name may belong to an object of the author's; what it is shows when it runs."""
        return module is None and (name in self._scope.private or name in NAMED_TUPLE)

    def _guard_holder(self, holder: ast.expr, guard: str, attr: str) -> ast.expr:
        """`x` becomes `guard(x, "attr")`; a plain name first asks inline whether its type is open."""
        call = self._call(holder, guard, holder, ast.Constant(attr))
        if not isinstance(holder, ast.Name) or attr in GUARDED_NAMES:
            return call
        kind = self._call(holder, "_type_", ast.Name(holder.id, ast.Load()))
        test = ast.Compare(kind, [ast.In()], [ast.Name("_open_", ast.Load())])
        choice = ast.IfExp(test, ast.Name(holder.id, ast.Load()), call)
        return ast.fix_missing_locations(ast.copy_location(choice, holder))

    @staticmethod
    def _is_special(name: str) -> bool:
        return name in METHODS or name == "__name__"

    # What needs no guard: see the header.

    def _visit_inside(self, node: Any) -> Any:
        return self.node_contents_visit(node)

    visit_Subscript = _visit_inside
    visit_Assign = _visit_inside
    visit_AugAssign = _visit_inside
    visit_AnnAssign = _visit_inside
    visit_With = _visit_inside
    visit_For = _visit_inside
    visit_Module = _visit_inside

    def visit_Call(self, node: ast.Call) -> Any:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in TIME_READERS:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                for text in filter(is_time_now, ast.walk(argument)):
                    self.report(text, "call-refused", f"{name} would read the machine's clock", NOW_HINT)
        return self._visit_inside(node)

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        if node.is_async:
            self.report(
                node.target, "async-refused", "async code is not available", "use a plain comprehension"
            )
        return self._visit_inside(node)

    # Functions and classes.

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        self.check_name(node, node.name, allow_magic_methods=True)
        return self._visit_scope(node, in_class_body=False)

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        return self._visit_scope(node, in_class_body=False)

    def visit_arg(self, node: ast.arg) -> Any:
        self.check_name(node, node.arg)
        return self._visit_inside(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        self.check_name(node, node.name)
        for keyword in node.keywords:
            if _is_total(node, keyword):
                continue
            hint = "leave it out; metaclasses and class keywords are not available, except TypedDict's total="
            self.report(keyword, "class-refused", f"class {node.name} has {keyword.arg}= in its header", hint)
        return self._visit_scope(node, in_class_body=True)

    def _visit_scope(self, node: Any, *, in_class_body: bool) -> Any:
        outer, self._in_class_body = self._in_class_body, in_class_body
        try:
            return self._visit_inside(node)
        finally:
            self._in_class_body = outer

    def _refuse_async(self, node: ast.AST) -> Any:
        hint = "write it without async and await; a query returns when it is done"
        self.report(node, "async-refused", "async code is not available", hint)
        return node

    visit_AsyncFunctionDef = _refuse_async
    visit_AsyncFor = _refuse_async
    visit_AsyncWith = _refuse_async
    visit_Await = _refuse_async

    def visit_Try(self, node: ast.Try) -> Any:
        if any(_catches_import_error(handler) for handler in node.handlers):
            self._optional.update(part for part in node.body if isinstance(part, ast.Import | ast.ImportFrom))
        return self._visit_inside(node)

    def visit_TryStar(self, node: ast.AST) -> Any:
        self.report(node, "syntax-refused", "except* is not available", "use except")
        return node

    # Patterns. A class pattern reads attributes in C, so only builtin types that match themselves may stand
    # there, and a dotted name in a pattern cannot be rewritten.

    visit_Match = _visit_inside
    visit_match_case = _visit_inside
    visit_MatchSingleton = _visit_inside
    visit_MatchSequence = _visit_inside
    visit_MatchOr = _visit_inside

    def visit_MatchValue(self, node: ast.MatchValue) -> Any:
        if any(isinstance(part, ast.Attribute) for part in ast.walk(node.value)):
            hint = "use `case x if x == ...:`, or if and elif"
            self.report(node, "syntax-refused", "a dotted name in a pattern is not available", hint)
        return node

    def visit_MatchClass(self, node: ast.MatchClass) -> Any:
        known = isinstance(node.cls, ast.Name) and node.cls.id in _SELF_MATCHING - self._scope.bound
        if not known or node.kwd_attrs or len(node.patterns) > 1:
            hint = "use `case x if isinstance(x, ...):`, or if and elif"
            self.report(node, "syntax-refused", "class patterns are available only for builtin types", hint)
            return node
        return self._visit_inside(node)

    def _visit_capture(self, node: Any) -> Any:
        self.check_name(node, getattr(node, "name", None) or getattr(node, "rest", None))
        return self._visit_inside(node)

    visit_MatchAs = _visit_capture
    visit_MatchStar = _visit_capture

    def visit_MatchMapping(self, node: ast.MatchMapping) -> Any:
        for key in node.keys:
            if not isinstance(key, ast.Constant):
                self.report(key, "syntax-refused", "a mapping pattern needs plain keys", "use if and elif")
        node.patterns = [self.visit(pattern) for pattern in node.patterns]
        self.check_name(node, node.rest)
        return node


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    """Whether an except clause says that it expects an import to fail."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in _IMPORT_ERRORS) for kind in kinds)


def _is_total(node: ast.ClassDef, keyword: ast.keyword) -> bool:
    """Whether it is `total=False` of a class with bases; `build_class` sees whether that is a TypedDict."""
    value = keyword.value
    plain = isinstance(value, ast.Constant) and isinstance(value.value, bool)
    return keyword.arg == "total" and bool(node.bases) and plain


def _is_plain(module: str, name: str) -> bool:
    """Whether reading this name of a known module needs no guard: it is no submodule, and takes no names."""
    rule = MODULES[module]
    guarded = name in rule.dispatch or name in rule.guarded
    return name in rule.allowed and not guarded and find_child(module, name) is None


def _check_session(node: ast.Attribute) -> attributes.Refusal | None:
    """`df.sparkSession.read` can be refused by its text alone, whatever df is."""
    holder = node.value
    if isinstance(holder, ast.Attribute) and holder.attr == "sparkSession" and isinstance(node.ctx, ast.Load):
        rule = CLASSES["pyspark.sql.session.SparkSession"]
        if node.attr not in rule.allowed:
            hint = rule.refused.get(node.attr, "use df and its methods")
            return "attribute-refused", f"sparkSession.{node.attr} is not open to metrics", hint
    return None
