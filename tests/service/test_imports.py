"""Modules that the operator of a service opens: from the command line to the engine, and what hints say."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from engine.cli.serve import serve, worker
from engine.cli.serve_options import ServeOptions, WorkerOptions
from engine.models.problems import problem_fields
from engine.results.hints import word_hint
from engine.service import opening
from engine.service import serve as service
from sandbox.contract.messages import Problem
from sandbox.contract.opened import OPEN_MODULE, OPEN_STANDARD


@pytest.mark.parametrize(("command", "does"), [(serve, "serve"), (worker, "work")])
@pytest.mark.parametrize("environment", [True, False])
def test_modules_are_opened_by_option_or_environment(command, does, environment, monkeypatch):
    if environment:
        monkeypatch.setenv("CALCMETRIC_IMPORTS", "standard statistics")
    arguments = [] if environment else ["--imports", "standard", "--imports", "statistics"]
    begun = Mock()
    monkeypatch.setattr(service, does, begun)
    CliRunner().invoke(command, arguments, catch_exceptions=False)
    settings = begun.call_args.args[0]
    assert settings.imports == ("standard", "statistics")
    made = Mock()
    monkeypatch.setattr(opening, "Engine", made)
    opening.make_engine(settings)
    assert made.call_args.kwargs["extra_imports"] == ("standard", "statistics")


def test_the_options_are_those_of_the_commands():
    limits = {"wall_seconds", "frame_seconds", "memory_bytes"}
    names = {command: {one.name for one in command.params} - limits for command in (serve, worker)}
    assert ServeOptions.__annotations__.keys() == names[serve] - {"host", "port", "no_calculate"}
    assert WorkerOptions.__annotations__.keys() == names[worker] - {"once"}


@pytest.mark.parametrize("sentence", [OPEN_STANDARD, OPEN_MODULE])
def test_hints_say_to_ask_the_operator(sentence):
    problem = Problem(1, 1, "import-refused", "module re may not be imported", word_hint(sentence))
    assert str(problem_fields(problem, "http")["hint"]).startswith("ask the operator")
