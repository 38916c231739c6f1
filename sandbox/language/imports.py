"""Untrusted side. What a metric may import, and what to say about everything else.

Only the import *statements* of a metric are gated (they are rewritten to guard calls); imports that
libraries make while a metric calls them stay theirs. A hook on `__import__` was tried and rejected: C
code in numpy and `datetime.strptime` imports through the caller's builtins, so `np.ones(3).mean()` failed.
"""

from __future__ import annotations

import importlib
from typing import Any, Final

from sandbox.language.rules import ClassRule, ModuleRule
from sandbox.language.tables import for_numpy, for_pandas, for_pyspark, for_science, for_snowflake

IMPORTABLE: Final = frozenset(
    {
        "math",
        "numpy",
        "numpy.core._methods",
        "pandas",
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
    }
)

# Modules that moved: numpy 2 keeps only a deprecated stub of numpy.core, without _methods.
RENAMED: Final = {"numpy.core": "numpy._core", "numpy.core._methods": "numpy._core._methods"}

MODULES: Final[dict[str, ModuleRule]] = {
    **for_numpy.MODULES,
    **for_pandas.MODULES,
    **for_science.MODULES,
    **for_pyspark.MODULES,
    **for_snowflake.MODULES,
}

CLASSES: Final[dict[str, ClassRule]] = {
    **for_numpy.CLASSES,
    **for_pandas.CLASSES,
    **for_pyspark.CLASSES,
    **for_snowflake.CLASSES,
}

# What to use instead of modules that authors reach for, by the module's first name.
_NO_FILES: Final = "metrics read no files and know no machine; the data comes as df"
_NO_NETWORK: Final = "metrics reach no network; the data comes as df"
_INSTEAD: Final = {
    "abc": "use a plain class",
    "bisect": "use np.searchsorted",
    "collections": "use dict, set and sorted; d[k] = d.get(k, 0) + 1 counts",
    "copy": "use .copy(), list(x) or dict(x)",
    "dataclasses": "write a plain class with __init__",
    "datetime": 'use pd.Timestamp and pd.Timedelta, F.date_sub, or F.expr("ts - interval 1 day")',
    "decimal": "use float, or Spark's decimal columns",
    "functools": "write a helper function or a loop",
    "itertools": "use a comprehension, zip, enumerate or np functions",
    "json": "use F.get_json_object or F.from_json",
    "logging": "use print; what a metric prints is returned",
    "matplotlib": "there is nothing to draw on; return a number",
    "operator": "use a lambda",
    "random": "use np.random.default_rng(0)",
    "re": "use F.regexp_extract, or the .str methods of pandas",
    "sklearn": "write the formula with numpy, or use scipy.stats",
    "statistics": "use numpy, such as np.median",
    "string": "use str methods and f-strings",
    "time": "a metric depends on its data alone; drop it",
    "typing": "use the built-in types, such as list[int] or float | None, or drop the annotation",
    "uuid": "a metric depends on its data alone; drop it",
    "warnings": "drop it; warnings are not shown",
    **dict.fromkeys(("builtins", "ctypes", "gc", "importlib", "inspect", "pickle", "sys"), "drop it"),
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


def is_importable(module: str, extra: tuple[str, ...]) -> bool:
    """Whether `import module` is allowed."""
    return module in IMPORTABLE or module in extra


def explain_import(module: str) -> str:
    """What to use instead of a module that may not be imported."""
    if module in ("pyspark.sql.window", "pyspark.sql.column", "pyspark.sql.dataframe"):
        return "use `from pyspark.sql import Window, Column, DataFrame`"
    parent, _, name = module.rpartition(".")
    if find_child(real_name(parent), name) == real_name(module):
        return f"use `from {parent} import {name}`"
    root = module.partition(".")[0]
    known = _INSTEAD.get(root)
    if known:
        return known
    roots = sorted({name.partition(".")[0] for name in IMPORTABLE})
    below = f" and what is public in {root} itself" if root in roots else ""
    return f"a metric may import {', '.join(roots)}{below}"


def extra_names(module: Any) -> frozenset[str]:
    """Public names that a module allowed by the site defines itself: functions, classes, plain constants."""
    return frozenset(
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (
            isinstance(value, bool | int | float | complex | str | bytes | tuple | frozenset)
            or (callable(value) and getattr(value, "__module__", None) == module.__name__)
        )
    )


def star_names(module: str, extra: tuple[str, ...]) -> frozenset[str]:
    """What `from module import *` binds."""
    rule = MODULES.get(real_name(module))
    if rule is not None:
        return frozenset(name for name in rule.allowed if not name.startswith("_"))
    return extra_names(importlib.import_module(module)) if module in extra else frozenset()
