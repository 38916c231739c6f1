"""Descriptions of attributes and arguments say something: a pronoun adds nothing to a name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.documents import ROOT

# What stands for a description and is none, in lower case and without a full stop.
HOLLOW = frozenset(
    {
        "any", "as many", "both", "how", "how many", "how often", "it", "it does", "its own", "likewise",
        "nowhere", "of it", "of them", "one", "one can", "one does", "so far", "something does", "that",
        "the same", "them", "they", "this", "those", "what", "what happens", "when", "where", "where to",
        "which", "who", "why",
    }
)  # fmt: skip
_SECTION = re.compile(
    r"^(?:Args|Attributes|Raises|Returns|Yields):\n((?:[ \t]+.*\n?|\n(?=[ \t]))+)", re.MULTILINE
)
_ENTRY = re.compile(r"^    ([^\s:][^:]*): (.*(?:\n     +.*)*)", re.MULTILINE)


def descriptions(path: Path) -> Iterator[tuple[str, str]]:
    """The entries of the docstrings of a module: what is described, and how."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for section in _SECTION.findall(ast.get_docstring(node) or ""):
                yield from _ENTRY.findall(section)


def is_hollow(text: str) -> bool:
    return text.strip().rstrip(".;").lower() in HOLLOW


def modules() -> list[Path]:
    return sorted(path for folder in ("engine", "sandbox") for path in (ROOT / folder).rglob("*.py"))


def test_no_description_is_one_pronoun():
    wrong = [
        (path.relative_to(ROOT).as_posix(), name, text)
        for path in modules()
        for name, text in descriptions(path)
        if is_hollow(text)
    ]
    assert not wrong


def test_descriptions_are_found(tmp_path):
    module = tmp_path / "one.py"
    module.write_text(
        'class One:\n    """A thing.\n\n    Attributes:\n        a: which.\n'
        '        b: a longer one,\n            over two lines.\n    """\n'
    )
    found = dict(descriptions(module))
    assert found == {"a": "which.", "b": "a longer one,\n        over two lines."}
    assert [is_hollow(text) for text in found.values()] == [True, False]
