"""What README and the manual show: their blocks of code, one by one, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").rglob("*.md")))
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# ([\w.]+\.(?:py|toml))\n")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        language: behind the fence; "" if there is none.
        text: all lines.
        after: what the page says up to the next block.
    """

    language: str
    text: str
    after: str

    @property
    def file(self) -> str | None:
        """The name of the file that the block is, if its first line says one."""
        named = _FILE.match(self.text)
        return named[1] if named else None


@dataclass(frozen=True)
class Command:
    """A line of a shell.

    Attributes:
        words: of the command, as a shell would take them apart.
        status: with which it ends, if its comment says so; else 0.
    """

    words: tuple[str, ...]
    status: int


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text()
    found = list(_BLOCK.finditer(text))
    ends = [*(one.start() for one in found), len(text)][1:]
    return [Block(one[1], one[2], text[one.end() : end]) for one, end in zip(found, ends, strict=True)]


def commands(text: str) -> Iterator[Command]:
    """The commands of a shell's block: lines that go on are joined, what is in $(...) is one of its own."""
    for line in _joined(text):
        said = re.search(r"# exit status (\d+)", line)
        for part in re.findall(r"\$\((.*?)\)", line) or [line]:
            words = tuple(shlex.split(part, comments=True))
            if words and words[-1] == "&":
                words = words[:-1]
            if words:
                yield Command(words, int(said[1]) if said else 0)


def _joined(text: str) -> Iterator[str]:
    """Whole commands: a backslash, or a quote that is still open, takes the next line in."""
    kept = ""
    for line in text.splitlines():
        kept += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        try:
            shlex.split(kept, comments=True)
        except ValueError:
            kept += "\n"
            continue
        yield kept
        kept = ""
    assert not kept, kept
