"""Whether a metric takes a baseline, and whether it is given one. Pure."""

from __future__ import annotations

from dataclasses import replace

from engine.models.baseline import Baseline
from engine.models.parameters import Bound
from engine.wording import worded
from sandbox.contract.messages import Problem
from sandbox.contract.signature import Signature, TakesBaseline


def fit_baseline(
    signature: Signature, baseline: Baseline | None, bound: Bound
) -> tuple[TakesBaseline | None, tuple[Problem, ...]]:
    """The second parameter of a metric, if it is to be given a frame; and what is wrong with that.

    Args:
        signature: what calc_metric declares.
        baseline: what the run compares with; None: nothing.
        bound: the parameters that are set, some of which may name columns.
    """
    taker = signature.baseline
    if taker is None:
        return None, () if baseline is None else (_UNUSED,)
    if baseline is not None:
        columns = (str(bound.values[parameter.name]) for parameter in bound.columns)
        return replace(taker, words=(*taker.words, *columns)), ()
    if not taker.required:
        return None, ()
    text = "calc_metric takes a baseline, and none is given"
    hint = worded("{give_baseline}; or make it optional: def calc_metric(df, baseline=None)")
    return None, (Problem(taker.line, taker.column, "baseline-missing", text, hint),)


_UNUSED = Problem(
    1,
    1,
    "baseline-unused",
    "a baseline is given, and calc_metric takes none: it sees one frame only",
    "to compare, give it a second parameter: def calc_metric(df, baseline)",
    "warning",
)
