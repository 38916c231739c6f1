"""Untrusted side. Import statements: checked against the table, and rewritten to calls of guards."""

# ruff: noqa: N802, D102 - ast.NodeVisitor fixes the names visit_Xxx, and what each does is its name

from __future__ import annotations

import ast

from sandbox.language.imports import MODULES, explain_import, is_importable, real_name
from sandbox.language.policy_base import BasePolicy


class ImportPolicy(BasePolicy):
    """`import a.b as c` becomes `c = _import_("a.b", ...)`; refused modules and names are reported."""

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        statements: list[ast.stmt] = []
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.check_name(alias, name)
            if not is_importable(alias.name, self._extra):
                statements += self._refuse_module(node, alias, alias.name)
                continue
            bind_root = ast.Constant(alias.asname is None)
            statements.append(self._bind(alias, name, "_import_", ast.Constant(alias.name), bind_root))
        return statements

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt] | None:
        module = node.module or ""
        if module == "__future__":
            return self._check_future(node)
        if node.level:
            hint = "a metric is one file; put the helper into it"
            self.report(node, "import-refused", "a relative import has no package to be relative to", hint)
            return None
        if not self._is_known(node, module):
            return self._refuse_module(node, node, module)
        statements: list[ast.stmt] = []
        for alias in node.names:
            if not self._check_import_name(alias, module):
                continue
            if alias.name == "*":
                star = ast.Expr(self._call_at(alias, "_import_star_", ast.Constant(module)))
                statements.append(ast.copy_location(star, alias))
                continue
            self.check_name(alias, alias.asname or alias.name)
            arguments = (ast.Constant(module), ast.Constant(alias.name))
            statements.append(self._bind(alias, alias.asname or alias.name, "_import_name_", *arguments))
        return statements

    def _check_future(self, node: ast.ImportFrom) -> list[ast.stmt]:
        """`from __future__ import annotations` is given to the compiler as a flag; the rest does nothing."""
        for alias in node.names:
            if alias.name not in ("annotations", "division", "print_function", "unicode_literals"):
                self.report(
                    alias, "import-refused", f"__future__.{alias.name} is not available", "leave it out"
                )
        return [ast.copy_location(ast.Pass(), node)]

    def _is_known(self, node: ast.ImportFrom, module: str) -> bool:
        """Whether something may be imported from a module: names of it, or modules below it."""
        below = (is_importable(f"{module}.{alias.name}", self._extra) for alias in node.names)
        return is_importable(module, self._extra) or all(below)

    def _refuse_module(self, node: ast.stmt, where: ast.AST, module: str) -> list[ast.stmt]:
        """Report a module, or raise the error that the author expects where it is imported."""
        message, hint = f"module {module} may not be imported", explain_import(module)
        if node not in self._optional:
            self.report(where, "import-refused", message, hint)
            return []
        self.report(where, "import-refused", f"{message}, so the except clause runs", hint, "warning")
        error = ast.Call(ast.Name("ModuleNotFoundError", ast.Load()), [ast.Constant(message)], [])
        return [ast.fix_missing_locations(ast.copy_location(ast.Raise(error), node))]

    def _check_import_name(self, alias: ast.alias, module: str) -> bool:
        """Report what is wrong with one name of a from-import."""
        if is_importable(f"{module}.{alias.name}", self._extra):
            return True
        if alias.name == "*" or (module not in MODULES and real_name(module) not in MODULES):
            return True
        rule = MODULES[real_name(module)]
        if alias.name in rule.allowed or alias.name in rule.modules:
            return True
        hint = rule.refused.get(alias.name, f"see what metrics may use of {module}")
        message = f"{module}.{alias.name} is not open to metrics"
        self.report(alias, "import-name-refused", message, hint)
        return False

    def _bind(self, alias: ast.alias, name: str, guard: str, *arguments: ast.expr) -> ast.stmt:
        statement = ast.Assign([ast.Name(name, ast.Store())], self._call_at(alias, guard, *arguments))
        return ast.fix_missing_locations(ast.copy_location(statement, alias))

    def _call_at(self, alias: ast.alias, guard: str, *arguments: ast.expr) -> ast.Call:
        call = ast.Call(func=ast.Name(guard, ast.Load()), args=list(arguments), keywords=[])
        return ast.fix_missing_locations(ast.copy_location(call, alias))
