"""The frame that the corpora run over, as SQL, and the corpora themselves."""

from __future__ import annotations

from pathlib import Path

FRAME = """
select id, id * 1.5D as x, if(id = 2, null, if(id = 3, double('NaN'), id / 2D)) as y, int(id % 4) as n,
       element_at(array('apple', 'banana', 'a_b'), int(id % 3) + 1) as s, id % 2 = 0 as flag,
       date_add(date '2024-01-30', int(id)) as d,
       timestamp '2024-01-30 11:22:33' + id * interval 1 hour as ts,
       array(1, 2, int(id)) as arr, array('p', null, 'q') as names, map('a', int(id), 'b', 2) as m,
       named_struct('a', int(id), 'b', 'z') as st, cast(id as decimal(10, 2)) as dec,
       encode('bin', 'utf-8') as bin, '{"a": 1, "b": "x"}' as js
from range(6)
"""
VIEWS = ("v", "w")

DATA = Path(__file__).parent / "data"


def expressions() -> dict[str, list[str]]:
    """The expressions, by section."""
    sections: dict[str, list[str]] = {}
    for line in _lines("expressions.txt"):
        if line.startswith("[") and line.endswith("]") and " " not in line:
            sections[line[1:-1]] = []
        else:
            sections[list(sections)[-1]].append(line)
    return sections


def queries() -> list[str]:
    """The queries."""
    return _lines("queries.txt")


def _lines(name: str) -> list[str]:
    text = (DATA / name).read_text(encoding="utf-8")
    return [line for line in text.split("\n") if line.strip() and not line.startswith("# ")]
