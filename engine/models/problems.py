"""Problems of a source together, as a check gives them. Pure values."""

from __future__ import annotations

from sandbox.contract.messages import Problem


class Problems(tuple[Problem, ...]):
    """Every problem that a check found, in source order; notebooks show them as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        from engine.display.pages import problems_cell  # here: who only checks does not wait for it

        return problems_cell(self)
