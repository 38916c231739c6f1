"""Modules that the operator of a service opens: from the command line to the engine, and what hints say."""

from __future__ import annotations

from unittest.mock import Mock

import click
import pytest

from engine.cli.serve import make_settings, serve, worker
from engine.models.problems import problem_fields
from engine.results.hints import word_hint
from engine.service import opening
from sandbox.contract.messages import Problem
from sandbox.contract.opened import OPEN_MODULE, OPEN_STANDARD


@pytest.mark.parametrize("command", [serve, worker])
@pytest.mark.parametrize("environment", [True, False])
def test_modules_are_opened_by_option_or_environment(command, environment, monkeypatch):
    if environment:
        monkeypatch.setenv("CALCMETRIC_IMPORTS", "standard statistics")
    arguments = [] if environment else ["--imports", "standard", "--imports", "statistics"]
    given = command.make_context("calcmetric", arguments, resilient_parsing=False).params
    options = {name: value for name, value in given.items() if name not in ("host", "port", "once")}
    options.pop("no_calculate", None)
    settings = make_settings(options)
    assert settings.imports == ("standard", "statistics")
    made = Mock()
    monkeypatch.setattr(opening, "Engine", made)
    opening.make_engine(settings)
    assert made.call_args.kwargs["extra_imports"] == ("standard", "statistics")
    assert isinstance(command, click.Command)


@pytest.mark.parametrize("sentence", [OPEN_STANDARD, OPEN_MODULE])
def test_hints_say_to_ask_the_operator(sentence):
    problem = Problem(1, 1, "import-refused", "module re may not be imported", word_hint(sentence))
    assert str(problem_fields(problem, "http")["hint"]).startswith("ask the operator")
