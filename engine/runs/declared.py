"""What a source declares, as far as it fits what was asked of its run. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.errors import ParamsRefused, SourceRefused
from engine.models.parameters import Bound, bind
from engine.runs.compare import fit_baseline
from engine.runs.run_spec import RunSpec
from sandbox.contract.messages import Problem
from sandbox.contract.signature import Signature, TakesBaseline


@dataclass(frozen=True, slots=True)
class Declared:
    """What is known of a metric once its source is compiled.

    Attributes:
        bound: its parameters.
        taker: its second parameter, if it is given a baseline; else None.
        several: whether it declares several numbers.
        functions: of PySpark that it uses; a hint, see `Signature`.
        warnings: of the source, and of what was asked of it.
    """

    bound: Bound = field(default_factory=Bound)
    taker: TakesBaseline | None = None
    several: bool = False
    functions: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def compares(self) -> bool:
        """Whether it is given a baseline."""
        return self.taker is not None


def declare(signature: Signature, spec: RunSpec, warnings: tuple[Problem, ...] = ()) -> Declared:
    """Hold what a source declares against the parameters and the baseline of its run.

    Args:
        signature: what its first worker said of it.
        spec: what was asked.
        warnings: of compiling it.

    Raises:
        ParamsRefused: the parameters do not fit.
        SourceRefused: it needs a baseline, and there is none.
    """
    bound, unfit = bind(signature, spec.params)
    if unfit:
        raise ParamsRefused({spec.metric: unfit})
    taker, problems = fit_baseline(signature, spec.baseline, bound)
    if any(problem.severity == "error" for problem in problems):
        raise SourceRefused(problems)
    return Declared(bound, taker, signature.several, signature.functions, (*warnings, *problems))
