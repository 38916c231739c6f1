"""Nothing of a run is in another one, beside it or after it; nor in frames that follow a worker's end.

Guests are ordinary Python here: whatever they do to their worker must stay in it.
"""

from __future__ import annotations

import ast
import os
import secrets
from collections.abc import Iterator

import pytest

from engine import Dataset, Engine, SegmentGroup
from engine.models.run import Run
from tests.engine.support import metric
from tests.tenants.honest import BY_KIND, HONEST, told

_FRAMES = [SegmentGroup.by_value("kind", values=["k00", "k01", "k02"])]
# Everything of a process that one run could leave for another, as text; equal for every fresh worker.
STATE = metric(
    "print(json.dumps({name: attempt(look) for name, look in LOOKS.items()}))\nreturn 1.0",
    """
    import builtins, json, math, os, random, signal, sys, threading
    PLACES = (builtins, np, pd, json, os, sys)
    LOOKS = {
        "environment": lambda: dict(os.environ),
        "folder": os.getcwd,
        "files": lambda: sorted(os.listdir("/")),
        "mask of files": lambda: os.umask(0o22),
        "threads": threading.active_count,
        "handlers": lambda: {int(n): repr(signal.getsignal(n)) for n in signal.valid_signals()},
        "mask of signals": lambda: sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
        "timer": lambda: signal.getitimer(signal.ITIMER_REAL),
        "modules": lambda: sorted(name for name in sys.modules if "secret" in name),
        "path": lambda: sys.path,
        "hooks": lambda: [repr(sys.gettrace()), repr(sys.getprofile()), sys.getrecursionlimit()],
        "draws": lambda: [random.random(), np.random.random(), np.random.default_rng().random()],
        "works": lambda: [float(np.mean([1, 2])), float(pd.Series([1, 2]).sum()), math.sqrt(4.0), len("abc")],
        "names": lambda: [hasattr(place, "SECRET") for place in PLACES],
        "options": lambda: [np.geterr(), pd.get_option("display.max_rows")],
    }
    def attempt(look):
        try:
            return look()
        except OSError as error:
            return type(error).__name__
    """,
)
_POISON = """
import builtins, json, math, os, random, signal, sys, threading, time, types
def attempt(step):
    try:
        step()
    except Exception as error:
        return type(error).__name__
def poison():
    for where in (builtins, np, pd, json, os, sys):
        where.SECRET = SECRET
    attempt(lambda: os.environ.update(SECRET=SECRET))
    attempt(lambda: os.putenv("SECRET", SECRET))
    attempt(lambda: os.chdir("/usr"))
    attempt(lambda: os.umask(0o77))
    attempt(lambda: open("/tmp/" + SECRET, "w").write(SECRET))
    attempt(lambda: sys.path.insert(0, SECRET))
    sys.modules["secret_module"] = types.ModuleType("secret_module")
    sys.setrecursionlimit(5000)
    np.seterr(all="raise")
    pd.set_option("display.max_rows", 7)
    random.seed(1)
    np.random.seed(1)
    attempt(lambda: signal.signal(signal.SIGTERM, lambda *_: None))
    attempt(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]))
    attempt(lambda: signal.setitimer(signal.ITIMER_REAL, 0.5))
    threading.Thread(target=lambda: time.sleep(60), daemon=True).start()
    bad = lambda *_, **__: 6.66
    np.mean = np.sum = np.random.default_rng = pd.Series.sum = pd.DataFrame.mean = math.sqrt = bad
    json.dumps = lambda *_, **__: "{}"
    builtins.sum = builtins.len = bad
"""


def poisoning(secret: str, *, dies: bool = False) -> str:
    """A run that does all that to its worker in each frame, the last of which may end it."""
    end = "os.abort()" if dies else "return 1.0"
    return metric(f"poison()\n{end}", f"SECRET = {secret!r}\n{_POISON}")


@pytest.fixture
def secret() -> str:
    return f"secret-{secrets.token_hex(16)}"


@pytest.fixture(scope="module")
def clean(single: Engine, many: Dataset) -> Run:
    """What a run sees before anybody did anything."""
    run = single.evaluate(STATE, many, segments=_FRAMES, tenant="victim")
    assert [r.status for r in run.results] == ["ok"] * 4, run.results
    assert '"works": [1.5, 3.0, 2.0, 3]' in run.overall.printed
    return run


