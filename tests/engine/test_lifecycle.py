"""Processes, descriptors, threads and files over the life of engines, runs and hosts. All of them real."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest

from engine import Dataset, Engine, ForkedEngine, Limits, SegmentGroup
from engine.backends.local.server import LocalServer
from engine.backends.native.backend import NativeSession, NativeSpark
from engine.errors import EngineClosed
from engine.pool.pool import WorkerPool
from engine.runs.live import LiveRun
from tests.backends.little import little_spark
from tests.engine.support import check_goes_on, is_running, metric, run_on_groups
from tests.servers import NATIVE, engine_on, made_on
from tests.waiting import wait_until

LOOP = metric("total = 0\nwhile True:\n    total = total + 1\nreturn total")
# Millions of rows that no engine can count without making them.
CROSS_JOIN = metric(
    "far = df.select('x')\n"
    "for number in range(3):\n"
    "    far = far.crossJoin(df.select(F.col('x').alias('x' + str(number))))\n"
    "return far.agg(F.sum(F.sin('x') * F.sin('x0') * F.sin('x1') * F.sin('x2'))).first()[0]"
)

# Functions of the author: of rows of all frames and of groups; one that never ends, and one that raises.
FUNCTIONS = metric(
    "twice = F.pandas_udf(lambda s: s * 2.0, 'double')\n"
    "tops = df.groupBy('g').applyInPandas(lambda group: group[['n']].nlargest(1, 'n'), 'n bigint')\n"
    "return df.filter(twice('n') > 100).count() + tops.count()"
)
FUNCTION_LOOP = metric(
    "def forever(n):\n"
    "    while True:\n"
    "        n = n + 1\n"
    "return df.filter(F.udf(forever, 'boolean')('n')).count()"
)
FUNCTION_RAISES = metric("return df.filter(F.udf(lambda n: n / 0 > 1, 'boolean')('n')).count()")

MANY = [SegmentGroup.by_value("n", top=100)]
_SETTLED_LOOKS = 15  # in 0.3 seconds
_GRPC_DESCRIPTORS = 2  # that it opens for the process, at a time of its own choosing


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary folder in which nobody else's files come and go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))


def descendants() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def belongings() -> tuple[int, int, int, set[str]]:
    """How many processes, descriptors and threads there are, and which of our temporary files."""
    files = {path.name for path in Path(tempfile.gettempdir()).iterdir()}
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return len(descendants()), descriptors, threading.active_count(), files


def settled() -> tuple[int, int, int, set[str]]:
    """`belongings` once nothing changes any more: the workers of past runs end a moment after their runs."""
    seen = [belongings()]

    def is_same() -> bool:
        seen.append(belongings())
        return len(seen) > _SETTLED_LOOKS and all(look == seen[-1] for look in seen[-_SETTLED_LOOKS:])

    assert wait_until(is_same), seen
    return seen[-1]


def wait_calculating(live: LiveRun) -> None:
    assert wait_until(lambda: live.progress.stage == "calculating")


def busy(pids: set[int], seconds: float) -> float:
    """The share of one processor that these processes use over some time."""

    def used() -> float:
        total = 0.0
        for pid in pids:
            try:
                times = psutil.Process(pid).cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total

    before = used()
    threading.Event().wait(seconds)
    return (used() - before) / seconds


@pytest.mark.slow
@pytest.mark.deep
def test_a_thousand_runs_leave_nothing_behind(data_dir: Path, rows: Dataset) -> None:
    outside = settled()
    with Engine("spark", roots=(data_dir,), workers=2) as engine:
        for _ in range(5):
            run_on_groups(engine, metric("return df.count()"), rows)
            run_on_groups(engine, FUNCTIONS, rows)
        before = settled()
        for number in range(1_000):
            if number % 10 == 9:
                run_on_groups(engine, metric("raise ValueError('x')"), rows)
            elif number % 10 in (3, 4):
                source = FUNCTIONS if number % 10 == 3 else FUNCTION_RAISES
                ended = {result.status for result in run_on_groups(engine, source, rows).results}
                assert ended == ({"ok"} if source is FUNCTIONS else {"raised"})
            else:
                check_goes_on(engine, rows)
        after = settled()
        assert (after[0], after[3]) == (before[0], before[3])
        assert after[1] <= before[1] + _GRPC_DESCRIPTORS
        assert after[2] <= before[2]  # one that began something may have ended since
    assert wait_until(lambda: belongings()[::3] == outside[::3])
    assert belongings()[1] <= outside[1] + _GRPC_DESCRIPTORS


@pytest.mark.slow
def test_threads_share_an_engine(engine: Engine, rows: Dataset) -> None:
    def work(number: int) -> list[float]:
        source = metric(f"return df.agg(F.sum('n')).first()[0] * {number}")
        return [result.value for _ in range(3) for result in run_on_groups(engine, source, rows).results]

    with ThreadPoolExecutor(8) as pool:
        for number, values in enumerate(pool.map(work, range(8))):
            assert values == [44850.0 * number, 14850.0 * number, 14950.0 * number, 15050.0 * number] * 3


def test_an_engine_in_a_forked_child_says_so_and_the_parents_goes_on(engine: Engine, rows: Dataset) -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = b"nothing"
        try:
            engine.evaluate(metric("return 1.0"), rows)
        except ForkedEngine as error:
            said = str(error).encode()
        finally:
            engine.close()
            os.write(writer, said)
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert b"after the fork" in pipe.read()
    os.waitpid(pid, 0)
    check_goes_on(engine, rows)


_HOST = """
import sys, threading
from engine import Dataset, Engine
engine = Engine("spark", roots=(sys.argv[1],), native=sys.argv[4] == "native")
show = lambda progress: print(progress, flush=True)
engine.evaluate(sys.argv[3], Dataset(sys.argv[2]), on_progress=show)
"""


def start_host(rows_file: Path, source: str, answers: str = "native") -> subprocess.Popen[str]:
    """A process that runs an engine and a metric, which is calculating when this returns."""
    host = subprocess.Popen(
        [sys.executable, "-c", _HOST, str(rows_file.parent), str(rows_file), source, answers],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert host.stdout is not None
    for line in host.stdout:
        if line.startswith("calculating"):
            return host
    raise AssertionError("the host ended")


# With native answers Spark might just be starting when its host is killed: a folder is then
# nobody's until the next engine removes it.
@pytest.mark.parametrize(
    ("source", "answers"),
    [
        pytest.param(LOOP, "native", id="loop"),
        pytest.param(FUNCTION_LOOP, "native", id="function", marks=pytest.mark.slow),
        pytest.param(CROSS_JOIN, "of Spark", id="cross join", marks=pytest.mark.slow),
    ],
)
def test_a_killed_host_takes_everything_with_it(rows_file: Path, source: str, answers: str) -> None:
    with start_host(rows_file, source, answers) as host:
        pids = [process.pid for process in psutil.Process(host.pid).children(recursive=True)]
        assert len(pids) >= 3  # a zygote, a worker, a server
        host.kill()
        assert wait_until(lambda: not any(is_running(pid) for pid in pids))
    assert wait_until(lambda: not belongings()[3]), belongings()[3]


def test_what_nobody_was_left_to_remove_is_removed_by_the_next_engine(
    data_dir: Path, rows_file: Path
) -> None:
    with start_host(rows_file, LOOP) as host:
        supervisors = [
            p for p in psutil.Process(host.pid).children() if "supervisor.py" in " ".join(p.cmdline())
        ]
        for supervisor in supervisors:
            supervisor.kill()
        host.kill()
    (orphan,) = [name for name in belongings()[3] if name.startswith("calcmetric-spool-")]
    with (
        Engine("spark", roots=(data_dir,)) as first,
        Engine("spark", roots=(data_dir,)),
    ):
        assert orphan not in belongings()[3]
        assert first._server is not None and first._server.spool.folder.exists()


# What ignores a signal has all that it starts ignore it, too: a shell that runs these tests in the background
# does so with Control-C. And what the engine itself relies on must not be up to who starts it.
_COMMAND_LINE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGIO, signal.SIG_IGN)
from engine.cli.main import main
main()
"""


