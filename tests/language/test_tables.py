"""The permission tables against the libraries as they are installed: a new name fails until it is judged."""

import importlib
import types
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql.connect import column, dataframe, group, session, window

from engine.spark.text.functions import known_functions
from sandbox.language.attributes import check_attribute, find_rule
from sandbox.language.imports import CLASSES, IMPORTABLE, MODULES, real_name

LIGHT = sorted(name for name in MODULES if not name.startswith("snowflake"))
HEAVY = sorted(name for name in MODULES if name.startswith("snowflake"))


def module_names(modules: Iterable[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.slow if name in HEAVY else ()) for name in modules]


# The tables are of these versions. Older ones, down to the oldest that are permitted, lack what came later.
TABLES_OF = {"numpy": (2, 4), "scipy": (1, 16), "pandas": (2, 3), "statsmodels": (0, 15)}


def is_old(module: types.ModuleType) -> bool:
    library = importlib.import_module(module.__name__.partition(".")[0])
    written_for = TABLES_OF.get(library.__name__)
    return written_for is not None and tuple(map(int, library.__version__.split(".")[:2])) < written_for


# What numpy 2.5 advises against is allowed for as long as it is there.
CHARARRAY = pytest.mark.filterwarnings("ignore:The chararray class is deprecated:DeprecationWarning")


@CHARARRAY
@pytest.mark.parametrize("name", module_names([*LIGHT, *HEAVY]))
def test_allowed_names_lead_to_no_module_and_no_shared_container(name):
    module = importlib.import_module(name)
    rule = MODULES[name]
    assert not rule.allowed & rule.refused.keys()
    for allowed in rule.allowed:
        value = getattr(module, allowed, None)
        assert not isinstance(value, types.ModuleType | dict | list | set), allowed
    for child, target in rule.modules.items():
        assert target in MODULES
        if child != "core":  # a deprecated stub, never touched
            assert importlib.import_module(target) is not None


@CHARARRAY
@pytest.mark.parametrize("name", module_names([*LIGHT, *HEAVY]))
def test_most_of_a_rule_exists(name):
    """A table that rots (renamed module, moved functions) would refuse honest code without a sign."""
    module, rule = importlib.import_module(name), MODULES[name]
    missing = [allowed for allowed in rule.allowed if not hasattr(module, allowed)]
    assert len(missing) <= len(rule.allowed) // (4 if is_old(module) else 20)


def test_every_importable_module_has_a_rule():
    assert {real_name(name) for name in IMPORTABLE} <= MODULES.keys()


# Modules whose every public function must have been judged, so that an upgrade names what is new.
CLOSED = (
    "numpy",
    "numpy.linalg",
    "numpy.random",
    "pandas",
    "pyspark.sql.functions",
    "pyspark.sql.types",
    "math",
    "scipy.special",
)
# Public in name only: stubs, parts of table functions, which are not offered, and what old versions had.
INCIDENTAL = {
    "numpy": {"core", "in1d", "trapz"},
    "scipy.special": {"clpmn", "lpmn", "lpn", "sph_harm"},
    "pyspark.sql.functions": {"OrderingColumn", "PartitioningColumn", "SelectedColumn"},
}


@pytest.mark.parametrize("name", CLOSED)
def test_every_public_function_is_judged(name):
    module, rule = importlib.import_module(name), MODULES[name]
    listed = getattr(module, "__all__", None) or dir(module)
    judged = rule.allowed | rule.modules.keys() | rule.refused.keys() | INCIDENTAL.get(name, set()) | {"test"}
    unjudged = {
        public
        for public in listed
        if not public.startswith("_") and public not in judged and callable(getattr(module, public, None))
    }
    assert unjudged == set()


FRAMES = [
    np.ndarray,
    np.ma.MaskedArray,
    np.float64,
    np.datetime64,
    pd.DataFrame,
    pd.Series,
    pd.Index,
    pd.DatetimeIndex,
    pd.MultiIndex,
    type(pd.DataFrame({"g": [1]}).groupby("g")),
    type(pd.Series([1]).rolling(1)),
    dataframe.DataFrame,
    column.Column,
    group.GroupedData,
    session.SparkSession,
    window.WindowSpec,
]
# Attributes that nobody needs and no hint is written for.
UNEXPLAINED = {"format", "grouper", "decode", "format_map"}
UNEXPLAINED |= {"itemset", "newbyteorder", "ptp", "tostring"}  # of old numpy, where they raise, too


@pytest.mark.parametrize("kind", FRAMES)
def test_every_attribute_of_a_frame_is_judged(kind):
    rule = find_rule(kind)
    assert rule is not None
    unjudged = {name for name in dir(kind) if not name.startswith("_")} - rule.allowed - rule.refused.keys()
    assert unjudged <= UNEXPLAINED


def test_class_rules_are_consistent():
    for name, rule in CLASSES.items():
        assert not rule.allowed & rule.refused.keys(), name
        assert rule.dispatch.keys() <= rule.allowed, name
    for name, module_rule in MODULES.items():
        assert module_rule.dispatch.keys() <= module_rule.allowed, name


def test_types_without_a_rule_are_closed_unless_their_package_is_open():
    import logging
    import pathlib
    import subprocess

    for kind in (logging.Logger, pathlib.PosixPath, subprocess.Popen, type(importlib.util)):
        assert check_attribute(kind, "name") is not None
    assert check_attribute(type(pd.Series(["a"]).str), "len") is None
    assert check_attribute(type(pd.Timestamp(0)), "day") is None


def test_functions_that_the_gateway_always_refuses_are_refused_when_a_source_is_compiled():
    always = {name for name, rule in known_functions().items() if not rule.allowed}
    assert always.isdisjoint(MODULES["pyspark.sql.functions"].allowed)


def test_values_of_arrow_are_made_of_values():
    """Lists and maps that are made of offsets would show what lies behind their values."""
    for kind in (pa.ListArray, pa.MapArray, pa.StringArray):
        assert all(check_attribute(kind, name) for name in ("from_arrays", "from_buffers"))
    for kind in (pa.Table, pa.RecordBatch):
        assert check_attribute(kind, "from_pydict") is None
        assert all(check_attribute(kind, name) for name in ("from_batches", "from_struct_array", "serialize"))
