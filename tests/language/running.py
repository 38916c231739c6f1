"""Compile and run a source as a worker would, for the tests of this folder."""

import textwrap
import warnings
from typing import Any

from sandbox.contract.messages import Problem
from sandbox.language import GuardRefused, compile_source, load
from sandbox.language.program import Program

SOURCE_BYTES = 1 << 18


def compile_text(text: str, **options: Any) -> Program:
    return compile_source(textwrap.dedent(text).encode(), source_bytes=SOURCE_BYTES, **options)


def errors_of(program: Program) -> list[Problem]:
    return [problem for problem in program.problems if problem.severity == "error"]


def run(text: str, frame: Any = None, printed: list[str] | None = None, **options: Any) -> Any:
    """The metric's number; fails the test if the source has an error."""
    program = compile_text(text, **options)
    assert errors_of(program) == []
    sink = (lambda text: None) if printed is None else printed.append
    metric = load(program, sink=sink)
    with warnings.catch_warnings():
        # Authors use what a newer numpy advises against, and a worker does not mind.
        warnings.simplefilter("ignore", DeprecationWarning)
        return metric(frame)


def codes_when_run(text: str, frame: Any = None, **options: Any) -> set[str]:
    """The codes with which a source is refused, when compiled or else when run; empty if it is not."""
    program = compile_text(text, **options)
    if errors_of(program):
        return {problem.code for problem in errors_of(program)}
    try:
        load(program, sink=lambda text: None)(frame)
    except GuardRefused as refusal:
        return {refusal.problem_code}
    return set()
