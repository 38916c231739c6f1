"""Functions have the same digest only if they surely give the same."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.client.digests import digest
from sandbox.contract.settings import CAPTURES, DIGEST, RANDOM, WRITES
from sandbox.language import FILENAME

HEAD = (
    "import functools, math, random\nimport datetime as dt\nimport numpy as np\nimport pandas as pd\nN = 0\n"
)


def made(source: str) -> Any:
    """What a metric's module calls `u`, made anew."""
    namespace: dict[str, Any] = {"__name__": FILENAME}
    exec(compile(HEAD + source, FILENAME, "exec"), namespace)
    return namespace["u"]


SAME: dict[str, str] = {
    "a lambda": "u = lambda v: v + 1",
    "a constant": "R = 1.5\ndef u(v): return v * R",
    "a helper": "def h(v, by=(1, 'x')): return v\ndef u(v): return h(v)",
    "itself": "def u(v): return v and u(v - 1)",
    "each other": "def u(v): return w(v)\ndef w(v): return v and u(v - 1)",
    "libraries": "u = lambda s: np.log1p(s) + math.pi + pd.Series(s).count() + np.float32(1)",
    "a closure": "def f(k): return lambda v: v * k\nu = f(np.float64(2.5))",
    "a partial": "def f(v, k): return v * k\nu = functools.partial(f, k=frozenset({1, 2}))",
    "its own list": "def u(v):\n    found = [v]\n    found[0] += 1\n    g = lambda: found\n    return g()[0]",
    "a day": "DAY = dt.date(2026, 1, 1)\nu = lambda v: v > DAY",
    "a loop": "def u(v):\n    for one in range(3):\n        v += one\n    return v",
}
# By the word for why there is none.
NONE: dict[str, list[str]] = {
    CAPTURES: [
        "L = [1]\nu = lambda v: L[0]",
        "D = {}\ndef u(v): return D.setdefault(v, v)",
        "S = pd.Series([1])\nu = lambda v: v in S",
        "A = np.zeros(2)\nu = lambda v: A[0]",
        "T = (1, [2])\nu = lambda v: T",
        "class C:\n    n = 0\nu = lambda v: C.n",
        "class C:\n    def __call__(self, v): return v\nu = C()",
        "def u(v, seen=[]): return len(seen)",
        "def u(v, *, seen={}): return len(seen)",
        "def u(v): return u.n\nu.n = 1",
        "I = iter((1, 2))\nu = lambda v: next(I)",
        "@functools.lru_cache\ndef f(v): return v\nu = lambda v: f(v)",
        "u = [].append",
        "def f():\n    g = lambda v: k\n    return g\n    k = 1\nu = f()",
        "M = dt\nclass D(dt.date): pass\nX = D(2026, 1, 1)\nu = lambda v: X",
    ],
    WRITES: [
        "def u(v):\n    global N\n    N += 1\n    return N",
        "def f(n):\n    def g(v):\n        nonlocal n\n        n += v\n    return g\nu = f(0)",
        "def u(v):\n    u.n = v\n    return v",
        "def u(v):\n    def g():\n        global N\n        N = v\n    g()",
        "def u(v):\n    np.seterr(all='raise')\n    return v",
        "def u(v): return globals()",
    ],
    RANDOM: [
        "u = lambda v: np.random.rand()",
        "def u(v): return (lambda: np.random.default_rng())()",
        "u = lambda v: pd.Series(v).sample(1)",
    ],
}


@pytest.mark.parametrize("name", SAME)
def test_what_surely_gives_the_same_has_one_digest(name: str) -> None:
    first = digest(made(SAME[name]))
    assert DIGEST.fullmatch(b"-" + first.encode())
    assert len(first) == 32
    assert digest(made(SAME[name])) == first


def test_what_differs_has_digests_of_its_own() -> None:
    sources = [
        *SAME.values(),
        *(
            f"K = {value}\nu = lambda v: v + K"
            for value in ("1", "1.0", "True", "'1'", "b'1'", "-0.0", "0.0")
        ),
        *(f"K = np.{kind}(1)\nu = lambda v: v + K" for kind in ("int64", "int32", "float64")),
        *(f"def f(k): return lambda v: v {sign} k\nu = f({k})" for sign in "+-" for k in (1, 2)),
        "def h(v, by=(1, 'y')): return v\ndef u(v): return h(v)",
        "def h(v, by=(1, 'x')): return v + 1\ndef u(v): return h(v)",
        "K = (1, (2, 3))\nu = lambda v: v + K",
        "K = ((1, 2), 3)\nu = lambda v: v + K",
        "u = lambda v: math.floor(v)",
        "from math import ceil as floor\nu = lambda v: floor(v)",
        "from math import floor\nu = lambda v: floor(v)",
    ]
    assert len({digest(made(source)) for source in sources}) == len(sources)


@pytest.mark.parametrize(("word", "source"), [(word, one) for word, every in NONE.items() for one in every])
def test_what_may_give_something_else_has_none(word: str, source: str) -> None:
    assert digest(made(source)) == word
