"""What a source declares, held against what was asked of its run."""

from dataclasses import replace

import pytest

from engine import Baseline, Dataset, ParamsRefused, SourceRefused
from engine.models.layers import Layers
from engine.runs.declared import declare
from engine.runs.options import make_spec
from sandbox.contract.messages import Problem
from sandbox.contract.signature import Parameter, Signature, TakesBaseline

SPEC = make_spec("", Dataset("t"), {}, Layers())
WARNING = Problem(1, 1, "collects", "it collects", "aggregate", "warning")


def test_what_fits_is_kept_with_the_warnings_of_compiling():
    signature = Signature(several=True, parameters=(Parameter("k", "int", (), 1, 1),), functions=("avg",))
    declared = declare(signature, replace(SPEC, params={"k": 3}), (WARNING,))
    assert declared.bound.values == {"k": 3}
    assert (declared.several, declared.functions, declared.warnings) == (True, ("avg",), (WARNING,))
    assert not declared.compares


def test_parameters_that_do_not_fit_are_refused_by_the_metric_s_name():
    with pytest.raises(ParamsRefused) as refused:
        declare(Signature(), replace(SPEC, params={"far": 3}))
    assert list(refused.value.by_metric) == ["metric"]


def test_a_baseline_that_is_needed_has_to_be_given():
    signature = Signature(baseline=TakesBaseline(required=True, line=1, column=21))
    with pytest.raises(SourceRefused, match="none is given"):
        declare(signature, SPEC)
    assert declare(signature, replace(SPEC, baseline=Baseline.previous())).compares


def test_a_baseline_that_is_not_needed_is_warned_of():
    declared = declare(Signature(), replace(SPEC, baseline=Baseline.previous()), (WARNING,))
    assert not declared.compares
    assert [one.code for one in declared.warnings] == ["collects", "baseline-unused"]
