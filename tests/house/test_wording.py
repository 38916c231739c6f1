"""No message tells a user of one door what to type at another one."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import engine
from engine.cli.check import check
from engine.cli.doctor import doctor
from engine.cli.run import run
from engine.cli.serve import prune, serve, worker
from engine.errors import DataError, UsageError
from engine.wording import DOORS, WORDS, Worded, joined, message_of, said, told, worded
from sandbox.contract.limits import Limits

ROOT = Path(engine.__file__).parents[1]
MODULES = sorted((ROOT / "engine").rglob("*.py"))
# What only Python's users can write, and what only those of the command line can.
PYTHON = re.compile(
    r"\b(?:Limits|TimeRange|SegmentGroup)\b[.(]|\b(?:Engine|Dataset)\(|\btimedelta\b"
    r"|\b(?:roots|as_of|every|top|outer|timestamp|limits|tzinfo|extra_imports|isolation|workers|cache_dir)=[^=]"
)
COMMAND = re.compile(r"(?:^|[\s('\"`])--[a-z][a-z-]*")
# Where such words are right, and why.
AT_THEIR_DOOR = {
    "engine/wording.py": "the table of words",
    "engine/runs/options.py": "arguments of wrong types, which only Python can give",
    "engine/models/segments.py": "the same: groups that were not made with SegmentGroup",
    "engine/service/admission/keyring.py": "what the commands of keys do",
    "engine/service/serve.py": "what the commands of the service do",
}
# Command lines of programs that the engine starts.
STARTS_PROGRAMS = ("engine/backends/",)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module that may reach a user: no docstring, no attribute documentation."""
    tree = ast.parse(path.read_text())
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.lineno, node.value


@pytest.mark.slow  # it reads all of the code
def test_only_the_table_of_words_knows_what_to_type():
    wrong = []
    for path in MODULES:
        name = path.relative_to(ROOT).as_posix()
        own = name.startswith(("engine/cli/", *STARTS_PROGRAMS))
        if name not in AT_THEIR_DOOR:
            wrong += [
                (name, line, text)
                for line, text in texts(path)
                if PYTHON.search(text) or (not own and COMMAND.search(text))
            ]
    assert not wrong


def test_each_door_has_its_own_words():
    options = {
        name
        for one in (run, serve, worker, prune, check, doctor)
        for p in one.params
        for name in (*p.opts, *p.secondary_opts)
    }
    for key, (python, command, http) in WORDS.items():
        assert not COMMAND.search(python), key
        assert not PYTHON.search(command), key
        assert not COMMAND.search(http) and not PYTHON.search(http), key
        assert set(re.findall(r"--[a-z-]+", command)) <= options, key
    assert {field.name for field in fields(Limits)} <= set(WORDS)


def test_every_limit_has_an_option_of_the_command():
    named = {WORDS[field.name][1] for field in fields(Limits)}
    assert named <= {name for option in run.params for name in option.opts}


def test_a_text_has_the_words_of_each_door_through_errors_and_parts():
    hint = worded("it is {what}; raise {frame_seconds}", what="{slow}")
    assert hint == "it is {slow}; raise Limits.frame_seconds" and isinstance(hint, Worded)
    assert told(hint, "command") == "it is {slow}; raise --frame-timeout"
    assert "Limits" not in told(hint, "http") and "--" not in told(hint, "http")
    inner = UsageError(hint)
    outer = DataError(joined(["first", message_of(inner)]))
    assert str(outer) == f"first\n{hint}"
    assert said(outer, "command") == "first\nit is {slow}; raise --frame-timeout"
    assert [told(worded("{x}", x=hint), door) for door in DOORS] == [told(hint, door) for door in DOORS]
    assert said(ValueError("plain"), "http") == "plain" and said(KeyError(), "command") == ""