def has_children(process: psutil.Process) -> bool:
    """Whether its engine has begun to start."""
    return bool(process.children())


def has_forked(process: psutil.Process) -> bool:
    """Whether its zygote has forked: into its jail, where it loads the libraries, or a worker."""
    return any(child.children() and "sandbox.zygote" in child.cmdline() for child in process.children())


def is_calculating(process: psutil.Process) -> bool:
    """Whether what is below it has computed for longer than all of its start takes."""
    return has_forked(process) and sum(child.cpu_times().user for child in process.children(True)) > 4


def has_come(moment: Callable[[psutil.Process], bool], process: psutil.Process) -> bool:
    """Whether a moment has come; processes that end while one looks are of an earlier one."""
    try:
        return moment(process)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("source", "moment"),
    [
        pytest.param(LOOP, has_children, id="starting", marks=pytest.mark.slow),
        pytest.param(LOOP, has_forked, id="loading", marks=pytest.mark.slow),
        pytest.param(LOOP, is_calculating, id="loop", marks=pytest.mark.slow),
        pytest.param(CROSS_JOIN, is_calculating, id="cross join", marks=pytest.mark.slow),
    ],
)
def test_control_c_ends_the_command_line(
    rows_file: Path, tmp_path: Path, source: str, moment: Callable[[psutil.Process], bool]
) -> None:
    path = tmp_path / "metric.py"
    path.write_text(source)
    command = [sys.executable, "-c", _COMMAND_LINE, "run", str(path)]
    command += ["--data", str(rows_file), "--backend", "spark"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as host:
        try:
            process = psutil.Process(host.pid)
            assert wait_until(lambda: has_come(moment, process))
            pids = [child.pid for child in process.children(recursive=True)]
            host.send_signal(signal.SIGINT)
            assert wait_until(lambda: host.poll() is not None)
            out, err = host.communicate()
        finally:
            host.kill()
    assert host.returncode == 130
    assert "Traceback" not in err and out == ""
    assert wait_until(lambda: not any(is_running(pid) for pid in pids))
    assert wait_until(lambda: not belongings()[3]), belongings()[3]


@pytest.mark.parametrize("shared_server", NATIVE, indirect=True)
@pytest.mark.parametrize(
    "source",
    [
        pytest.param(LOOP, id="loop"),
        pytest.param(CROSS_JOIN, id="cross join", marks=[pytest.mark.spark, pytest.mark.slow]),
    ],
)
def test_cancel(
    shared_server: LocalServer, shared_options: dict[str, Any], rows: Dataset, source: str
) -> None:
    with engine_on(shared_server, **shared_options, workers=2) as engine:
        check_goes_on(engine, rows)
        live = engine.submit(source, rows)
        wait_calculating(live)
        threading.Event().wait(0.3)
        live.cancel()
        assert live.result(timeout=30).overall.status == "cancelled"
        assert wait_until(lambda: busy(descendants(), 0.3) < 0.2)
        check_goes_on(engine, rows)


@pytest.fixture
def own_zygote(native_backend: NativeSpark, data_dir: Path, spool_dir: Path) -> Callable[[], Engine]:
    """Makes an engine that shares its server alone, and is for the test to close."""
    return lambda: made_on(native_backend, spool_dir, roots=(data_dir,), workers=1)


def test_a_killed_zygote_costs_its_frame_only(own_zygote: Callable[[], Engine], rows: Dataset) -> None:
    with own_zygote() as engine:
        check_goes_on(engine, rows)
        zygote = engine._services.pool._zygotes["pyspark"]._process.pid
        live = engine.submit(LOOP, rows)
        wait_calculating(live)
        os.kill(zygote, signal.SIGKILL)
        run = live.result(timeout=60)
        assert run.overall.status == "lost"
        check_goes_on(engine, rows)


def test_a_killed_server_costs_nothing(
    data_dir: Path, worker_pool: WorkerPool, rows: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = metric("first = df.agg(F.sum('n')).first()[0]\nreturn df.agg(F.sum('n') + first).first()[0]")
    with (
        little_spark(),
        Engine("spark", roots=(data_dir,), workers=2, pool=worker_pool) as engine,
    ):
        check_goes_on(engine, rows)
        assert isinstance(engine.backend, NativeSpark)
        duckdb, turn, numbers = engine.backend.duckdb, threading.Lock(), itertools.count()

        def kill_before_the_third(session: NativeSession, *query: Any) -> pa.Table:
            with turn:  # one at a time: what is being answered when its server dies is asked of Spark
                if next(numbers) == 2:
                    pid = duckdb.server().process._supervisor.pid
                    pids = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
                    os.kill(pid, signal.SIGKILL)
                    assert wait_until(lambda: not any(is_running(one) for one in pids))
                return ask(session, *query)

        ask = NativeSession._run
        monkeypatch.setattr(NativeSession, "_run", kill_before_the_third)
        before = duckdb.server()
        run = engine.evaluate(source, rows)
        assert run.overall.value == 2 * 44850.0
        assert duckdb.server() is not before


def test_a_hanging_zygote_is_replaced_when_the_engine_closes(
    own_zygote: Callable[[], Engine], rows: Dataset
) -> None:
    engine = own_zygote()
    check_goes_on(engine, rows)
    os.kill(engine._services.pool._zygotes["pyspark"]._process.pid, signal.SIGSTOP)
    engine.close()
    with pytest.raises(EngineClosed):
        engine.evaluate(metric("return 1.0"), rows)


def test_closing_ends_runs_as_cancelled(own_zygote: Callable[[], Engine], rows: Dataset) -> None:
    engine = own_zygote()
    lives = [engine.submit(LOOP, rows) for _ in range(4)]  # two of them wait for their turn
    wait_calculating(lives[0])
    engine.close()
    assert [live.result(timeout=60).overall.status for live in lives] == ["cancelled"] * 4


def test_closing_at_once_leaves_nothing(data_dir: Path) -> None:
    before = belongings()
    Engine("spark", roots=(data_dir,)).close()
    assert wait_until(lambda: belongings()[::3] == before[::3])


def test_a_progress_callback_may_cancel(engine: Engine, rows: Dataset) -> None:
    started = threading.Event()
    made: list[LiveRun] = []

    def on_progress(progress: object) -> None:
        if str(progress).startswith("calculating: 1"):
            started.wait(5)
            made[0].cancel()

    made.append(engine.submit(metric("return 1.0"), rows, segments=MANY, on_progress=on_progress))
    started.set()
    run = made[0].result(timeout=60)
    assert len(run.results) == 101
    assert {result.status for result in run.results} == {"ok", "cancelled"}


def test_runs_wait_their_turn_and_all_come(engine: Engine, rows: Dataset) -> None:
    short = Limits(wall_seconds=20)
    lives = [engine.submit(metric(f"return {number}"), rows, limits=short) for number in range(12)]
    assert [live.result(timeout=60).overall.value for live in lives] == [float(n) for n in range(12)]
