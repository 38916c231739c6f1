"""Writes `expected.json` and `expected_maps.json`: what plain PySpark prints for each case of the corpus.

python -m tests.spark.functions.record            every case
python -m tests.spark.functions.record NAME...    only these; the others stay as they are
python -m tests.spark.functions.record --new      only those that are not recorded yet
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
from tests.spark.functions import corpus, maps
from tests.spark.functions.corpus import PREAMBLE, TABLE, WIDE, source

EXPECTED: Final = Path(__file__).with_name("expected.json")
EXPECTED_MAPS: Final = Path(__file__).with_name("expected_maps.json")
# Of each file: what stands before its cases, and cases over a table.
_FILES: Final = {
    EXPECTED: (PREAMBLE, ((TABLE, corpus.ALL), (WIDE, corpus.ALL_WIDE))),
    EXPECTED_MAPS: (
        maps.PREAMBLE,
        ((TABLE, {**maps.MAPS, **maps.MAP_GROUPS, **maps.RAISING_MAPS}), (WIDE, maps.WIDE_MAPS)),
    ),
}


def printed(df: Any, name: str, expression: str, preamble: str) -> str:
    """What a case prints, or `raised` and the name of what it raises."""
    namespace: dict[str, Any] = {}
    exec(compile(source({name: expression}, preamble), name, "exec"), namespace)
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
    only = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, run_spark() as session:
        for file, (preamble, parts) in _FILES.items():
            known, found = json.loads(file.read_text()) if only and file.exists() else {}, {}
            for table, cases in parts:
                path = Path(folder) / f"{table.num_columns}.parquet"
                pq.write_table(table, path)
                for name, expression in cases.items():
                    if name in known and name not in only:
                        found[name] = known[name]
                        continue
                    found[name] = printed(session.read.parquet(str(path)), name, expression, preamble)
                    sys.stderr.write(f"{found[name][:160]}\n")
                    file.write_text(json.dumps({**known, **found}, indent=1, ensure_ascii=False) + "\n")
            file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
