"""The options of a run, and the run that they specify together. Whatever is wrong with one is said here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, TypedDict

from engine.errors import UsageError
from engine.models.baseline import Baseline
from engine.models.dataset import Dataset
from engine.models.durations import parse_instant
from engine.models.layers import Layers
from engine.models.metric import Metric
from engine.models.segments import SegmentGroup
from engine.models.time_range import TimeRange
from engine.runs.live import Progress
from engine.runs.run_spec import RunSpec
from engine.wording import worded
from sandbox.contract.limits import Limits

_DEFAULT_LIMITS: Final = Limits()
DEFAULT_TENANT: Final = "default"


class RunOptions(TypedDict, total=False):
    """Options of `Engine.evaluate`, `submit` and `plan`; none is required.

    Attributes:
        segments: segment groups; each segment is computed separately, beside the full data.
        time: the time range; by default all of the dataset's retention.
        every: length of windows to tile the range with, such as "1d", "1h", "1w", "1M".
        zone: IANA name of the zone of windows, and of timestamps without a zone; by default UTC.
        as_of: the end of the retention, where the dataset has one and `time` does not say.
        limits: of this run.
        tenant: whose run it is. Tenants share the engine fairly, whatever the number of their runs, and each
            can have a server of its own: see `Engine`.
        on_progress: called with each `Progress`, from threads of the engine.
        name: the metric's name in results.
        fuse: whether frames may share queries, as they do by default; False: each frame asks for itself.
        params: values of keyword-only parameters of `calc_metric`, by name; the others keep their defaults.
        baseline: what `calc_metric(df, baseline)` compares with: see `Baseline`.
    """

    segments: Iterable[SegmentGroup]
    time: TimeRange | None
    every: str | None
    zone: str
    as_of: datetime | str | None
    limits: Limits
    tenant: str
    on_progress: Callable[[Progress], None] | None
    name: str
    fuse: bool
    params: Mapping[str, object]
    baseline: Baseline | None


def make_spec(source: str | bytes, dataset: Dataset, options: RunOptions, layers: Layers) -> RunSpec:
    """Make the specification of a run of what its caller gave.

    Raises:
        UsageError: an argument is of the wrong type, or there is no such option.
    """
    if not isinstance(dataset, Dataset):
        raise UsageError(f"dataset must be a Dataset, not a {type(dataset).__name__}: Dataset(path, ...)")
    unknown = set(options) - set(RunOptions.__annotations__)
    if unknown:
        raise UsageError(f"there is no option {', '.join(sorted(unknown))} of a run")
    as_of, time_range, limits = options.get("as_of"), options.get("time"), options.get("limits")
    if not isinstance(time_range, TimeRange | None):
        raise UsageError(f"time must be a TimeRange, not a {type(time_range).__name__}: TimeRange(...)")
    if not isinstance(limits, Limits | None):
        raise UsageError(f"limits must be Limits, not a {type(limits).__name__}: Limits(...)")
    baseline = options.get("baseline")
    if not isinstance(baseline, Baseline | None):
        kind = type(baseline).__name__
        raise UsageError(worded("baseline must be a Baseline, not a {kind}: {give_baseline}", kind=kind))
    return RunSpec(
        metric=options.get("name", "metric"),
        source=to_bytes(source),
        dataset=dataset,
        segments=_to_groups(options.get("segments") or ()),
        time=time_range,
        every=options.get("every"),
        zone=options.get("zone", "UTC"),
        as_of=None if as_of is None else parse_instant(as_of, what="as_of"),
        limits=limits or _DEFAULT_LIMITS,
        tenant=to_tenant(options.get("tenant", DEFAULT_TENANT)),
        layers=layers,
        fuse=_to_bool(options.get("fuse", True), "fuse"),
        params=to_params(options.get("params")),
        baseline=baseline,
    )


def make_specs(
    sources: Mapping[str, str | bytes | Metric], dataset: Dataset, options: RunOptions, layers: Layers
) -> dict[str, RunSpec]:
    """Specify the runs of several metrics over one dataset, by their names and in their order.

    Raises:
        UsageError: as `make_spec`, or an option is not for several metrics.
    """
    if "name" in options:
        raise UsageError("evaluate_many takes the names of metrics from its sources")
    if "params" in options:
        raise UsageError('give each metric its own parameters: {"auc": Metric(source, params=...)}')
    if not isinstance(sources, Mapping):
        raise UsageError("sources must be a dict of name to source, or to Metric(source, params=...)")
    metrics = {name: one if isinstance(one, Metric) else Metric(one) for name, one in sources.items()}
    return {
        name: make_spec(
            metric.source, dataset, RunOptions(**{**options, "name": name, "params": metric.params}), layers
        )
        for name, metric in metrics.items()
    }


def _to_bool(value: bool, name: str) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{name} must be True or False, not {value!r}")
    return value


def to_params(params: object) -> Mapping[str, object]:
    """Parameters by name; a copy, which nobody changes meanwhile.

    Raises:
        UsageError: it is no dict with names.
    """
    if params is None:
        return {}
    if not isinstance(params, Mapping) or not all(isinstance(name, str) for name in params):
        raise UsageError('params must be a dict of names to values: params={"threshold": 0.7}')
    return dict(params)


def to_tenant(tenant: str) -> str:
    """The name of a tenant.

    Raises:
        UsageError: the name is not a text.
    """
    if not isinstance(tenant, str):
        raise UsageError(f"tenant must be a text, not a {type(tenant).__name__}")
    return tenant


def to_bytes(source: str | bytes) -> bytes:
    """The bytes of a source.

    Raises:
        UsageError: it is neither text nor bytes.
    """
    if isinstance(source, str):
        return source.encode("utf-8", "surrogatepass")
    if isinstance(source, (bytes, bytearray)):
        return bytes(source)
    raise UsageError(f"source must be the text of a metric, not a {type(source).__name__}")


def _to_groups(segments: Iterable[SegmentGroup]) -> tuple[SegmentGroup, ...]:
    groups = (segments,) if isinstance(segments, SegmentGroup) else segments
    checked = tuple(groups) if isinstance(groups, Iterable) and not isinstance(groups, str) else (groups,)
    for group in checked:
        if not isinstance(group, SegmentGroup):
            raise UsageError(
                f"segments must be segment groups, not a {type(group).__name__}: [SegmentGroup.by_value(...)]"
            )
    return checked
