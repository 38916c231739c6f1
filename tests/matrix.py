"""`python -m tests.matrix`: the tests under each supported Python, and with the oldest dependencies.

    python -m tests.matrix                         # everything: takes two hours on two cores
    python -m tests.matrix 3.13 -- tests/language  # one Python, and arguments for pytest
    python -m tests.matrix oldest -- -n 0 tests/spark/text

Where pyenv keeps the Pythons, say which: PYENV_VERSION=3.11.7:3.12.1:3.13.0 python -m tests.matrix.

Each cell is an environment of its own in a folder that is removed, made by `uv` (which fetches a Python that
is not there) from the checkout as it stands. "oldest" is the first supported Python with the lowest versions
that pyproject.toml permits of what it names itself: that is what its lower bounds claim.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
# As pyproject.toml's classifiers say.
PYTHONS: Final = tuple(
    re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())
)
OLDEST: Final = "oldest"
_PARTS: Final = (("default", ()), ("slow", ("-m", "slow and not deep and not cluster and not root")))


@dataclass(frozen=True)
class Cell:
    """One environment.

    Attributes:
        name: what is typed for it.
        python: its version.
        options: of `uv pip install`.
    """

    name: str
    python: str
    options: tuple[str, ...] = ()


CELLS: Final = {
    **{python: Cell(python, python) for python in PYTHONS},
    OLDEST: Cell(OLDEST, PYTHONS[0], ("--resolution", "lowest-direct")),
}


def main(arguments: Sequence[str]) -> int:
    """Run the cells that are named, or all, and print a line for each; 1 if one of them fails."""
    names, pytest = _parted(arguments)
    unknown = [name for name in names if name not in CELLS]
    if unknown:
        print(f"there is no {unknown[0]!r}; there are {', '.join(CELLS)}", file=sys.stderr)
        return 2
    failed = 0
    for name in names or CELLS:
        for part, status in run_cell(CELLS[name], pytest):
            failed += status != 0
            print(
                f"=== {name}, {part}: {'passed' if status == 0 else f'FAILED with status {status}'}",
                flush=True,
            )
    return 1 if failed else 0


def _parted(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The cells, and what stands behind `--`."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return list(arguments[:at]), list(arguments[at + 1 :])


def run_cell(cell: Cell, pytest: Sequence[str]) -> list[tuple[str, int]]:
    """The parts of a cell with their exit statuses: the default and the slow tests, or what is asked for."""
    with tempfile.TemporaryDirectory(prefix="calcmetric-matrix-") as folder:
        environment = Path(folder) / "venv"
        python = environment / "bin" / "python"
        made = _run("uv", "venv", "--quiet", "--python", cell.python, str(environment)) or _run(
            "uv", "pip", "install", "--quiet", *cell.options, "--python", str(python), "-e", ".[test]"
        )
        if made:
            return [("environment", made)]
        parts = (("tests", tuple(pytest)),) if pytest else _PARTS
        return [(part, _run(str(python), "-m", "pytest", *options)) for part, options in parts]


def _run(*command: str) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
