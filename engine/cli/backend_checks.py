"""Checking backends for real: each is started, and a metric in a confined worker asks it one question."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from engine.api import Engine
from engine.errors import CalcmetricError
from engine.models.dataset import Dataset
from engine.models.isolation import Isolation, ServerIsolation
from engine.models.result import Result
from engine.wording import said, told
from sandbox.contract.limits import Limits

# The same for PySpark's frames and Snowpark's.
_SOURCE: Final = "def calc_metric(df):\n    return df.count()\n"
_ROWS: Final = 3
_SECONDS: Final = 60.0
LOCAL_BACKENDS: Final = ("spark", "duckdb")


@dataclass(frozen=True, slots=True)
class BackendCheck:
    """What came of one backend.

    Attributes:
        backend: its name.
        works: whether it answered the metric's question, and rightly.
        seconds: that it took, its start included.
        error: why it does not work; else "".
    """

    backend: str
    works: bool
    seconds: float
    error: str


def check_backends(
    names: Sequence[str], *, isolation: Isolation, server_isolation: ServerIsolation
) -> tuple[BackendCheck, ...]:
    """Check backends one after the other; none that fails stops the others."""
    return tuple(_check(name, isolation=isolation, server_isolation=server_isolation) for name in names)


def _check(name: str, **options: Any) -> BackendCheck:
    began, error = time.monotonic(), ""
    try:
        with (
            tempfile.TemporaryDirectory(prefix="calcmetric-doctor-") as folder,
            Engine(name, roots=(folder,), workers=1, native=False, **options) as engine,
        ):
            data = Dataset(pa.table({"n": list(range(_ROWS))}))
            error = _why_wrong(engine.evaluate(_SOURCE, data, limits=Limits(wall_seconds=_SECONDS)).overall)
    except CalcmetricError as failure:
        error = said(failure, "command")
    return BackendCheck(name, not error, time.monotonic() - began, error)


def _why_wrong(result: Result) -> str:
    """Why the answer is not the right one, or nothing."""
    if result.error is not None:
        why = told(result.error.message, "command")
        return f"a metric that counts rows ended with status {result.status!r}: {why}"
    if result.value != _ROWS:
        return f"a metric that counts {_ROWS} rows gave {result.value}"
    return ""
