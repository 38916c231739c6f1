"""Plain PySpark on a local Spark, in a process of its own: what functions of authors are compared with.

`python -m benchmarks.functions_plain` reads lines of a metric's name and a file's path, and answers each with
a line of the value.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.functions_metrics import METRICS

_MEMORY = "6g"


class Plain:
    """The process, seen from outside."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def number(self, name: str, path: Path) -> float:
        """What a metric gives over a file.

        Raises:
            RuntimeError: the process ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, str(path)]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("plain PySpark ended")
        return float(json.loads(answer))


@contextmanager
def plain_spark() -> Iterator[Plain]:
    """Start the process, and end it."""
    environment = {name: value for name, value in os.environ.items() if "SPARK_CONNECT" not in name}
    environment["PYSPARK_PYTHON"] = sys.executable
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.functions_plain"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as process:
        try:
            yield Plain(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def main() -> None:
    """Answer until there are no more lines."""
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.builder
    session = (
        builder.master("local[*]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", _MEMORY)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    for line in sys.stdin:
        name, path = json.loads(line)
        namespace: dict[str, Any] = {}
        exec(compile(METRICS[name], name, "exec"), namespace)
        value = namespace["calc_metric"](session.read.parquet(path))
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()
    session.stop()


if __name__ == "__main__":
    main()
