"""What was asked of a run, checked and complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.models.baseline import Baseline
from engine.models.dataset import Dataset
from engine.models.layers import Layers
from engine.models.segments import SegmentGroup
from engine.models.time_range import TimeRange
from sandbox.contract.limits import Limits


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One metric over many frames, as asked for.

    Attributes:
        metric: its name in results.
        source: its bytes.
        dataset: what to read.
        segments: the segment groups.
        time: the time range; None for all of the retention.
        every: length of the windows, such as "1d"; None for none.
        zone: IANA name of the zone of windows, and of timestamps without one.
        as_of: the end of the retention; None where the dataset has none.
        limits: of the run.
        tenant: whose run it is; the slots of the engine are shared fairly between tenants.
        layers: which layers are on; all but in tests.
        fuse: whether frames may share queries.
        params: the parameters of calc_metric that are set, as they were given.
        baseline: what a metric of two frames compares with; None: nothing.
    """

    metric: str
    source: bytes
    dataset: Dataset
    segments: tuple[SegmentGroup, ...]
    time: TimeRange | None
    every: str | None
    zone: str
    as_of: datetime | None
    limits: Limits
    tenant: str
    layers: Layers
    fuse: bool = True
    params: Mapping[str, object] = field(default_factory=dict)
    baseline: Baseline | None = None
