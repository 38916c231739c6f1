"""The dependency rules, read from the imports of every module."""

import ast
from pathlib import Path

import pytest

import engine
import sandbox

ROOT = Path(engine.__file__).parents[1]
MODULES = sorted((*(ROOT / "engine").rglob("*.py"), *(ROOT / "sandbox").rglob("*.py")))
ADAPTERS = {"backends", "pool", "sources"}
# Pure packages: no I/O, clock, randomness, environment or logging.
PURE = ("engine/models", "engine/plans", "engine/sql", "engine/frames", "engine/fusion", "engine/results")
PURE += ("engine/snowsql", "engine/errors.py", "engine/service/schedule.py", "engine/service/segments.py")
# What the service may import of the engine: its public names, its models, and texts and errors; no insides.
OPEN_TO_SERVICE = ("engine.service", "engine.models", "engine.results", "engine.errors", "engine.failures")
OPEN_TO_SERVICE += ("engine.version",)
IMPURE_MODULES = {"os", "io", "pathlib", "socket", "subprocess", "threading", "time", "random", "secrets"}
IMPURE_MODULES |= {"logging", "tempfile", "shutil", "uuid", "grpc", "asyncio"}
# module -> what it may import all the same, and why.
EXCEPTIONS = {
    "engine/sql/second_reading.py": {"threading"},  # a thread for its stack only: joined at once
    "engine/snowsql/parse.py": {"threading"},  # the same
}
# What must never be called in trusted code: it would turn data into code.
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "cloudpickle", "marshal", "shelve", "dill", "joblib"}


def imports_of(path):
    """Every module that a file imports, at whatever depth."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def relative(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_rules(path):
    name, imported = relative(path), set(imports_of(path))
    roots = {module.partition(".")[0] for module in imported}
    if name.startswith("sandbox/"):
        assert "engine" not in roots
        return
    foreign = {m for m in imported if m.startswith("sandbox") and not m.startswith("sandbox.contract")}
    assert foreign <= {"sandbox"}, "engine imports of sandbox only the contract"
    assert not roots & FORBIDDEN_MODULES
    if name.startswith(PURE):
        assert not roots & (IMPURE_MODULES - EXCEPTIONS.get(name, set()))
    part = name.split("/")[1]
    if part in ADAPTERS:
        others = {f"engine.{adapter}" for adapter in ADAPTERS - {part}}
        assert not {m for m in imported if m.startswith(tuple(others))}, "adapters do not import each other"


@pytest.mark.parametrize("path", [p for p in MODULES if relative(p).startswith("engine/")], ids=relative)
def test_the_service_is_on_top(path):
    imported = {module for module in imports_of(path) if module.startswith("engine")}
    if not relative(path).startswith("engine/service/"):
        assert not {module for module in imported if module.startswith("engine.service")}
        return
    public = {"engine", *(f"engine.{name}" for name in engine.__all__)}
    assert not {module for module in imported - public if not module.startswith(OPEN_TO_SERVICE)}


@pytest.mark.parametrize("path", [p for p in MODULES if relative(p).startswith("engine/")], ids=relative)
def test_trusted_code_never_runs_data(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_CALLS


def test_the_contract_uses_the_standard_library_only():
    import sys

    for path in (ROOT / "sandbox/contract").glob("*.py"):
        roots = {module.partition(".")[0] for module in imports_of(path)}
        assert roots <= set(sys.stdlib_module_names) | {"sandbox"}, path


@pytest.mark.parametrize("name", engine.__all__)
def test_every_public_name_can_be_imported(name):
    assert getattr(engine, name).__doc__
    assert name in dir(engine)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = engine.nonsense


def test_every_module_says_what_it_is_for():
    for path in MODULES:
        assert ast.get_docstring(ast.parse(path.read_text())), path
    assert sandbox.__doc__
