"""What a release consists of, the sdist and the wheel that is made of it, in use far from the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "sandbox")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BUILD = "from setuptools import build_meta as b; import sys; print(getattr(b, sys.argv[1])(sys.argv[2]))"
METRIC = """\
from snowflake.snowpark import functions as F


def calc_metric(df):
    return df.agg(F.sum("n").alias("s")).collect()[0][0]
"""
EVALUATE = """\
from engine import Dataset, Engine

with Engine("duckdb", roots=(".",)) as engine:
    run = engine.evaluate(open("total.py").read(), Dataset("numbers.csv"))
print(run.overall.value, run.overall.status)
"""


@dataclass(frozen=True)
class Built:
    """What a release consists of."""

    sdist: Path
    wheel: Path


class Environment:
    """A new one, with nothing in it, whose programs see nothing of the checkout."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.python = folder / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.python.parents[1]], check=True)
        self.home = folder / "home"
        self.home.mkdir()

    def install(self, *what: str) -> None:
        """Install as pip's configuration says; without an index the test is skipped, but not on CI."""
        done = subprocess.run(
            [*installer(self.python), "--quiet", *what],
            capture_output=True,
            text=True,
            cwd=self._folder,
            check=False,
        )
        if done.returncode:
            assert not os.environ.get("CI"), done.stderr
            pytest.skip(f"packages cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")

    def run(self, *words: str | Path, cwd: Path | None = None) -> str:
        """What a program of the environment prints."""
        done = self.try_run(*words, cwd=cwd)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def try_run(self, *words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment."""
        clean = {
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
        }
        command = [str(self.python.parent / words[0]), *map(str, words[1:])]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=cwd or self.home, env=clean, timeout=300, check=False
        )


def installer(python: Path) -> list[str]:
    """The command that installs into an environment: pip, wherever it is, or uv where there is none.

    Uv comes first where it is told its wheels, as on CI: pip takes more than a minute for the same.
    """
    by_uv = [shutil.which("uv") or "", "pip", "install", "--python", str(python)]
    if by_uv[0] and "UV_FIND_LINKS" in os.environ:
        return by_uv
    for one in (sys.executable, str(Path(sys.base_prefix) / "bin" / "python3"), "python3"):
        if subprocess.run([one, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
            return [one, "-m", "pip", "--python", str(python), "install", "--no-compile"]
    if not by_uv[0]:
        pytest.skip("there is neither pip nor uv")
    return by_uv


def files_of(packages: Sequence[str]) -> set[str]:
    """What an installed package has to hold: all that the checkout has, but notes and what Python made."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in packages
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".md"
    }


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel, without what is said about them."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist of a copy of the checkout, and the wheel that is made of the sdist."""
    folder = tmp_path_factory.mktemp("built")
    builder = Environment(folder)
    builder.install(*PROJECT["build-system"]["requires"])
    copy = folder / "checkout"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    made = builder.run("python", "-c", BUILD, "build_sdist", folder, cwd=copy)
    sdist = folder / made.splitlines()[-1]
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (source,) = (folder / "unpacked").iterdir()
    made = builder.run("python", "-c", BUILD, "build_wheel", folder, cwd=source)
    return Built(sdist, folder / made.splitlines()[-1])


def test_the_wheel_of_the_sdist_holds_both_packages_and_nothing_else(built: Built) -> None:
    found = contents(built.wheel)
    assert found.keys() == files_of(PACKAGES)
    assert all(content == (ROOT / name).read_bytes() for name, content in found.items())


def test_the_sdist_holds_what_it_takes_to_build_and_its_licence(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {"pyproject.toml", "README.md", "LICENSE", *files_of(PACKAGES)}


def test_it_is_used_where_nothing_else_is_installed(built: Built, tmp_path: Path) -> None:
    """The command and the library, without the service."""
    clean = Environment(tmp_path)
    clean.install(f"calcmetric @ {built.wheel.as_uri()}")
    (clean.home / "total.py").write_text(METRIC)
    (clean.home / "numbers.csv").write_text("n\n1\n2\n39\n")
    assert PROJECT["project"]["version"] in clean.run("calcmetric", "--version")
    assert "engine" in clean.run("python", "-c", "import engine; print(engine.__file__)")
    command = ("calcmetric", "run", "total.py", "--data", "numbers.csv", "--backend", "duckdb")
    (run,) = json.loads(clean.run(*command, "--format", "json"))["runs"]
    assert [(one["value"], one["status"]) for one in run["results"]] == [(42.0, "ok")]
    assert clean.run("python", "-c", EVALUATE) == "42.0 ok\n"
    service = clean.try_run("calcmetric", "serve")
    assert service.returncode == 3 and "pip install 'calcmetric[server]'" in service.stderr
