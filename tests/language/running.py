"""Compile and run a source as a worker would, for the tests of this folder."""

import textwrap

from sandbox.language import GuardRefused, compile_source, load

SOURCE_BYTES = 1 << 18


def compile_text(text, **options):
    return compile_source(textwrap.dedent(text).encode(), source_bytes=SOURCE_BYTES, **options)


def errors_of(program):
    return [problem for problem in program.problems if problem.severity == "error"]


def run(text, frame=None, printed=None, **options):
    """The metric's number; fails the test if the source has an error."""
    program = compile_text(text, **options)
    assert errors_of(program) == []
    sink = (lambda text: None) if printed is None else printed.append
    return load(program, sink=sink)(frame)


def codes_when_run(text, frame=None, **options):
    """The codes with which a source is refused, when compiled or else when run; empty if it is not."""
    program = compile_text(text, **options)
    if errors_of(program):
        return {problem.code for problem in errors_of(program)}
    try:
        load(program, sink=lambda text: None)(frame)
    except GuardRefused as refusal:
        return {refusal.problem_code}
    return set()
