"""The public face of the engine, and its composition root: what all runs have in common is put together here.

A pool of workers and a DuckDB process may be handed in, which the command line starts before it has imported
this. What a tenant, a dataset or a run has of its own is made in `engine.runs` once it is needed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Unpack

from engine.backends.base import Backend
from engine.backends.native.trust import Differences, Verified
from engine.effort import processors
from engine.errors import ForkedEngine, UsageError
from engine.models.backends import capabilities_of
from engine.models.dataset import Dataset
from engine.models.isolation import FILES_ONLY, UNCONFINED, Isolation, ServerIsolation
from engine.models.layers import Layers
from engine.models.metric import Metric
from engine.models.problems import Problems
from engine.models.run import Run
from engine.models.urls import SPOOL_BYTES, is_store_url, parse_store_url
from engine.pool.opened import check_opened
from engine.pool.pool import WorkerPool
from engine.runs.arguments import check_arguments
from engine.runs.closing import close_services
from engine.runs.compiling import check_source
from engine.runs.limiters import Limiters
from engine.runs.live import LiveRun
from engine.runs.many import evaluate_together
from engine.runs.options import (
    DEFAULT_TENANT,
    RunOptions,
    make_spec,
    make_specs,
    to_bytes,
    to_params,
    to_tenant,
)
from engine.runs.plan import RunPlan
from engine.runs.planned_run import PlannedRun
from engine.runs.prestart import PrestartedDuckDb
from engine.runs.run_spec import RunSpec
from engine.runs.servers import OneServer, ServerPerTenant, Servers, make_server
from engine.runs.services import RunRegistry, Services
from engine.runs.submitted_run import SubmittedRun
from engine.runs.warm_up import WarmUp
from engine.sources.stored import state_within
from engine.sources.stores.stores import Stores
from engine.tenants.interpreter import Interpreter
from engine.tenants.ledger import MEMORY_BYTES, Ledger, caps_within
from engine.tenants.usage import Usage, Used

# What is compiled to see that workers can be had. A source that is refused would be logged as a worker's end.
_ANY_METRIC: Final = "def calc_metric(df):\n    return 0\n"


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
        server_isolation: ServerIsolation = "files-and-network",
        extra_imports: Iterable[str] = (),
        workers: int | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        server_per_tenant: bool = False,
        native: bool = True,
        verify: float = 0.0,
        warm: bool = False,
        native_memory_bytes: int | None = None,
        memory_bytes: int = MEMORY_BYTES,
        spool_bytes: int = SPOOL_BYTES,
        pool: WorkerPool | None = None,
        ahead: PrestartedDuckDb | None = None,
        layers: Layers | None = None,
    ) -> None:
        """Start the engine.

        Args:
            backend: "spark" (a local server), or "sc://host:port" (any Spark Connect endpoint), where
                metrics get a PySpark DataFrame; "duckdb" (a local process), or
                "snowflake://NAME" (a connection of connections.toml), where they get a Snowpark one.
            roots: folders that a local backend may read, and places in object stores that the engine may read
                for it, such as "s3://bucket/folder"; the working directory if not given. Fixed for the life
                of the engine, because a confinement cannot be widened.
            isolation: the weakest isolation of workers to accept. "unconfined-for-my-own-code-only" turns
                the kernel's protection off, and is for a person's own code on their own machine.
            server_isolation: what of a local server has to be confined. "files-only" lets one start where its
                network cannot be: no network namespaces, and a kernel before Linux 6.7.
            extra_imports: modules and packages that metrics may import beside the built-in list, and
                "standard" for the standard library's pure modules. A package opens with what is below it.
                Its files are trusted: it is loaded before workers are confined.
            workers: frames of one run at a time; by default one for each processor.
            cache_dir: where Java's class archives are kept; by default the user's cache folder.
            server_per_tenant: give each tenant a local server of its own, so that no tenant's queries slow or
                end another's. One starts when a tenant's run first needs it, and ends when none has needed
                it for five minutes, or earlier while more than four run; each takes the memory of a server.
            native: let DuckDB answer, in front of the backend "spark", what it is proven to answer as Spark
                does; Java starts when something else is asked. False leaves everything to Spark. Of no
                meaning with other backends. See docs/native.md.
            verify: the share of native answers, from 0 to 1, for which Spark is asked as well, aside and
                while it has nothing else to do. A difference is logged and counted (`verified`), and ends
                native answers with the functions of that plan, for the life of the engine.
            warm: with `native`, start Spark in the background once the engine is up and no run goes on, so
                that the first question that needs it does not wait for Java.
            native_memory_bytes: the most memory that the DuckDB process is to take for data; by default half
                of what the machine or container has, 8 GiB at most. What does not fit is spilled to 16 GiB
                of disk, and what fits neither is Spark's to answer.
            memory_bytes: the most memory that the engine's own process is to take for all tenants; workers
                and servers are not counted. Three eighths of it may be kept for runs; where there is no more
                room, frames ask for themselves.
            spool_bytes: the most bytes of data of object stores that are kept as files, for runs that read
                them and for runs to come; with `server_per_tenant`, for each tenant.
            pool: a pool of workers that was started beforehand; taken over, `isolation` then is its own.
            ahead: a DuckDB process for native answers that was started beforehand; taken over. Not with
                `server_per_tenant`.
            layers: for tests only: which layers of the sandbox are on.

        Raises:
            UsageError: an argument makes no sense.
        """
        check_arguments(
            backend=backend,
            isolation=isolation,
            server_isolation=server_isolation,
            workers=workers,
            native=native,
            verify=verify,
            native_memory_bytes=native_memory_bytes,
            spool_bytes=spool_bytes,
            server_per_tenant=server_per_tenant,
            ahead=ahead is not None,
        )
        imports = check_opened(extra_imports)
        self._pid = os.getpid()
        self._layers = layers or Layers()
        self._differences = Differences()
        named = tuple(os.fspath(root) for root in (roots if roots is not None else (Path.cwd(),)))
        folders = tuple(Path(root).resolve() for root in named if not is_store_url(root))
        places = tuple(parse_store_url(root) for root in named if is_store_url(root))
        capabilities = capabilities_of(backend)
        self._stores = None if capabilities.remote else Stores(places)
        usage, at_once = Usage(), workers or processors()
        ledger = Ledger(caps_within(memory_bytes), usage)
        make = partial(
            make_server,
            backend,
            roots=folders,
            places=places,
            spool_bytes=spool_bytes,
            cache_dir=None if cache_dir is None else Path(cache_dir),
            files_only=server_isolation == FILES_ONLY,
            confined=self._layers.server,
            native=native,
            verify=verify,
            differences=self._differences,
            native_memory_bytes=native_memory_bytes,
        )
        first = make if ahead is None else partial(make, spool=ahead.spool, ahead=ahead.duckdb)
        self._server = None if server_per_tenant else first()  # that of all runs
        servers: Servers = ServerPerTenant(make) if self._server is None else OneServer(self._server)
        confined = self._layers.worker and isolation != UNCONFINED
        self._services = Services(
            pool=pool or WorkerPool(isolation if confined else "none", confined=confined, imports=imports),
            backend=backend if self._server is None else self._server.backend.name,
            servers=servers,
            roots=None if capabilities.remote else folders,
            extra_imports=imports,
            workers=at_once,
            registry=RunRegistry(),
            limiters=Limiters(at_once),
            ledger=ledger,
            interpreter=Interpreter(usage=usage),
            usage=usage,
            capabilities=capabilities,
        )
        self._services.pool.start(capabilities.frames)
        self._warm_up = WarmUp(self._services, eager=warm)

    @property
    def backend(self) -> Backend:
        """The backend that datasets are read with, unless they bring their own session.

        Raises:
            UsageError: each tenant has one of its own.
        """
        if self._server is None:
            raise UsageError("with server_per_tenant there is no backend that all runs share")
        return self._server.backend

    @property
    def usage(self) -> Mapping[str, Used]:
        """What each tenant has used of this engine so far, and which of its limits were reached how often.

        There are 1,000 names at most; those that were heard of longest ago are counted together.
        """
        return self._services.usage.by_tenant(self._services.ledger.by_tenant())

    @property
    def verified(self) -> Verified:
        """How many native answers were compared with Spark's, and what came of it."""
        return self._differences.verified

    def settle_verified(self, seconds: float) -> bool:
        """Wait until the native answers that were taken for it (`verify`) are compared with Spark's.

        Args:
            seconds: to wait at most.

        Returns:
            Whether all are.
        """
        return self._services.servers.settle(seconds)

    def check(
        self,
        source: str | bytes,
        *,
        tenant: str = DEFAULT_TENANT,
        params: Mapping[str, object] | None = None,
        compares: bool = True,
    ) -> Problems:
        """Compile a source in a worker; return every problem. Nothing of it runs.

        Args:
            source: the author's code.
            tenant: whose it is.
            params: parameters to look at as well, as far as that can be done without data.
            compares: whether there will be a baseline; without one, a metric that needs one is a problem.

        Raises:
            IsolationError: no worker can be had on this host.
        """
        self._refuse_misuse()
        return check_source(
            self._services,
            to_bytes(source),
            self._layers,
            tenant=to_tenant(tenant),
            params=to_params(params),
            compares=compares,
        )

    def evaluate(self, source: str | bytes, dataset: Dataset, **options: Unpack[RunOptions]) -> Run:
        """Run a metric on the full data and every segment; wait for the end.

        Args:
            source: the author's code, with `calc_metric(df)`.
            dataset: what to read.
            options: see `RunOptions`.

        Raises:
            SourceRefused: the source has problems; nothing ran.
            ParamsRefused: the parameters do not fit the source, or the data; nothing ran.
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
            ParamsRefused: the parameters do not fit the source; nothing ran.
            UsageError: an argument makes no sense.
            IsolationError: no worker can be had on this host.
        """
        spec = self._make_spec(source, dataset, options)
        return SubmittedRun(self._services, spec, options.get("on_progress")).start()

    def evaluate_many(
        self,
        sources: Mapping[str, str | bytes | Metric],
        dataset: Dataset,
        *,
        on_start: Callable[[Callable[[], None]], None] | None = None,
        **options: Unpack[RunOptions],
    ) -> dict[str, Run]:
        """Run several metrics on the full data and every segment; wait for the end.

        The data is opened and its segments are found once, and what the metrics ask first is answered in
        one pass where that is possible. Results are those of separate runs.

        Args:
            sources: the authors' codes by the metrics' names; a `Metric` is a code with parameters.
            dataset: what to read.
            on_start: given a function that cancels all the runs, from any thread and at any time.
            options: see `RunOptions`; without `name` and `params`. Limits are those of each run.

        Returns:
            The runs by the names of sources, in their order.

        Raises:
            SourcesRefused: some sources have problems; nothing ran.
            ParamsRefused: parameters do not fit their sources, or the data; nothing ran.
            Interrupted: they were cancelled while the sources were compiled.
            UsageError, DataError, IsolationError, BackendStartError, BackendError: as `evaluate`.
        """
        self._refuse_misuse()
        specs = make_specs(sources, dataset, options, self._layers)
        if not specs:
            return {}
        runs = evaluate_together(self._services, tuple(specs.values()), options.get("on_progress"), on_start)
        return dict(zip(specs, runs, strict=True))

    def plan(self, source: str | bytes, dataset: Dataset, **options: Unpack[RunOptions]) -> RunPlan:
        """Find out what a run would do, without running it: its frames, their rows, what is cut.

        Counts rows, and calls calc_metric once on an empty frame to see how many queries it makes.
        Arguments and errors as for `evaluate`.
        """
        return PlannedRun(self._services, self._make_spec(source, dataset, options)).plan()

    def check_data(self, dataset: Dataset, **options: Unpack[RunOptions]) -> tuple[str, ...]:
        """See that a dataset can be read, and that what is asked of it fits its columns; nothing is computed.

        Args:
            dataset: what to read.
            options: see `RunOptions`; segments, time and zone are looked at.

        Returns:
            The names of its columns.

        Raises:
            UsageError, DataError: it cannot be read, or something does not fit.
            BackendStartError, BackendError: the engine cannot work.
        """
        return PlannedRun(self._services, self._make_spec("", dataset, options)).look()

    def state_of(self, dataset: Dataset, seconds: float = 5.0) -> str:
        """What tells the state of data in an object store: another text once an object is another one.

        Objects are listed, not fetched; of a table its log is. One that is replaced by one of the same size
        in the second that it was written in is not noticed.

        Args:
            dataset: what is looked at.
            seconds: how long it may take.

        Returns:
            "" of data that lies in no object store.

        Raises:
            DataError, UsageError: it may not be read, or cannot be listed in time.
        """
        return "" if self._stores is None else state_within(dataset, self._stores, seconds)

    def wait_ready(self) -> None:
        """Wait until workers and the backend can be used.

        Raises:
            IsolationError: this host cannot confine workers as required.
            BackendStartError: the backend cannot be started or reached.
        """
        self._refuse_misuse()
        self.check(_ANY_METRIC)
        self._services.servers.start()

    def load_ahead(self) -> None:
        """Load scipy and statsmodels now, and return once that is done.

        A metric that uses them otherwise waits for that, if it is the first one that does. An engine does it
        by itself, once it has lived for half a minute and no run is in progress.

        Raises:
            IsolationError: they cannot be loaded, or this host cannot confine workers as required.
        """
        self._refuse_misuse()
        self._services.pool.load_science(self._services.capabilities.frames)

    def train_caches(self) -> bool:
        """Begin to build, if it is missing, what makes later starts on this machine faster; return at once.

        For short-lived programs, once the engine is closed. A process of its own does it, which outlives
        the program, lets everything else on the machine go first, and ends by itself. An engine that lives
        on does the same while no run needs its server. CALCMETRIC_TRAINING=off does without either.

        Returns:
            Whether it begins for the first time.
        """
        return self._services.servers.train()

    def close(self) -> None:
        """Cancel what runs, and end every process and file of the engine. May be called twice."""
        if os.getpid() != self._pid:
            return
        self._warm_up.stop()
        close_services(self._services)

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _make_spec(self, source: str | bytes, dataset: Dataset, options: RunOptions) -> RunSpec:
        self._refuse_misuse()
        return make_spec(source, dataset, options, self._layers)

    def _refuse_misuse(self) -> None:
        if os.getpid() != self._pid:
            raise ForkedEngine(
                "this engine was made in another process and does not survive a fork; "
                "make one in this process, after the fork (gunicorn: post_fork; Celery: worker_process_init)"
            )
        self._services.registry.refuse_closed()
