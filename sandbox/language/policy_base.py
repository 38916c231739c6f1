"""Untrusted side. What every part of the policy shares: reporting problems, names, and calls of guards."""

# ruff: noqa: N802, N815, D102 - ast.NodeVisitor fixes the names visit_Xxx, and what each does is its name

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from RestrictedPython.transformer import RestrictingNodeTransformer, copy_locations

from sandbox.contract.messages import Problem, Severity
from sandbox.language.builtins import REFUSED
from sandbox.language.methods import METHODS
from sandbox.language.private_names import is_private
from sandbox.language.problems import make_problem
from sandbox.language.scope import Scope

# The one module name with an underscore that the list of imports holds.
METHODS_MODULE = "_methods"
_IMPORT = "write an import statement, such as import math, at the top of the metric"


class BasePolicy(RestrictingNodeTransformer):
    """Collects problems in `problems`, and returns the rewritten tree from `visit`."""

    def __init__(
        self, scope: Scope, extra: tuple[str, ...], place_of: Callable[[ast.AST], tuple[int, int]]
    ) -> None:
        super().__init__()
        self.problems: list[Problem] = []
        self._scope = scope
        self._extra = extra
        self._place_of = place_of
        self._in_class_body = False
        self._optional: set[ast.AST] = set()  # imports whose failure the author expects

    # Reporting.

    def report(
        self, node: ast.AST, code: str, message: str, hint: str = "", severity: Severity = "error"
    ) -> None:
        """Add a problem at a node."""
        line, column = self._place_of(node)
        self.problems.append(make_problem(line, column, code, message, hint, severity))

    def error(self, node: ast.AST, info: str) -> None:
        """RestrictedPython's own refusals, for syntax that this class has no words for."""
        self.report(node, "syntax-refused", info)

    def warn(self, node: ast.AST, info: str) -> None:
        """RestrictedPython's own warnings accompany its errors; the error says enough."""

    def not_allowed(self, node: ast.AST) -> None:
        """A node without a rule."""
        self.report(node, "syntax-refused", f"{type(node).__name__} is not part of the language of metrics")

    # Names.

    def check_name(self, node: ast.AST, name: str | None, allow_magic_methods: bool = False) -> None:
        """Refuse names that begin with an underscore, wherever they stand; private ones are fine."""
        if name is None or not name.startswith("_") or name == "_" or is_private(name):
            return
        if allow_magic_methods and self._in_class_body and name.endswith("__") and len(name) > 4:
            if name not in METHODS:
                hint = "use another method, or a plain function"
                self.report(node, "method-refused", f"a class may not define {name}", hint)
            return
        hint = _IMPORT if name == "__import__" else f"rename it, such as {name.strip('_') or 'x'}"
        self.report(node, "name-underscore", f"name {name!r} begins with an underscore", hint)

    def gen_tmp_name(self) -> str:
        """RestrictedPython's names for its own use, which would be private names of the author here."""
        return f"{super().gen_tmp_name()}_"

    def visit_Name(self, node: ast.Name) -> Any:
        if node.id != "__name__" or not isinstance(node.ctx, ast.Load):
            self.check_name(node, node.id)
        if isinstance(node.ctx, ast.Load) and node.id in REFUSED and node.id not in self._scope.bound:
            self.report(node, "name-refused", f"{node.id} is not available to metrics", REFUSED[node.id])
        return node

    def _check_names(self, node: ast.Global | ast.Nonlocal) -> Any:
        for name in node.names:
            self.check_name(node, name)
        return node

    visit_Global = _check_names
    visit_Nonlocal = _check_names

    def _call(self, node: ast.expr, guard: str, *arguments: ast.expr) -> ast.Call:
        call = ast.Call(func=ast.Name(guard, ast.Load()), args=list(arguments), keywords=[])
        copy_locations(call, node)
        return call
