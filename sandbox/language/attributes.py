"""Untrusted side. Which attributes of an object a metric may read: pure decisions from the tables.

An object is a module (its rule, else nothing), a class of the guest's own (everything public), a class
or instance of a library (the first rule along its ancestors; a library type without a rule may be read
except for names that read or write files), or something else (a short list of plain data types).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

from sandbox.language.imports import CLASSES, MODULES
from sandbox.language.rules import ClassRule
from sandbox.language.tables import for_arrow

Refusal = tuple[str, str, str]  # code, message, hint

# Attributes of frames, code, tracebacks and generators, wherever they are met.
INSPECTION: Final = frozenset(INSPECT_ATTRIBUTES) | {"tb_lasti", "tb_lineno", "gi_running", "func_globals"}

# Packages whose types may be read when no rule names them: results, accessors, indexers, distributions.
_READABLE_PACKAGES: Final = frozenset({"numpy", "pandas", "scipy", "statsmodels", "pyspark"})
_UNREADABLE_MODULES: Final = ("pyspark.sql.connect.client", "pyspark.sql.connect.conf", "pyspark.core")

# Refused on every type without a rule: what reads, writes, unpickles, draws or hands out addresses.
_ANYWHERE: Final = frozenset(
    [
        "ctypes",
        "cffi",
        "capsule",
        "dump",
        "dumps",
        "tofile",
        "save",
        "savefig",
        "load",
        "loads",
        "remove_data",
        "to_csv",
        "to_clipboard",
        "to_excel",
        "to_feather",
        "to_gbq",
        "to_hdf",
        "to_html",
        "to_json",
        "to_latex",
        "to_markdown",
        "to_orc",
        "to_parquet",
        "to_pickle",
        "to_sql",
        "to_stata",
        "to_xml",
        "plot",
        "hist",
        "boxplot",
        "client",
        "builder",
    ]
)

# Plain data that libraries hand out; the standard library's other types stay closed.
_PLAIN: Final = frozenset(
    {
        "_blake2.blake2b",
        "_blake2.blake2s",
        "_hashlib.HASH",
        "_hashlib.HASHXOF",
        "collections.Counter",
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.deque",
        "datetime.date",
        "datetime.datetime",
        "datetime.time",
        "datetime.timedelta",
        "datetime.timezone",
        "decimal.Decimal",
        "fractions.Fraction",
        "re.Match",
        "types.SimpleNamespace",
        "uuid.UUID",
        "sandbox.client.collected.CollectedRows",
        "sandbox.client.collected.Columns",
    }
)

# Builtin types whose attributes are the interpreter's, not data.
_CLOSED_BUILTINS: Final = frozenset(
    [
        "frame",
        "traceback",
        "code",
        "coroutine",
        "async_generator",
        "cell",
        "module",
        "memoryview",
        "managedbuffer",
        "type",
    ]
)

# Attributes of builtin types that lead out, with the reason.
_BUILTIN_REFUSED: Final[Mapping[str, str]] = {
    "with_traceback": "raise the exception itself",
    "obj": "use str(error)",
    "path": "use str(error)",
    "fget": "call the property on an instance",
    "fset": "call the property on an instance",
    "fdel": "call the property on an instance",
    "mro": "use isinstance",
    "tb": "use str(error)",
}

# What to use for attributes with an underscore that ordinary code reads.
_INSTEAD: Final[Mapping[str, str]] = {
    "__class__": "use type(x), and type(x).__name__ for its name",
    "__dict__": "name the attributes, or keep them in a dict of your own",
    "__doc__": "keep the text in a constant",
    "__file__": "a metric has no file; the data comes as df",
    "__version__": "a metric depends on its data alone; drop it",
    "_jdf": "use df's own methods",
}


def describe_type(kind: type) -> str:
    """A type's name as its users know it."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{_package(kind)} {kind.__qualname__}"


def check_name(name: str) -> Refusal | None:
    """Refuse names that are out of reach on whatever object."""
    if name.startswith("_") and name != "_":
        message = f"attribute {name!r} begins with an underscore"
        return "attribute-underscore", message, _INSTEAD.get(name, "only public attributes can be used")
    if name in INSPECTION:
        message = f"attribute {name!r} belongs to Python's internals"
        return "attribute-inspection", message, "compute with values; the message of an exception is str(e)"
    return None


def check_module_attribute(module: str, name: str) -> Refusal | None:
    """Refuse what the module's rule does not list. `module` is a real name."""
    rule = MODULES.get(module)
    shown = module.replace("numpy._core", "numpy.core")
    if rule is None:
        return "attribute-refused", f"module {shown} is not open to metrics", ""
    if name in rule.allowed or name in rule.modules:
        return None
    hint = rule.refused.get(name, "see the list of what metrics may use")
    return "attribute-refused", f"{shown}.{name} is not open to metrics", hint


def find_rule(kind: type) -> ClassRule | None:
    """The first rule along the ancestors of a type."""
    for ancestor in kind.__mro__:
        rule = CLASSES.get(f"{ancestor.__module__}.{ancestor.__qualname__}")
        if rule is not None:
            return rule
    return for_arrow.VALUE if _package(kind) == "pyarrow" else None


def check_attribute(kind: type, name: str, extra: tuple[str, ...] = ()) -> Refusal | None:
    """Refuse what may not be read from an instance of a type that is not the guest's own."""
    rule = find_rule(kind)
    if rule is not None:
        if name in rule.allowed or (rule.columns and not hasattr(kind, name)):
            return None
        hint = rule.refused.get(name, "")
        return "attribute-refused", f"{describe_type(kind)}.{name} is not open to metrics", hint
    if kind.__module__ == "builtins" or issubclass(kind, BaseException):
        closed = kind.__module__ == "builtins" and kind.__name__ in _CLOSED_BUILTINS
        refused = closed or name in _BUILTIN_REFUSED
        hint = _BUILTIN_REFUSED.get(name, "")
    elif _is_readable(kind, extra):
        refused, hint = name in _ANYWHERE, "metrics read and write no files"
    else:
        refused, hint = True, "this kind of object is not open to metrics"
    return (
        ("attribute-refused", f"{describe_type(kind)}.{name} is not open to metrics", hint)
        if refused
        else None
    )


def _is_readable(kind: type, extra: tuple[str, ...]) -> bool:
    if f"{kind.__module__}.{kind.__qualname__}" in _PLAIN:
        return True
    module = kind.__module__
    if any(module == name or module.startswith(name + ".") for name in extra):
        return True
    return _package(kind) in _READABLE_PACKAGES and not module.startswith(_UNREADABLE_MODULES)


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]
