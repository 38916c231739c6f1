"""calcmetric: run `calc_metric(df)` over a dataset and every segment of it, behind a sandbox.

    with Engine("spark", roots=("data",)) as engine:
        run = engine.evaluate(source, Dataset("data/events.parquet"))
        run.overall.value

The public names are imported when first used, so that a program which only starts the engine's processes
does not wait for pandas and PySpark first.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.backends.native.trust import Verified
    from engine.display.saving import save_runs
    from engine.errors import (
        BackendError,
        BackendStartError,
        CalcmetricError,
        DataError,
        EngineBusy,
        EngineClosed,
        ForkedEngine,
        IsolationError,
        OpenNetworkError,
        ParamsRefused,
        SourceRefused,
        SourcesRefused,
        SparkNeeded,
        UsageError,
    )
    from engine.models.baseline import Baseline
    from engine.models.dataset import Dataset
    from engine.models.metric import Metric
    from engine.models.result import FrameError, Result
    from engine.models.run import Report, Run, Shared
    from engine.models.segments import SegmentGroup
    from engine.models.time_range import TimeRange
    from engine.runs.live import LiveRun, Progress
    from engine.runs.plan import RunPlan
    from sandbox.contract.limits import Limits
    from sandbox.contract.messages import Problem

_HOMES: Final = {
    "engine.api": ("Engine",),
    "engine.backends.native.trust": ("Verified",),
    "engine.display.saving": ("save_runs",),
    "engine.errors": (
        "BackendError",
        "BackendStartError",
        "CalcmetricError",
        "DataError",
        "EngineBusy",
        "EngineClosed",
        "ForkedEngine",
        "IsolationError",
        "OpenNetworkError",
        "ParamsRefused",
        "SourceRefused",
        "SourcesRefused",
        "SparkNeeded",
        "UsageError",
    ),
    "engine.models.baseline": ("Baseline",),
    "engine.models.dataset": ("Dataset",),
    "engine.models.metric": ("Metric",),
    "engine.models.result": ("FrameError", "Result"),
    "engine.models.run": ("Report", "Run", "Shared"),
    "engine.models.segments": ("SegmentGroup",),
    "engine.models.time_range": ("TimeRange",),
    "engine.runs.live": ("LiveRun", "Progress"),
    "engine.runs.plan": ("RunPlan",),
    "sandbox.contract.limits": ("Limits",),
    "sandbox.contract.messages": ("Problem",),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "BackendError",
    "BackendStartError",
    "Baseline",
    "CalcmetricError",
    "DataError",
    "Dataset",
    "Engine",
    "EngineBusy",
    "EngineClosed",
    "ForkedEngine",
    "FrameError",
    "IsolationError",
    "Limits",
    "LiveRun",
    "Metric",
    "OpenNetworkError",
    "ParamsRefused",
    "Problem",
    "Progress",
    "Report",
    "Result",
    "Run",
    "RunPlan",
    "SegmentGroup",
    "Shared",
    "SourceRefused",
    "SourcesRefused",
    "SparkNeeded",
    "TimeRange",
    "UsageError",
    "Verified",
    "save_runs",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
