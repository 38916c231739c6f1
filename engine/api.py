"""The public face of the engine, and its composition root: the one place that builds concrete things."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, TypedDict, Unpack

from engine.backends.base import Backend
from engine.backends.names import make_backend
from engine.backends.remote import Remote
from engine.backends.spark import LocalSpark
from engine.errors import EngineClosed, ForkedEngine, UsageError
from engine.models.dataset import Dataset
from engine.models.durations import parse_instant
from engine.models.layers import Layers
from engine.models.run import Run
from engine.models.segments import SegmentGroup
from engine.models.time_range import TimeRange
from engine.pool.pool import WorkerPool
from engine.runs.check import check_source
from engine.runs.execution import Execution, Services
from engine.runs.job import Job
from engine.runs.live import LiveRun, Progress
from engine.runs.plan import RunPlan
from engine.sources.spool import Spool
from engine.sql import check_expression
from sandbox.contract.limits import Limits
from sandbox.contract.messages import Problem

logger = logging.getLogger(__name__)

# What `Engine(isolation=...)` takes: the weakest protection of workers that it will work with.
Isolation = Literal["full", "landlock", "unconfined-for-my-own-code-only"]
_UNCONFINED: Final = "unconfined-for-my-own-code-only"
_DEFAULT_LIMITS: Final = Limits()
# On closing: how long a cancelled run may stop its queries by itself, and then may take to end.
_CANCEL_SECONDS: Final = 0.5
_END_SECONDS: Final = 10.0
# Runs at a time for each processor: enough to use it while others wait for the backend.
_RUNS_PER_WORKER: Final = 2


class RunOptions(TypedDict, total=False):
    """Options of `Engine.evaluate`, `submit` and `plan`; none is required.

    Attributes:
        segments: segment groups; each segment is computed separately, beside the full data.
        time: the time range; by default all of the dataset's retention.
        every: length of windows to tile the range with, such as "1d", "1h", "1w", "1M".
        zone: IANA name of the zone of windows, and of timestamps without a zone; by default UTC.
        as_of: the end of the retention, where the dataset has one and `time` does not say.
        limits: of this run.
        tenant: whose run it is.
        on_progress: called with each `Progress`, from threads of the engine.
        name: the metric's name in results.
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


