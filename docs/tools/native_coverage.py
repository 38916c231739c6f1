"""`python -m docs.tools.native_coverage`: write docs/native-coverage.md, Spark's functions one by one.

It probes the examples that Spark documents, with the answers of a real Spark that the tests keep
(`tests/spark/native/examples.json`); none is started. A test says whether the page is current.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.spark.native.examples import read_examples
from tests.spark.native.probing import Found, probe

PAGE: Final = Path(__file__).parents[1] / "native-coverage.md"
_WORDS: Final = {"native": "native", "spark": "Spark's", "refused": "refused", "different": "DIFFERENT"}
_HEAD: Final = """# Native answers, function by function

`python -m docs.tools.native_coverage` makes this page. Each function that Spark registers is probed by the
examples that Spark documents for it: as they are written, and with their arguments as columns of a file,
which is what they are in a metric. *native*: an example is answered natively, and every one that is gives
what Spark gives. *Spark's*: it takes Spark, with the reason. *refused*: no metric may call it. That a
function is native says so for types and constants as those of its example; for others `run --dry-run
--explain` does.

"""


def page(found: Mapping[str, Found]) -> str:
    """The page, in Markdown."""
    told = counted(Counter(_WORDS[one.verdict] for one in found.values()))
    table = ["| function | answered | why, or an example that is |", "|---|---|---|", *lines_of(found)]
    return "\n".join([_HEAD + told, "", *table]) + "\n"


def counted(answered: Mapping[str, int]) -> str:
    """How many functions are answered in which way, in words."""
    return (
        f"{answered.get('native', 0)} of {sum(answered.values())} functions are native, "
        f"{answered.get(_WORDS['spark'], 0)} are Spark's, {answered.get('refused', 0)} are refused; "
        f"{answered.get(_WORDS['different'], 0)} give something different."
    )


def lines_of(found: Mapping[str, Found]) -> list[str]:
    """The lines of the table."""
    return [_line(name, one) for name, one in sorted(found.items())]


def _line(name: str, one: Found) -> str:
    why = f"`{_cell(one.sql)}`" if one.verdict == "native" else _cell(one.reason)
    return f"| `{_cell(name)}` | {_WORDS[one.verdict]} | {why} |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def current() -> str:
    """The page as it has to be."""
    with tempfile.TemporaryDirectory() as folder:
        return page(probe(read_examples(), Path(folder)))


if __name__ == "__main__":
    PAGE.write_text(current())
