"""Untrusted side. What a metric may import, and what to say about everything else.

Only the import *statements* of a metric are gated (they are rewritten to guard calls); imports that
libraries make while a metric calls them stay theirs. A hook on `__import__` was tried and rejected: C
code in numpy and `datetime.strptime` imports through the caller's builtins, so `np.ones(3).mean()` failed.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Iterator
from typing import Any, Final

from sandbox.contract.opened import OPEN_MODULE, OPEN_STANDARD
from sandbox.language.rules import ClassRule, ModuleRule
from sandbox.language.tables import (
    for_arrow,
    for_numpy,
    for_pandas,
    for_pyspark,
    for_science,
    for_snowflake,
    for_standard,
)

IMPORTABLE: Final = frozenset(
    {
        "math",
        "numpy",
        "numpy.core._methods",
        "pandas",
        "pyarrow",
        "pyarrow.compute",
        "pyspark",
        "pyspark.sql",
        "pyspark.sql.functions",
        "scipy",
        "scipy.stats",
        "snowflake",
        "snowflake.snowpark",
        "snowflake.snowpark.functions",
        "statsmodels",
        "statsmodels.stats.proportion",
        "typing",
    }
)

# Modules that moved: numpy 2 keeps only a deprecated stub of numpy.core, without _methods.
RENAMED: Final = {"numpy.core": "numpy._core", "numpy.core._methods": "numpy._core._methods"}

MODULES: Final[dict[str, ModuleRule]] = {
    **for_arrow.MODULES,
    **for_numpy.MODULES,
    **for_pandas.MODULES,
    **for_science.MODULES,
    **for_pyspark.MODULES,
    **for_snowflake.MODULES,
    **for_standard.MODULES,
}

CLASSES: Final[dict[str, ClassRule]] = {
    **for_arrow.CLASSES,
    **for_numpy.CLASSES,
    **for_pandas.CLASSES,
    **for_pyspark.CLASSES,
    **for_snowflake.CLASSES,
    **for_standard.CLASSES,
}

# What to use instead of modules that authors reach for, by the module's first name.
_NO_FILES: Final = "metrics read no files and cannot see the machine; the data comes as df"
_NO_NETWORK: Final = "metrics reach no network; the data comes as df"
_INSTEAD: Final = {
    "abc": "use a plain class",
    "bisect": "use np.searchsorted",
    "collections": "use dict, set and sorted; d[k] = d.get(k, 0) + 1 counts",
    "contextlib": "use try, except and finally",
    "copy": "use .copy(), list(x) or dict(x)",
    "dataclasses": "write a plain class with __init__",
    "datetime": 'use pd.Timestamp and pd.Timedelta, F.date_sub, or F.expr("ts - interval 1 day")',
    "decimal": "use float, or Spark's decimal columns",
    "enum": "use constants",
    "fractions": "use float",
    "functools": "write a helper function or a loop",
    "hashlib": "use F.sha2 or F.xxhash64",
    "heapq": "use sorted(...)[:n]",
    "itertools": "use a comprehension, zip, enumerate or np functions",
    "json": "use F.get_json_object or F.from_json",
    "logging": "use print; what a metric prints is returned",
    "matplotlib": "metrics cannot draw; return a number",
    "numbers": "use isinstance(x, (int, float))",
    "operator": "use a lambda",
    "random": "use np.random.default_rng(0)",
    "re": "use F.regexp_extract, or the .str methods of pandas",
    "sklearn": f"write the formula with numpy, or use scipy.stats; {OPEN_MODULE}",
    "statistics": "use numpy, such as np.median",
    "string": "use str methods and f-strings",
    "sys": "use float('inf'), print, or raise ValueError; a metric has no arguments, paths or interpreter",
    "textwrap": "use str methods",
    "time": "a metric depends on its data alone; drop it",
    "uuid": "a metric depends on its data alone; drop it",
    "warnings": "drop it; warnings are not shown",
    **dict.fromkeys(("builtins", "ctypes", "gc", "importlib", "inspect", "pickle"), "drop it"),
    **dict.fromkeys(("glob", "io", "os", "pathlib", "shutil", "subprocess", "tempfile"), _NO_FILES),
    **dict.fromkeys(("boto3", "httpx", "requests", "socket", "urllib"), _NO_NETWORK),
}


def real_name(module: str) -> str:
    """The name under which a module exists today."""
    return RENAMED.get(module, module)


def find_child(module: str, name: str) -> str | None:
    """The real name of a submodule that is reachable as an attribute, if it is one."""
    rule = MODULES.get(module)
    return rule.modules.get(name) if rule else None


def _find_submodules(module: str) -> Iterator[str]:
    """The modules below one, by the names that reach them as attributes and as Python names them."""
    for name, real in MODULES[module].modules.items():
        yield from (f"{module}.{name}", real, *_find_submodules(real))


# What an author reaches from an importable module as an attribute is imported by its own name as well. Names
# with an underscore are the libraries' own business, and numpy.core is a stub that warns when it is touched.
SUBMODULES: Final = frozenset(
    name
    for root in IMPORTABLE
    for name in _find_submodules(real_name(root))
    if name in MODULES and "._" not in name
)


def is_importable(module: str, extra: tuple[str, ...]) -> bool:
    """Whether `import module` is allowed."""
    return module in IMPORTABLE or module in SUBMODULES or is_opened(module, extra)


def is_opened(module: str, extra: tuple[str, ...]) -> bool:
    """Whether a site has opened a module: by its name, or with the package above it.

    What has a rule of its own is opened by its own name only, and names with an underscore never are.
    """
    if module in extra:
        return True
    if module in MODULES or "._" in module:
        return False
    return any(module.startswith(f"{one}.") for one in extra if one not in MODULES)


def is_on_the_way(module: str, extra: tuple[str, ...]) -> bool:
    """Whether a module, or one below it, is opened by a site."""
    return is_opened(module, extra) or any(one.startswith(f"{module}.") for one in extra)


def leads_to_opened(module: Any, name: str, extra: tuple[str, ...]) -> bool:
    """Whether an attribute of a module is a module below it that is open, or that leads to an open one."""
    full = f"{module.__name__}.{name}"
    value = vars(module).get(name)
    return isinstance(value, types.ModuleType) and value.__name__ == full and is_on_the_way(full, extra)


def explain_import(module: str) -> str:
    """What to use instead of a module that may not be imported."""
    if module in ("pyspark.sql.column", "pyspark.sql.dataframe", "pyspark.sql.group"):
        return "use `from pyspark.sql import Column, DataFrame, GroupedData`"
    root = module.partition(".")[0]
    known = _INSTEAD.get(root)
    if root in for_standard.MODULES:
        return f"{known}; {OPEN_STANDARD}"
    if known:
        return known
    roots = sorted({name.partition(".")[0] for name in IMPORTABLE})
    if root in roots:
        modules = sorted(name for name in IMPORTABLE | SUBMODULES if name.startswith(root))
        return f"a metric may import from {root}: {', '.join(modules)}"
    return f"a metric may import {', '.join(roots)}; {OPEN_MODULE}"


def extra_names(module: Any, extra: tuple[str, ...]) -> frozenset[str]:
    """Public names of a module that a site opens: functions and classes of what is open, and plain constants.

    Packages define much of what they offer in private modules below them. What they import from elsewhere is
    not theirs to open.
    """
    return frozenset(
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and _is_of(module, value, extra)
    )


def _is_of(module: Any, value: Any, extra: tuple[str, ...]) -> bool:
    if isinstance(value, bool | int | float | complex | str | bytes | tuple | frozenset):
        return True
    home = getattr(value, "__module__", None)
    if not callable(value) or type(home) is not str:
        return False
    above = (one for one in extra if one not in MODULES and f"{module.__name__}.".startswith(f"{one}."))
    return home == module.__name__ or any(home.startswith(f"{one}.") for one in above)


def star_names(module: str, extra: tuple[str, ...]) -> frozenset[str]:
    """What `from module import *` binds."""
    rule = MODULES.get(real_name(module))
    if rule is not None:
        return frozenset(name for name in rule.allowed if not name.startswith("_"))
    return extra_names(importlib.import_module(module), extra) if is_opened(module, extra) else frozenset()