class Engine:
    """Runs metrics. Thread-safe: start one, and use it for many runs.

    The backend and the worker processes start in the background at once; a first run waits for them.
    Close it when done, or use it in a `with` statement.
    """

    def __init__(
        self,
        backend: str = "spark",
        *,
        roots: Sequence[str | os.PathLike[str]] | None = None,
        isolation: Isolation = "landlock",
        extra_imports: Iterable[str] = (),
        workers: int | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        pool: WorkerPool | None = None,
        layers: Layers | None = None,
    ) -> None:
        """Start the engine.

        Args:
            backend: "spark" (a local server), "sail" (likewise), or "sc://host:port" (any Spark Connect
                endpoint).
            roots: folders that a local backend may read; the working directory if not given. Fixed for
                the life of the engine, because a confinement cannot be widened.
            isolation: the weakest isolation of workers to accept. "unconfined-for-my-own-code-only" turns
                the kernel's protection off, and is for a person's own code on their own machine.
            extra_imports: modules that metrics may import beside the built-in list.
            workers: frames of one run at a time; by default one for each processor.
            cache_dir: where Java's class archives are kept; by default the user's cache folder.
            pool: a pool of workers that was started beforehand; taken over, `isolation` then is its own.
            layers: for tests only: which layers of the sandbox are on.

        Raises:
            UsageError: an argument makes no sense.
        """
        if isolation not in ("full", "landlock", _UNCONFINED):
            raise UsageError(f'isolation must be "full", "landlock" or "{_UNCONFINED}", not {isolation!r}')
        if workers is not None and workers < 1:
            raise UsageError(f"workers must be at least 1, not {workers}")
        self._pid = os.getpid()
        self._layers = layers or Layers()
        self._extra_imports = tuple(extra_imports)
        self._roots = tuple(Path(root).resolve() for root in (roots if roots is not None else (Path.cwd(),)))
        self._workers = workers or len(os.sched_getaffinity(0))
        self._closed = False
        self._slots = threading.Semaphore(_RUNS_PER_WORKER * self._workers)
        self._spool = Spool()
        self._backend = make_backend(
            backend,
            roots=self._roots,
            spool=self._spool.folder,
            cache_dir=None if cache_dir is None else Path(cache_dir),
            confined=self._layers.server,
        )
        confined = self._layers.worker and isolation != _UNCONFINED
        self._pool = pool or WorkerPool(isolation if confined else "none", confined=confined)
        self._running: set[Execution] = set()
        self._lock = threading.Lock()
        self._pool.start()
        threading.Thread(target=self._warm_up, name="calcmetric-start", daemon=True).start()

    @property
    def backend(self) -> Backend:
        """The backend that datasets are read with, unless they bring their own session."""
        return self._backend

    def check(self, source: str | bytes) -> tuple[Problem, ...]:
        """Compile a source in a worker; return every problem. Nothing of it runs.

        Raises:
            IsolationError: no worker can be had on this host.
        """
        self._refuse_misuse()
        return check_source(self._pool, _to_bytes(source), self._extra_imports, self._layers)

    def evaluate(self, source: str | bytes, dataset: Dataset, **options: Unpack[RunOptions]) -> Run:
        """Run a metric on the full data and every segment; wait for the end.

        Args:
            source: the author's code, with `calc_metric(df)`.
            dataset: what to read.
            options: see `RunOptions`.

        Raises:
            SourceRefused: the source has problems; nothing ran.
            UsageError, DataError: the arguments or the data make no sense.
            IsolationError, BackendStartError, BackendError: the engine cannot work.
        """
        live = self.submit(source, dataset, **options)
        try:
            return live.result()
        except BaseException:
            live.cancel()
            raise

    def submit(self, source: str | bytes, dataset: Dataset, **options: Unpack[RunOptions]) -> LiveRun:
        """Start a run, and return once its source is compiled. Arguments as for `evaluate`.

        Raises:
            SourceRefused: the source has problems; nothing ran.
            UsageError: an argument makes no sense.
            IsolationError: no worker can be had on this host.
        """
        return self._prepare(source, dataset, options).start()

    def plan(self, source: str | bytes, dataset: Dataset, **options: Unpack[RunOptions]) -> RunPlan:
        """Find out what a run would do, without running it: its frames, their rows, what is cut.

        Counts rows, and calls calc_metric once on an empty frame to see how many queries it makes.
        Arguments and errors as for `evaluate`.
        """
        return self._prepare(source, dataset, options).plan()

    def wait_caches(self, seconds: float) -> bool:
        """Wait for what a first start on this machine builds to make later starts faster.

        For short-lived programs, once their work is done; `close` gives it up.

        Returns:
            Whether nothing is left to build.
        """
        return not isinstance(self._backend, LocalSpark) or self._backend.wait_archives(seconds)

    def close(self) -> None:
        """Cancel what runs, and end every process and file of the engine. May be called twice."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            self._closed = True
            running = tuple(self._running)
        for execution in running:
            execution.cancel()
        patience = time.monotonic() + _CANCEL_SECONDS
        for execution in running:
            execution.wait(max(0.0, patience - time.monotonic()))
        # What still waits for the backend or a worker now hears that they are gone.
        self._pool.close()
        self._backend.close()
        for execution in running:
            execution.wait(_END_SECONDS)
        self._spool.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self, source: str | bytes, dataset: Dataset, options: RunOptions) -> Execution:
        self._refuse_misuse()
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
        job = Job(
            metric=options.get("name", "metric"),
            source=_to_bytes(source),
            dataset=dataset,
            segments=_to_groups(options.get("segments") or ()),
            time=time_range,
            every=options.get("every"),
            zone=options.get("zone", "UTC"),
            as_of=None if as_of is None else parse_instant(as_of, what="as_of"),
            limits=limits or _DEFAULT_LIMITS,
            tenant=options.get("tenant", "default"),
            layers=self._layers,
        )
        services = Services(
            pool=self._pool,
            backend=self._backend,
            spool=self._spool,
            roots=None if isinstance(self._backend, Remote) else self._roots,
            extra_imports=self._extra_imports,
            workers=self._workers,
            slots=self._slots,
            on_start=self._note_start,
            on_end=self._note_end,
        )
        return Execution(services, job, options.get("on_progress"))

    def _note_start(self, execution: Execution) -> None:
        with self._lock:
            if self._closed:
                raise EngineClosed("the engine is closed; make a new one")
            self._running.add(execution)

    def _note_end(self, execution: Execution) -> None:
        with self._lock:
            self._running.discard(execution)

    def _warm_up(self) -> None:
        """Start the backend beside the zygote. What goes wrong is raised again by the first run."""
        check_expression("1")  # loads the SQL reader, which the first run would wait for
        try:
            self._backend.start()
        except Exception as error:
            logger.info("the backend did not start in the background: %s", error)

    def _refuse_misuse(self) -> None:
        if os.getpid() != self._pid:
            raise ForkedEngine(
                "this engine was made in another process and does not survive a fork; "
                "make one in this process, after the fork (gunicorn: post_fork; Celery: worker_process_init)"
            )
        if self._closed:
            raise EngineClosed("the engine is closed; make a new one")


def _to_groups(segments: Iterable[SegmentGroup]) -> tuple[SegmentGroup, ...]:
    groups = (segments,) if isinstance(segments, SegmentGroup) else segments
    checked = tuple(groups) if isinstance(groups, Iterable) and not isinstance(groups, str) else (groups,)
    for group in checked:
        if not isinstance(group, SegmentGroup):
            raise UsageError(
                f"segments must be segment groups, not a {type(group).__name__}: [SegmentGroup.by_value(...)]"
            )
    return checked


def _to_bytes(source: str | bytes) -> bytes:
    if isinstance(source, str):
        return source.encode("utf-8", "surrogatepass")
    if isinstance(source, (bytes, bytearray)):
        return bytes(source)
    raise UsageError(f"source must be the text of a metric, not a {type(source).__name__}")
