"""The corpora of texts: what must not pass, and places where an expression can be hidden."""

from __future__ import annotations

import json
from pathlib import Path

DATA = Path(__file__).parent / "data"

# Queries in which {} is an expression.
PLACES = (
    "SELECT {} AS A FROM FRAME",
    "SELECT ABS(COALESCE({}, 1)) FROM FRAME",
    "SELECT SUM({}) FROM FRAME",
    "SELECT X FROM FRAME WHERE ({}) = 1",
    "SELECT X FROM FRAME WHERE X BETWEEN 1 AND ({})",
    "SELECT X FROM FRAME WHERE X IN (1, ({}))",
    "SELECT X FROM FRAME WHERE S LIKE ({})",
    "SELECT COUNT(1) FROM FRAME GROUP BY ({})",
    "SELECT COUNT(1) FROM FRAME GROUP BY ROLLUP(S, ({}))",
    "SELECT COUNT(1) FROM FRAME GROUP BY GROUPING SETS ((S), (({}), S))",
    "SELECT S FROM FRAME GROUP BY S HAVING MAX({}) > 1",
    "SELECT X FROM FRAME QUALIFY RANK() OVER (ORDER BY {}) = 1",
    "SELECT SUM(X) OVER (PARTITION BY {} ORDER BY X) FROM FRAME",
    "SELECT LISTAGG(S, ',') WITHIN GROUP (ORDER BY {}) FROM FRAME",
    "SELECT X FROM FRAME ORDER BY {}",
    "SELECT CASE WHEN X = 1 THEN {} ELSE 2 END FROM FRAME",
    "SELECT CASE ({}) WHEN 1 THEN 2 END FROM FRAME",
    "SELECT CAST({} AS INT) FROM FRAME",
    "SELECT ({})::VARCHAR FROM FRAME",
    "SELECT -({}) FROM FRAME",
    "SELECT F.X FROM FRAME F JOIN FRAME G ON F.X = ({})",
    "SELECT * FROM (SELECT {} AS A FROM FRAME) Q",
    "WITH Q AS (SELECT {} AS A FROM FRAME) SELECT A FROM Q",
    "SELECT 1 AS A FROM FRAME UNION ALL SELECT {} FROM FRAME",
    "SELECT X FROM FRAME WHERE X IN (SELECT {} FROM FRAME)",
    "SELECT (SELECT MAX({}) FROM FRAME) AS A FROM FRAME",
    "SELECT X FROM FRAME WHERE EXISTS (SELECT {} FROM FRAME)",
    "SELECT * FROM (SELECT S, {} AS A FROM FRAME) PIVOT (MAX(A) FOR S IN ('a'))",
    "SELECT COLUMN1 FROM VALUES (1, ({}))",
    "SELECT ((((((((({}))))))))) AS A FROM FRAME",
)


def hostile() -> list[tuple[str, str]]:
    """(kind, text) for each line of the corpus."""
    kind, found = "", []
    for line in (DATA / "hostile.txt").read_text("utf-8").split("\n"):
        if line in ("[expression]", "[query]"):
            kind = line[1:-1]
        elif line and not line.startswith("# "):
            found.append((kind, line))
    return found


def recorded() -> list[str]:
    """The queries of Snowpark that pass."""
    lines = map(json.loads, (DATA / "recorded.jsonl").read_text("utf-8").splitlines())
    return [
        text
        for line in lines
        for text, outcome in zip(line["sql"], line["outcome"], strict=True)
        if not outcome.startswith("refused")
    ]