@pytest.mark.parametrize("dies", [False, True], ids=["ends", "dies"])
def test_the_next_run_sees_a_fresh_world(
    single: Engine, many: Dataset, clean: Run, secret: str, dies: bool
) -> None:
    done = single.evaluate(poisoning(secret, dies=dies), many, segments=_FRAMES, tenant="attacker")
    assert {r.status for r in done.results} <= ({"lost"} if dies else {"ok", "lost", "raised"})
    run = single.evaluate(STATE, many, segments=_FRAMES, tenant="victim")
    assert told(run) == told(clean)
    assert secret not in repr(run.to_dict())


@pytest.mark.slow
def test_a_run_beside_it_sees_a_fresh_world(shared: Engine, many: Dataset, secret: str) -> None:
    before = told(shared.evaluate(STATE, many, segments=_FRAMES, tenant="victim"))
    honest = told(shared.evaluate(HONEST, many, segments=[BY_KIND], tenant="victim"))
    lives = [shared.submit(poisoning(secret), many, segments=[BY_KIND], tenant="attacker") for _ in range(3)]
    assert told(shared.evaluate(STATE, many, segments=_FRAMES, tenant="victim")) == before
    assert told(shared.evaluate(HONEST, many, segments=[BY_KIND], tenant="victim")) == honest
    for live in lives:
        live.result(timeout=30)


def test_frames_after_a_workers_end_are_in_a_fresh_one(single: Engine, many: Dataset, secret: str) -> None:
    """The second frame poisons its worker and dies with it: those after it have their own numbers."""
    source = metric(
        "found = df.agg(F.sum('n').alias('s'), F.max('kind').alias('hi')).first()\n"
        "if found['hi'] == 'k00':\n    poison()\n    os.abort()\n"
        "assert not hasattr(np, 'SECRET') and not hasattr(builtins, 'SECRET')\n"
        "return float(np.mean([found['s']])) + (threading.active_count() - 1)",
        f"SECRET = {secret!r}\n{_POISON}",
    )
    run = single.evaluate(source, many, segments=_FRAMES)
    assert [r.status for r in run.results] == ["ok", "lost", "ok", "ok"], run.results
    assert [r.value for r in run.results if r.status == "ok"] == [
        sum(range(4800)),
        sum(range(1, 4800, 24)),
        sum(range(2, 4800, 24)),
    ]


# Looks for a text in the memory of small objects, which the zygote's and the worker's own are mixed in,
# and in memory that was just given to it. Sources hold it in reverse only.
_SEARCH = """
import ctypes
def search(half):
    wanted = half[::-1]
    small = [bytes(8 + number % 400) for number in range(100_000)]
    pools = {id(one) >> 14 for one in small}
    given = [np.empty(size, np.uint8).tobytes() for size in (600, 10**4, 10**6, 10**7) for _ in range(5)]
    read = [ctypes.string_at(pool << 14, 1 << 14) for pool in pools]
    return len(pools), sum(part.count(wanted) for part in [*given, *read])
"""


def test_a_secret_of_one_worker_is_in_no_others_memory(single: Engine, many: Dataset, secret: str) -> None:
    """Workers share the zygote's pages: what one writes must stay its own."""
    half = secret.encode()[::-1]
    # Every second one is freed at once, so that the search's own objects come to lie between them.
    mine = single.evaluate(
        metric(
            f"kept = [{half!r}[::-1] + bytes(number % 100) for number in range(2000)][::2]\n"
            f"print(search({half!r}))\nreturn len(kept)",
            _SEARCH,
        ),
        many,
        tenant="attacker",
    )
    theirs = single.evaluate(metric(f"print(search({half!r}))\nreturn 1.0", _SEARCH), many, tenant="victim")
    assert (mine.overall.status, theirs.overall.status) == ("ok", "ok"), (mine, theirs)
    (_, found), (pools, others) = (ast.literal_eval(run.overall.printed) for run in (mine, theirs))
    assert found > 300 and pools > 500
    assert others <= 3  # what the search itself makes of the half


@pytest.fixture(scope="module", autouse=True)
def same_files_after() -> Iterator[None]:
    """No guest of these tests leaves a file."""
    before = set(os.listdir("/tmp"))  # noqa: PTH208
    yield
    assert not [name for name in set(os.listdir("/tmp")) - before if "secret" in name]  # noqa: PTH208
