"""Writes `expected.json`: what plain PySpark prints for each case of the corpus.

python -m tests.functions.record            every case
python -m tests.functions.record NAME...    only these; the others stay as they are
python -m tests.functions.record --new      only those that are not recorded yet
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from tests.corpus.plain import run_spark
from tests.functions import corpus
from tests.functions.corpus import TABLE, WIDE, source

EXPECTED: Final = Path(__file__).with_name("expected.json")


def printed(df: Any, name: str, expression: str) -> str:
    """What a case prints, or `raised` and the name of what it raises."""
    namespace: dict[str, Any] = {}
    exec(compile(source({name: expression}), name, "exec"), namespace)
    sink = io.StringIO()
    try:
        with contextlib.redirect_stdout(sink):
            namespace["calc_metric"](df)
    except Exception as error:
        return f"raised {type(error).__name__}"
    return sink.getvalue().strip()


def main() -> None:
    """Record every case."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    only, known = sys.argv[1:], json.loads(EXPECTED.read_text()) if sys.argv[1:] else {}
    new = only == ["--new"]
    found = {}
    with tempfile.TemporaryDirectory() as folder, run_spark() as session:
        for table, cases in ((TABLE, corpus.ALL), (WIDE, corpus.ALL_WIDE)):
            path = Path(folder) / f"{table.num_columns}.parquet"
            pq.write_table(table, path)
            for name, expression in cases.items():
                if (name in known) if new else (only and name not in only):
                    found[name] = known[name]
                    continue
                found[name] = printed(session.read.parquet(str(path)), name, expression)
                sys.stderr.write(f"{found[name][:160]}\n")
    EXPECTED.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
