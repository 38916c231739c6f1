"""SQL texts that must not pass."""

from __future__ import annotations

from tests.spark.text.frame import DATA


def hostile() -> list[tuple[str, str]]:
    """(kind, text) for each line of the corpus."""
    kind, found = "", []
    for line in (DATA / "hostile.txt").read_text(encoding="utf-8").split("\n"):
        if line in ("[expression]", "[query]"):
            kind = line[1:-1]
        elif not line.startswith("# "):
            found.append((kind, line))
    return found
