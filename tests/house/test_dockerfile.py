"""The image is README's set-up; where none can be built, its words are held against the files."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

from click.testing import CliRunner

from engine.cli.main import cli

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "Dockerfile").read_text().splitlines()
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def instructions(word: str) -> list[str]:
    return [line.removeprefix(f"{word} ") for line in LINES if line.startswith(f"{word} ")]


def test_it_copies_what_there_is_and_what_the_build_needs() -> None:
    copied = [source for line in instructions("COPY") for source in line.split()[:-1]]
    assert all((ROOT / source).exists() for source in copied)
    needed = {"pyproject.toml", PROJECT["readme"], *PROJECT["license-files"], "engine", "sandbox"}
    assert set(copied) == needed
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert let_in == set(copied)


def test_it_installs_as_the_readme_does_with_extras_that_there_are() -> None:
    (install,) = [line for line in instructions("RUN") if " pip " in line]
    extras = re.search(r"python3 -m pip install --no-cache-dir '\.\[([a-z,]+)\]'", install)
    assert extras is not None and set(extras[1].split(",")) <= PROJECT["optional-dependencies"].keys()
    assert "-m pip --python .venv install ." in README, "the same command, in a place of its own"
    assert "conda" not in install and "apt" not in install


def test_its_python_is_one_that_the_project_takes() -> None:
    (image,) = instructions("FROM")
    version = re.fullmatch(r"python:3\.(\d+)-slim", image)
    least = re.fullmatch(r">=3\.(\d+)", PROJECT["requires-python"])
    assert version is not None and least is not None and int(version[1]) >= int(least[1])


def test_what_it_starts_is_a_command_with_these_options() -> None:
    words = [shlex.split(line.translate(str.maketrans("[],", "   "))) for line in instructions("CMD")]
    command, *options = words[-1]
    told = CliRunner().invoke(cli, [command, "--help"]).output
    for option in [word for word in options if word.startswith("--")]:
        assert option in told
    assert instructions("USER") == ["10001"] and "runAsUser: 10001" in OPERATIONS


def test_the_manual_mounts_what_the_image_expects() -> None:
    assert instructions("VOLUME") == ["/state"]
    assert "-v calcmetric:/state" in OPERATIONS and ":/data:ro" in OPERATIONS
    assert "privileged" not in " ".join(re.findall(r"^docker .*$", OPERATIONS, re.MULTILINE))
