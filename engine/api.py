"""The public face of the engine, and its composition root: the one place that builds concrete things.

Only the pool of workers may be handed in, because the command line starts one before it has imported this.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Unpack

from engine.backends.base import Backend
from engine.backends.spark import LocalSpark
from engine.errors import ForkedEngine, UsageError
from engine.models.dataset import Dataset
from engine.models.layers import Layers
from engine.models.run import Run
from engine.pool.pool import WorkerPool
from engine.runs.check import check_source
from engine.runs.execution import Execution
from engine.runs.gates import Gates
from engine.runs.live import LiveRun
from engine.runs.many import evaluate_together
from engine.runs.options import DEFAULT_TENANT, RunOptions, make_job, to_bytes, to_tenant
from engine.runs.plan import RunPlan
from engine.runs.servers import OneServer, ServerPerTenant, Servers, make_server
from engine.runs.services import Register, Services
from engine.sql import check_expression
from sandbox.contract.messages import Problem

logger = logging.getLogger(__name__)

# What `Engine(isolation=...)` takes: the weakest protection of workers that it will work with.
Isolation = Literal["full", "landlock", "unconfined-for-my-own-code-only"]
_UNCONFINED: Final = "unconfined-for-my-own-code-only"
# On closing: how long a cancelled run may stop its queries by itself, and then may take to end.
_CANCEL_SECONDS: Final = 0.5
_END_SECONDS: Final = 10.0


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
        server_per_tenant: bool = False,
        pool: WorkerPool | None = None,
        layers: Layers | None = None,
    ) -> None:
        """Start the engine.

        Args:
            backend: "spark" (a local server), "sail" (likewise), or "sc://host:port" (any Spark Connect
                endpoint), where metrics get a PySpark DataFrame; "duckdb" (a local process), or
                "snowflake://NAME" (a connection of connections.toml), where they get a Snowpark one.
            roots: folders that a local backend may read; the working directory if not given. Fixed for
                the life of the engine, because a confinement cannot be widened.
            isolation: the weakest isolation of workers to accept. "unconfined-for-my-own-code-only" turns
                the kernel's protection off, and is for a person's own code on their own machine.
            extra_imports: modules that metrics may import beside the built-in list.
            workers: frames of one run at a time; by default one for each processor.
            cache_dir: where Java's class archives are kept; by default the user's cache folder.
            server_per_tenant: give each tenant a local server of its own, so that no tenant's queries slow or
                end another's. One starts when a tenant's run first needs it, and ends when none has needed
                it for five minutes, or earlier while more than four run; each takes the memory of a server.
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
        self._register = Register()
        self._gates = Gates(self._workers)
        self._per_tenant = server_per_tenant
        make = partial(
            make_server,
            backend,
            roots=self._roots,
            cache_dir=None if cache_dir is None else Path(cache_dir),
            confined=self._layers.server,
        )
        self._server = make()
        self._servers: Servers = (
            ServerPerTenant(self._server, make) if server_per_tenant else OneServer(self._server)
        )
        confined = self._layers.worker and isolation != _UNCONFINED
        self._pool = pool or WorkerPool(isolation if confined else "none", confined=confined)
        self._pool.start("snowpark" if self._server.snowpark else "spark")
        threading.Thread(target=self._warm_up, name="calcmetric-start", daemon=True).start()

    @property
    def backend(self) -> Backend:
        """The backend that datasets are read with, unless they bring their own session.

        Raises:
            UsageError: each tenant has one of its own.
        """
        if self._per_tenant:
            raise UsageError("with server_per_tenant there is no backend that all runs share")
        return self._server.backend

    def check(self, source: str | bytes, *, tenant: str = DEFAULT_TENANT) -> tuple[Problem, ...]:
        """Compile a source in a worker; return every problem. Nothing of it runs.

        Args:
            source: the author's code.
            tenant: whose it is.

        Raises:
            IsolationError: no worker can be had on this host.
        """
        self._refuse_misuse()
        text = to_bytes(source)
        with self._gates.compiling.slot(to_tenant(tenant), object(), self._register.refuse_closed):
            return check_source(
                self._pool, text, self._extra_imports, self._layers, snowpark=self._server.snowpark
            )

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

    def evaluate_many(
        self,
        sources: Mapping[str, str | bytes],
        dataset: Dataset,
        *,
        on_start: Callable[[Callable[[], None]], None] | None = None,
        **options: Unpack[RunOptions],
    ) -> tuple[Run, ...]:
        """Run several metrics on the full data and every segment; wait for the end.

        The data is opened and its segments are found once, and what the metrics ask first is answered in
        one pass where that is possible. Results are those of separate runs.

        Args:
            sources: the authors' codes by the metrics' names.
            dataset: what to read.
            on_start: given a function that cancels all the runs, from any thread and at any time.
            options: see `RunOptions`; without `name`. Limits are those of each run.

        Returns:
            The runs, in the order of sources.

        Raises:
            SourcesRefused: some sources have problems; nothing ran.
            Interrupted: they were cancelled while the sources were compiled.
            UsageError, DataError, IsolationError, BackendStartError, BackendError: as `evaluate`.
        """
        self._refuse_misuse()
        if "name" in options:
            raise UsageError("evaluate_many takes the names of metrics from its sources")
        if not isinstance(sources, Mapping):
            raise UsageError("sources must be a dict of name to source")
        named = [RunOptions(**{**options, "name": name}) for name in sources]
        jobs = [
            make_job(source, dataset, one, self._layers)
            for source, one in zip(sources.values(), named, strict=True)
        ]
        if not jobs:
            return ()
        return evaluate_together(self._services(), jobs, options.get("on_progress"), on_start)

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
        backend = self._server.backend
        return self._per_tenant or not isinstance(backend, LocalSpark) or backend.wait_archives(seconds)

    def close(self) -> None:
        """Cancel what runs, and end every process and file of the engine. May be called twice."""
        if os.getpid() != self._pid:
            return
        running = self._register.close()
        patience = time.monotonic() + _CANCEL_SECONDS
        for run in running:
            run.wait(max(0.0, patience - time.monotonic()))
        # What still waits for the backend or a worker now hears that they are gone.
        self._pool.close()
        self._servers.end()
        for run in running:
            run.wait(_END_SECONDS)
        self._servers.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self, source: str | bytes, dataset: Dataset, options: RunOptions) -> Execution:
        self._refuse_misuse()
        job = make_job(source, dataset, options, self._layers)
        return Execution(self._services(), job, options.get("on_progress"))

    def _services(self) -> Services:
        return Services(
            pool=self._pool,
            backend=self._server.backend.name,
            servers=self._servers,
            roots=None if self._server.remote else self._roots,
            extra_imports=self._extra_imports,
            workers=self._workers,
            register=self._register,
            gates=self._gates,
            snowpark=self._server.snowpark,
        )

    def _warm_up(self) -> None:
        """Start the backend beside the zygote. What goes wrong is raised again by the first run."""
        check_expression("1")  # loads the SQL reader, which the first run would wait for
        try:
            self._servers.start()
        except Exception as error:
            logger.info("the backend did not start in the background: %s", error)

    def _refuse_misuse(self) -> None:
        if os.getpid() != self._pid:
            raise ForkedEngine(
                "this engine was made in another process and does not survive a fork; "
                "make one in this process, after the fork (gunicorn: post_fork; Celery: worker_process_init)"
            )
        self._register.refuse_closed()
