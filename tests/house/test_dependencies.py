"""The dependency rules, read from the imports of every module."""

import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine
import sandbox

ROOT = Path(engine.__file__).parents[1]
MODULES = sorted((*(ROOT / "engine").rglob("*.py"), *(ROOT / "sandbox").rglob("*.py")))
ADAPTERS = {"backends", "pool", "sources"}
# Pure packages: no I/O, clock, randomness, environment or logging.
PURE = (
    "engine/models",
    "engine/spark",
    "engine/snowflake",
    "engine/writing",
    "engine/arrow.py",
    "engine/parquet.py",
    "engine/frames",
    "engine/results",
    "engine/wording.py",
    "engine/errors.py",
    "engine/service/work/schedule.py",
    "engine/service/segments.py",
)
# Modules that lie beside the folders, and why: what folders need that must not import each other.
BASE = {
    "arrow": "the bytes that go to workers, to backends and into plans",
    "context": "until when, by whom and beside whom something is asked: from a run down to a backend",
    "effort": "how long processes of the pool and of backends are waited for",
    "endings": "what the log says of processes of the pool and of backends that are ended",
    "errors": "what callers catch, wherever it is raised",
    "failures": "what the log says of errors that nobody expected",
    "file_state": "whether files that sources and backends read are still what they were",
    "packages": "where processes of the pool and of backends find our own programs",
    "parquet": "what footers say of days, to sources and to backends",
    "threads": "waiting for what may hang, on every layer",
    "version": "what results, the service and the command line call this",
    "wording": "what the doors call what messages of every layer name",
}
# From the top: a folder imports, when it is imported itself, of its own layer and of those below. What is
# imported for types or in the middle of a function is left out: pages of results, which nobody may ask for.
# `pytest_cases` is a door that pytest is told to load by this name.
LAYERS = (
    {"cli", "service", "pytest_cases"},
    {"api"},
    {"runs"},
    {"gateway"},
    {"queries"},
    ADAPTERS,
    {"spark", "snowflake", "writing", "frames"},
    {"display", "results"},
    {"models"},
    {"tenants"},
    BASE.keys(),
)
# What the service may import of the engine: its public names, models, texts, errors, looks; no insides.
OPEN_TO_SERVICE = (
    "engine.display",
    "engine.service",
    "engine.models",
    "engine.results",
    "engine.errors",
    "engine.failures",
    "engine.version",
    "engine.wording",
    "engine.tenants.usage",
)
# The commands of the service: all else works without it.
STARTS_SERVICE = {f"engine/cli/{name}.py" for name in ("keys", "quota", "rules", "serve")}
# What of the service knows nothing of HTTP: it raises errors of its own, which `problems` answers.
BELOW_HTTP = (
    "engine/service/store/",
    "engine/service/data/",
    "engine/service/work/",
    "engine/service/rules/",
    "engine/service/trials/trial.py",
    "engine/service/admission/quotas.py",
    "engine/service/errors.py",
)
OF_HTTP = ("engine.service.problems", "engine.service.routes", "engine.service.pages", "fastapi", "starlette")
IMPURE_MODULES = {"os", "io", "pathlib", "socket", "subprocess", "threading", "time", "random", "secrets"}
IMPURE_MODULES |= {"logging", "tempfile", "shutil", "uuid", "grpc", "asyncio"}
# What must never be called in trusted code: it would turn data into code.
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "cloudpickle", "marshal", "shelve", "dill", "joblib"}


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, at whatever depth."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(part: str) -> list[tuple[str, set[str]]]:
    """The name and the imports of each module of a package."""
    return [(relative(path), imports_of(path)) for path in MODULES if relative(path).startswith(f"{part}/")]


def roots_of(imported: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in imported}


def test_the_sandbox_knows_nothing_of_the_engine():
    assert [name for name, imported in imports("sandbox") if "engine" in roots_of(imported)] == []


def test_the_engine_imports_of_the_sandbox_only_the_contract():
    wrong = {
        (name, module)
        for name, imported in imports("engine")
        for module in imported
        if module.startswith("sandbox.") and not module.startswith("sandbox.contract")
    }
    assert not wrong


def test_pure_packages_have_no_effects():
    wrong = {
        (name, module)
        for name, imported in imports("engine")
        if name.startswith(PURE)
        for module in roots_of(imported) & IMPURE_MODULES
    }
    assert not wrong


def test_adapters_do_not_import_each_other():
    wrong = {
        (name, module)
        for part in ADAPTERS
        for name, imported in imports(f"engine/{part}")
        for module in imported
        if module.startswith(tuple(f"engine.{other}" for other in ADAPTERS - {part}))
    }
    assert not wrong


def part_of(module: str) -> str:
    """The folder of the engine in which a module is, or the module that lies beside the folders."""
    return module.split(".")[1]


def imported_at_once(path: Path) -> Iterator[str]:
    """The modules of the engine that a module imports when it is imported itself."""
    for node in tree_of(path).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("engine."):
            yield node.module


def test_imports_run_downwards():
    level = {folder: depth for depth, folders in enumerate(LAYERS) for folder in folders}
    wrong = {
        (relative(path), module)
        for path in MODULES
        if relative(path).startswith("engine/") and relative(path) != "engine/__init__.py"
        for module in imported_at_once(path)
        if level[part_of(module)] < level[part_of(relative(path).replace("/", "."))]
    }
    assert not wrong


def test_every_part_of_the_engine_has_a_layer():
    folders = {path.parent.name for path in (ROOT / "engine").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "engine").glob("*.py")} - {"__init__"}
    assert sorted(folders | modules) == sorted(part for layer in LAYERS for part in layer)


def test_the_gateway_knows_no_query_language():
    languages = ("engine.spark", "engine.snowflake", "engine.queries.spark", "engine.queries.snowflake")
    wrong = {
        (name, module)
        for name, imported in imports("engine/gateway")
        for module in imported
        if module.startswith((*languages, "pyspark", "sqlglot"))
    }
    assert not wrong


def test_the_service_is_on_top():
    public = {"engine", *(f"engine.{name}" for name in engine.__all__)}
    wrong = set()
    for name, imported in imports("engine"):
        own = {module for module in imported if module.startswith("engine")}
        if name.startswith("engine/service/"):
            wrong |= {(name, module) for module in own - public if not module.startswith(OPEN_TO_SERVICE)}
        elif name not in STARTS_SERVICE:
            wrong |= {(name, module) for module in own if module.startswith("engine.service")}
    assert not wrong


def test_stores_know_nothing_of_http():
    wrong = {
        (name, module)
        for name, imported in imports("engine/service")
        if name.startswith(BELOW_HTTP)
        for module in imported
        if module.startswith(OF_HTTP)
    }
    assert not wrong


def test_trusted_code_never_runs_data():
    assert not [
        (name, imported) for name, imported in imports("engine") if roots_of(imported) & FORBIDDEN_MODULES
    ]
    wrong = [
        (relative(path), node.lineno)
        for path in MODULES
        if relative(path).startswith("engine/")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS
    ]
    assert not wrong


def test_the_contract_uses_the_standard_library_only():
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
        assert ast.get_docstring(tree_of(path)), path
    assert sandbox.__doc__
