"""`python -m docs.tools.errors`: write docs/errors.md, the catalogue of errors, from the tables of the code.

A test says whether the page is current, so whoever adds a code runs this once.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from engine import errors
from engine.cli import exits
from engine.models.codes import BASELINES, CODES, PARAMETERS, REFUSALS
from engine.models.result import GOOD, STATUSES
from engine.service.problems import STATUSES as HTTP_STATUSES
from engine.sources.appended.problems import RESULTS_CODES
from engine.sources.states import FILE_CODES
from engine.sources.stores.problems import STORE_CODES
from engine.sources.tables.problems import TABLE_CODES
from engine.sources.text.problems import TEXT_CODES
from sandbox.language.problems import CODES as SOURCE_CODES

PAGE: Final = Path(__file__).parents[1] / "errors.md"

_HEAD: Final = """# Error catalogue

`python -m docs.tools.errors` makes this page from the tables of the code. Codes are stable, texts are not.
An error has a code, a message in the author's words, the author's line where there is one, and mostly a hint.
"""


# Of each table: its title, and what stands above it.
_OF_RESULTS: Final = ("Codes of results", "What ended a frame without a number of the metric's own.")
_REFUSED: Final = (
    "Refused while running",
    "What the gateway refused; the result has the status `refused`.",
)
_OF_SOURCES: Final = (
    "Problems of a source",
    "Before anything runs; `calcmetric check` shows all of them at once. The codes of names, attributes and "
    "calls\ncan also come up while a metric runs.",
)
_OF_PARAMETERS: Final = ("Problems of parameters", "Before anything runs.")
_OF_BASELINES: Final = ("Problems of baselines", "Before anything runs.")
_OF_FILES: Final = (
    "Files that cannot be read",
    "The `code` of a `DataError`; the message names the file, the line and the fix. What else is wrong with "
    "data\nhas the code `data-error`.",
)


def catalogue() -> str:
    """The page, in Markdown."""
    sections = (
        ("Statuses of results", "The exit status is 0 if all results have a good one.", _statuses()),
        (*_OF_RESULTS, _table(CODES)),
        (*_REFUSED, _table(REFUSALS)),
        (*_OF_SOURCES, _table(SOURCE_CODES)),
        (*_OF_PARAMETERS, _table(PARAMETERS)),
        (*_OF_BASELINES, _table(BASELINES)),
        (*_OF_FILES, _table({**TEXT_CODES, **FILE_CODES, **TABLE_CODES, **STORE_CODES, **RESULTS_CODES})),
        (
            "HTTP",
            "The statuses of error responses; the [HTTP API](http.md#errors) lists the codes.",
            _numbers(_http()),
        ),
        ("Exit statuses", "Of the command line.", _numbers(_exits())),
        ("Exceptions", "Of the library, all in `engine.errors`.", _tree()),
    )
    return "\n".join([_HEAD, *(f"## {title}\n\n{intro}\n\n{body}\n" for title, intro, body in sections)])


def _table(rows: Mapping[str, str]) -> str:
    lines = ["| code | means |", "|---|---|"]
    lines += [f"| `{code}` | {_cell(meaning)} |" for code, meaning in rows.items()]
    return "\n".join(lines)


def _numbers(rows: Mapping[str, str]) -> str:
    lines = ["| status | means |", "|---:|---|"]
    lines += [f"| {status} | {_cell(meaning)} |" for status, meaning in rows.items()]
    return "\n".join(lines)


def _statuses() -> str:
    lines = ["| status | good | means |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {'yes' if name in GOOD else ''} | {_cell(says)} |" for name, says in STATUSES.items()
    ]
    return "\n".join(lines)


def _http() -> dict[str, str]:
    return {str(status): meaning for status, meaning in HTTP_STATUSES.items()}


def _exits() -> dict[str, str]:
    """The statuses with the comments behind them, which is where their meaning stands."""
    found = re.findall(r"^[A-Z]+: Final = (\d+)  # (.*)$", inspect.getsource(exits), re.MULTILINE)
    return dict(found)


def _tree() -> str:
    """The tree at the head of the file of errors."""
    text = inspect.getdoc(errors) or ""
    tree = re.search(r"(?:^    .*\n)+", text, re.MULTILINE)
    assert tree is not None
    return "```text\n" + inspect.cleandoc(tree[0]) + "\n```"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(catalogue())
