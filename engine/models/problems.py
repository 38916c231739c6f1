"""Problems of a source: together, as a check gives them, and each as JSON. Pure values."""

from __future__ import annotations

from engine.wording import Door, told
from sandbox.contract.messages import Problem


class Problems(tuple[Problem, ...]):
    """Every problem that a check found, in source order; notebooks show them as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        from engine.display.pages import problems_cell  # here: who only checks does not wait for it

        return problems_cell(self)


def problem_fields(problem: Problem, door: Door) -> dict[str, object]:
    """The JSON form of a problem, in the words of a door."""
    return {
        "severity": problem.severity,
        "line": problem.line,
        "column": problem.column,
        "code": problem.code,
        "message": told(problem.message, door),
        "hint": told(problem.hint, door),
    }
