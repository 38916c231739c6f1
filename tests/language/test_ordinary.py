"""Ordinary Python, as data scientists write it, gives what Python gives."""

# ruff: noqa: E501 - the sources under test are easier to read on one line

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.language.running import compile_text, errors_of, run
from tests.metric_text import metric_text

BODIES = {
    "loop": ("total = 0\nfor i in range(10):\n    total += i\nreturn total", 45),
    "while else": ("n = 3\nwhile n:\n    n -= 1\nelse:\n    n = 7\nreturn n", 7),
    "comprehensions": (
        "return sum([x for x in range(5) if x % 2]) + len({x: 1 for x in 'ab'}) + len({1, 1})",
        7,
    ),
    "generator": ("def g():\n    yield 1\n    yield from (2, 3)\nreturn sum(g())", 6),
    "generator send": ("def g():\n    x = yield 1\n    yield x * 2\ni = g()\nnext(i)\nreturn i.send(21)", 42),
    "closure and nonlocal": ("n = 0\ndef f():\n    nonlocal n\n    n += 2\nf()\nf()\nreturn n", 4),
    "lambda with defaults": (
        "f = lambda a, b=2, *c, d=1, **e: a + b + sum(c) + d + len(e)\nreturn f(1, 2, 3, x=1)",
        8,
    ),
    "star arguments": (
        "def f(a, b, c):\n    return a * 100 + b * 10 + c\nreturn f(*[1, 2], **{'c': 3})",
        123,
    ),
    "unpacking": ("(a, (b, *c)), d = (1, (2, 3, 4)), [5]\n[e] = d\nreturn a + b + len(c) + e", 10),
    "unpacking in for": ("return sum(a * b for a, (b, _) in [(1, (2, 0)), (3, (4, 0))])", 14),
    "swap in items": ("x = [1, 2]\nx[0], x[1] = x[1], x[0]\nreturn x[0] * 10 + x[1]", 21),
    "chained assignment": ("a = b = [1]\nb.append(2)\nreturn len(a)", 2),
    "item augmentation": ("d = {}\nd['k'] = 1\nd['k'] += 2\nd['k'] **= 2\nreturn d['k']", 9),
    "nested items": ("t = [[0, 0], [0, 0]]\nt[1][0] += 5\ndel t[0]\nreturn t[0][0]", 5),
    "slices": ("x = list(range(10))\nx[2:4] = []\nreturn sum(x[::2]) + x[-1]", 27),
    "walrus": ("return (n := 5) + n", 10),
    "ternary and chains": ("x = 3\nreturn 1 if 0 < x <= 3 and not x == 2 else 0", 1),
    "try": (
        "try:\n    1 / 0\nexcept (ValueError, ZeroDivisionError) as e:\n    r = len(str(e)) > 0\n"
        "else:\n    r = False\nfinally:\n    r = r and 2\nreturn r",
        2,
    ),
    "raise from": (
        "try:\n    try:\n        {}['k']\n    except KeyError as e:\n        raise ValueError('x') from e\n"
        "except ValueError as e:\n    return len(e.args)",
        1,
    ),
    "bare except": ("try:\n    None.x\nexcept:\n    return 1", 1),
    "assert": ("try:\n    assert 1 == 2, 'no'\nexcept AssertionError as e:\n    return len(str(e))", 2),
    "del": ("x = 1\ndel x\nx = 2\nreturn x", 2),
    "f-string": ("x = 2.345\nreturn float(f'{x:.1f}') + len(f'{x!r:>10}{{}}') + len(f'{x=}')", 2.3 + 12 + 7),
    "format": ("return len('{} {:.2f} {k}'.format('a', 1.0, k='b'))", 8),
    "format with fields": ("return float('{0.real} '.format(3)) + float('{0[a]}'.format({'a': 2}))", 5),
    "format_map": ("return len('{a}-{b}'.format_map({'a': 1, 'b': 22}))", 4),
    "percent": ("return len('%s %.1f %(k)s' % {'k': 1} if 0 else '%d-%s' % (1, 'x'))", 3),
    "strings": ("return len(' a,b '.strip().split(',')) + 'abc'.index('c') + len('-'.join('ab'))", 7),
    "bytes": ("return len(b'abc' + bytes([1])) + int.from_bytes(b'\\x01', 'big')", 5),
    "sorting": ("return sorted([{'a': 2}, {'a': 1}], key=lambda d: d['a'], reverse=True)[0]['a']", 2),
    "builtins": (
        "return sum(map(int, '12')) + len(list(filter(None, [0, 1]))) + max(3, 1) + min([4]) + any([0]) + all([])"
        " + abs(-1) + round(2.6) + divmod(7, 2)[0] + pow(2, 3) + ord('a') - ord(chr(97)) + len(hex(5) + bin(1) + oct(8))"
        " + len(list(zip('ab', [1, 2]))) + next(iter([1])) + [*reversed([1, 2])][0] + dict(a=1)['a'] + hash(1)"
        " + callable(len) + isinstance(1, (int, float)) + issubclass(bool, int) + len(frozenset('aa')) + int(complex(1).real)"
        " + len(tuple(enumerate('ab', 1))) + len(repr('x')) + slice(1).stop + len(ascii('é')) + bool(set())",
        None,
    ),
    "getattr": (
        "return getattr(3, 'real') + getattr(3, 'nope', 4) + hasattr(3, 'imag') + hasattr('', 'nope')",
        8,
    ),
    "hasattr of the closed": ("return float(hasattr('', '__class__'))", 0.0),
    "type": (
        "return (type(1) is int) + isinstance(int, type) + isinstance(1, type) + (type(int) == type)",
        3,
    ),
    "type name": ("return len(type(1.0).__name__)", 5),
    "type name of what is not open": (
        "import math\nreturn len(type(math).__name__ + type(len).__name__)",
        32,
    ),
    "type of one's own": ("def type(x):\n    return dict\nreturn len(type(1).__name__)", 4),
    "annotations": (
        "x: int = 1\ny: 'list[int]'\ndef f(a: int, *b: str) -> float:\n    return a\nreturn f(x)",
        1,
    ),
    "generic annotation": (
        "def f(a: list[int] | None = None) -> dict[str, float]:\n    return {}\nreturn len(f())",
        0,
    ),
    "decorator": (
        "def twice(f):\n    def g(*a, **k):\n        return 2 * f(*a, **k)\n    return g\n"
        "@twice\ndef f(x):\n    return x\nreturn f(4)",
        8,
    ),
    "match": (
        "r = 0\nfor x in [1, 'a', [1, 2], {'k': 3}, None, 2.5]:\n    match x:\n        case 1 | 2:\n            r += 1\n"
        "        case str(s) if s:\n            r += 10\n        case [a, *rest]:\n            r += 100 * len(rest)\n"
        "        case {'k': v, **others}:\n            r += 1000 * v\n        case None:\n            r += 10000\n"
        "        case _:\n            r += 100000\nreturn r",
        113111,
    ),
    "with": (
        "class C:\n    def __enter__(self):\n        return (1, 2)\n    def __exit__(self, *exc):\n        return True\n"
        "with C() as (a, b):\n    a = 5\n    raise ValueError\nreturn a + b",
        7,
    ),
    "recursion": ("def f(n):\n    return 1 if n < 2 else n * f(n - 1)\nreturn f(10)", 3628800),
    "shadowed builtins": ("input = 3\nid = vars = dir = 1\nopen = lambda x: x\nreturn input + open(id)", 4),
    "underscore": ("_ = 3\nfor _ in range(2):\n    pass\na, _ = 1, 2\nreturn a + _", 3),
    "private names": ("_a = 1\ndef _f(_x, *_y, _z=2):\n    return _x + _z\nreturn _f(_a)", 3),
    "private attributes": (
        "class A:\n    _k = 2\n    def __init__(self):\n        self._n = 3\n    def _f(self):\n        return self._n * self._k\n"
        "class B(A):\n    def _f(self):\n        return super()._f() + getattr(self, '_n')\nreturn B()._f() + A._k",
        11,
    ),
    "private attributes of an exception": (
        "class E(Exception):\n    def __init__(self, n):\n        self._n = n\ntry:\n    raise E(3)\nexcept E as e:\n    return e._n",
        3,
    ),
    "private cached value": ("class A:\n    pass\na = A()\na._v = 2\na._v += 1\nreturn a._v", 3),
    "named tuples of pandas": (
        "import pandas as pd\nrows = pd.DataFrame({'a': [1, 2]}).itertuples()\nreturn sum(r._asdict()['a'] + len(r._fields) for r in rows)",
        7,
    ),
    "module name": ("return len(__name__) > 0", True),
    "name of a type": ("return len(type(1).__name__ + type('x').__name__)", 6),
    "positional only": ("def f(a, /, b, *, c=1):\n    return a + b + c\nreturn f(1, b=2)", 4),
    "int methods": ("return (5).bit_length() + float.fromhex('0x1p1') + (0.5).as_integer_ratio()[1]", 7),
    "dict views": ("d = {'a': 1}\nreturn sum(v for k, v in d.items()) + len(d.keys() | {'b'})", 3),
    "dict update": ("d = {'a': 1} | {'b': 2}\nd |= {'c': 3}\nreturn len({**d, 'z': 0})", 4),
    "set algebra": ("s = {1, 2}\ns |= {3}\ns.discard(1)\nreturn len(s & {2, 9})", 1),
    "ellipsis": ("x = ...\nreturn float(x is Ellipsis)", 1.0),
}


@pytest.mark.parametrize("name", BODIES)
def test_body(name):
    body, expected = BODIES[name]
    text = metric_text(body)
    plain: dict[str, Any] = {}
    exec(text, plain)
    value = run(text)
    assert value == (plain["calc_metric"](None) if expected is None else expected)


CLASSES = {
    "state": (
        """
        class Counter:
            step = 2
            def __init__(self, n=0):
                self.n = n
                self.seen = {}
            def add(self, key):
                self.n += self.step
                self.seen[key] = self.seen.get(key, 0) + 1
                del self.seen[key]
                self.seen[key] = 5
                return self
        def calc_metric(df):
            c = Counter().add("a").add("b")
            c.step = 10
            Counter.step = 3
            return c.add("a").n + len(c.seen)
        """,
        16,
    ),
    "inheritance and super": (
        """
        class Base:
            def __init__(self, x):
                self.x = x
            def score(self):
                return self.x
        class Child(Base):
            def __init__(self, x, y):
                super().__init__(x)
                self.y = y
            def score(self):
                return super().score() * 10 + self.y
        class Old(Base):
            def __init__(self):
                Base.__init__(self, 4)
        def calc_metric(df):
            return Child(1, 2).score() + Old().score() + isinstance(Child(1, 2), Base)
        """,
        17,
    ),
    "properties and methods": (
        """
        class P:
            def __init__(self):
                self.v = 1
            @property
            def double(self):
                return 2 * self.v
            @double.setter
            def double(self, value):
                self.v = value / 2
            @staticmethod
            def three():
                return 3
            @classmethod
            def make(cls):
                return cls()
        def calc_metric(df):
            p = P.make()
            p.double = 8
            return p.v + p.double + P.three()
        """,
        15,
    ),
    "special methods": (
        """
        class V:
            def __init__(self, x): self.x = x
            def __add__(self, o): return V(self.x + o.x)
            def __lt__(self, o): return self.x < o.x
            def __eq__(self, o): return self.x == o.x
            def __hash__(self): return hash(self.x)
            def __len__(self): return self.x
            def __iter__(self): return iter(range(self.x))
            def __getitem__(self, i): return i * self.x
            def __setitem__(self, i, v): self.x = v
            def __contains__(self, i): return i == self.x
            def __call__(self, a): return a + self.x
            def __repr__(self): return f"V({self.x})"
            def __float__(self): return float(self.x)
            def __iadd__(self, o):
                self.x += o
                return self
        def calc_metric(df):
            v = V(1) + V(2)
            v[0] = 4
            v += 1
            return max(v, V(1)).x + len(v) + sum(v) + v[2] + (5 in v) + v(1) + len(repr(v)) + float(v) + len({v, V(5)})
        """,
        5 + 5 + 10 + 10 + 1 + 6 + 4 + 5.0 + 1,
    ),
    "own exception": (
        """
        class Missing(ValueError):
            def __init__(self, column):
                super().__init__(f"no {column}")
                self.column = column
        def calc_metric(df):
            try:
                raise Missing("age")
            except Missing as e:
                return len(e.column) + len(str(e))
        """,
        9,
    ),
    "builtin bases": (
        """
        class D(dict):
            def __missing__(self, key):
                return 7
        class Stack(list):
            def push(self, x):
                self.append(x)
        def calc_metric(df):
            s = Stack()
            s.push(D()["x"])
            return s[0] + len(s)
        """,
        8,
    ),
    "class attributes and constants": (
        """
        LIMIT: float = 0.5
        class Config:
            edges = [0, 1, 2]
            names: list[str] = ["a"]
            total = sum(edges)
        def helper(x, limit=LIMIT):
            return x * limit
        def calc_metric(df):
            return helper(Config.total) + len(Config.names)
        """,
        2.5,
    ),
    "globals": (
        """
        N = 0
        def bump():
            global N
            N += 1
        def calc_metric(df):
            bump(); bump()
            return N
        """,
        2,
    ),
    "function attributes": (
        """
        def f(x):
            f.calls += 1
            return x
        f.calls = 0
        def calc_metric(df):
            return f(1) + f(2) + f.calls
        """,
        5,
    ),
    "metric as lambda": ("calc_metric = lambda df: 3\n", 3),
    "metric from a factory": (
        """
        def make(k):
            def metric(df):
                return k
            return metric
        calc_metric = make(4)
        """,
        4,
    ),
    "metric with other parameters": ("def calc_metric(df, k=2, *args, q=3, **kw):\n    return k + q\n", 5),
    "metric with star": ("def calc_metric(*args):\n    return len(args)\n", 1),
    "future": (
        "from __future__ import annotations\ndef calc_metric(df: Unknown) -> Nope:\n    return 1\n",
        1,
    ),
    "tabs": ('def calc_metric(df):\n\t"""\n\tText\n  \twith both\n\t"""\n\treturn 1\n', 1),
    "windows line ends": ("def calc_metric(df):\r\n    return 1\r\n", 1),
}


@pytest.mark.parametrize("name", CLASSES)
def test_module(name):
    text, expected = CLASSES[name]
    assert run(text) == expected


LIBRARIES = {
    "numpy": (
        """
        import numpy as np
        def calc_metric(df):
            a = np.zeros((2, 2))
            a[0, 1] += 3
            a[a == 0] = 1
            return a.sum() + a.T.mean(axis=0)[0] + np.random.default_rng(0).integers(1, 2) + np.linalg.norm([3, 4])
        """,
        6 + 2 + 1 + 5,
    ),
    "numpy corners": (
        """
        import numpy as np
        def calc_metric(df):
            x = np.ones(3)
            with np.errstate(divide="ignore"):
                y = np.log(np.array([0.0, 1.0]))
            v = np.vectorize(lambda t: t + 1)(x)
            x.shape = (3, 1)
            return x.mean() + np.isinf(y).sum() + v[0] + np.r_[0, 1].max() + np.fft.fft([1, 0])[0].real + np.float64(1).item()
        """,
        7,
    ),
    "masked arrays and polynomials": (
        """
        import numpy as np
        def calc_metric(df):
            m = np.ma.masked_invalid([1.0, np.nan])
            return m.mean() + m.filled(0).sum() + np.polynomial.Polynomial([1, 2])(1)
        """,
        5,
    ),
    "sliding window": (
        """
        import numpy as np
        def calc_metric(df):
            return np.lib.stride_tricks.sliding_window_view(np.arange(4), 2).shape[0]
        """,
        3,
    ),
    "pandas": (
        """
        import pandas as pd
        def calc_metric(df):
            pdf = pd.DataFrame({"g": list("aab"), "x": [1.0, 2.0, None]})
            pdf["y"] = pdf["x"].fillna(0) * 2
            pdf.loc[0, "y"] = 9
            pdf.columns = ["g", "x", "y"]
            pdf.index.name = "row"
            pdf["y"] += 1
            by = pdf.groupby("g").agg({"y": "sum", "x": ["mean", "max"]})
            named = pdf.groupby("g").agg(total=("y", "sum"), spread=("y", lambda s: s.max() - s.min()))
            wide = pdf.pivot_table(index="g", values="y", aggfunc="mean")
            return by.iloc[0, 0] + named.total.sum() + wide.y.iloc[1] + pdf.x.agg(["sum", "count"]).sum() + pdf.apply(len).iloc[0]
        """,
        15 + 16 + 1 + 5 + 3,
    ),
    "pandas times": (
        """
        import pandas as pd
        def calc_metric(df):
            s = pd.Series(pd.to_datetime(["2026-01-01", "2026-01-03"]))
            p = pd.Series(["2026-01-01 10:00"]).pipe(pd.to_datetime, format="%Y-%m-%d %H:%M")
            late = pd.Timestamp("2026-01-02") - pd.Timedelta(days=1)
            daily = pd.Series([1, 2], index=s).resample("1D").agg("sum")
            return s.dt.day.sum() + p.dt.hour[0] + late.day + len(daily) + (s[1] - s[0]).days + s[0].to_pydatetime().month
        """,
        4 + 10 + 1 + 3 + 2 + 1,
    ),
    "pandas text and categories": (
        """
        import pandas as pd
        def calc_metric(df):
            s = pd.Series(["a b", "c"])
            c = pd.cut([1, 5, 9], [0, 4, 10])
            return s.str.contains("b").sum() + s.str.split(" ").map(len).sum() + len(c.categories) + pd.crosstab(s, s).size
        """,
        1 + 3 + 2 + 4,
    ),
    "rolling": (
        """
        import pandas as pd
        def calc_metric(df):
            s = pd.Series([1.0, 2.0, 3.0])
            return s.rolling(2).agg("mean").iloc[-1] + s.expanding().apply(lambda x: x.sum()).iloc[-1] + s.ewm(alpha=1).mean().iloc[0]
        """,
        2.5 + 6 + 1,
    ),
    "itertuples and rows": (
        """
        import pandas as pd
        def calc_metric(df):
            pdf = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
            n = sum(r.a * r.b for r in pdf.itertuples())
            return n + sum(row["a"] for _, row in pdf.iterrows()) + pdf.apply(lambda r: r.a + r.b, axis=1).max()
        """,
        11 + 3 + 6,
    ),
    "scipy": (
        """
        from scipy import optimize, special, stats
        import scipy
        def calc_metric(df):
            r = stats.ttest_ind([1, 2, 3], [1, 2, 3])
            root = optimize.brentq(lambda x: x - 2, 0, 5)
            tree = scipy.spatial.KDTree([[0.0], [1.0]])
            return r.pvalue + root + special.expit(0) + tree.query([0.9])[1] + stats.norm.cdf(0) + stats.norm(0, 1).ppf(0.5)
        """,
        1 + 2 + 0.5 + 1 + 0.5,
    ),
    "statsmodels": (
        """
        import statsmodels.stats.proportion as sp
        import statsmodels
        def calc_metric(df):
            low, high = sp.proportion_confint(5, 10, method="wilson")
            return round(low + high, 9) + statsmodels.stats.proportion.proportion_effectsize(0.5, 0.5)
        """,
        1,
    ),
    "math": ("import math\ndef calc_metric(df):\n    return math.sqrt(16) + math.fsum([0.1] * 10)\n", 5),
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_library(name):
    text, expected = LIBRARIES[name]
    assert math.isclose(run(text), expected)


def test_what_is_printed_goes_to_the_sink():
    printed: list[str] = []
    run(
        "print('top')\ndef calc_metric(df):\n    print(1, 'a', sep='-', end='!')\n    print()\n    return 1",
        None,
        printed,
    )
    assert "".join(printed) == "top\n1-a!\n"


def test_each_load_has_a_fresh_namespace():
    text = "SEEN = []\nclass C:\n    n = 0\ndef calc_metric(df):\n    SEEN.append(1)\n    C.n += 1\n    return len(SEEN) + C.n\n"
    assert [run(text), run(text)] == [2, 2]


def test_frame_is_passed_through():
    text = "def calc_metric(df):\n    df['z'] = df.x * 2\n    return df.z.sum() + df.shape[1]\n"
    assert run(text, pd.DataFrame({"x": [1, 2]})) == 8
    assert run("def calc_metric(df):\n    return df.max()\n", np.arange(3)) == 2


def test_what_runs_by_hand_is_left_out():
    text = """
        def calc_metric(df):
            return 3

        if __name__ == "__main__":
            from pyspark.sql import SparkSession
            print(calc_metric(SparkSession.builder.getOrCreate().read.parquet("x")))
    """
    assert run(text) == 3
    assert run(text.replace('__name__ == "__main__"', "'__main__' == __name__")) == 3


def test_what_stands_beside_it_is_kept():
    text = """
        if __name__ == "__main__":
            FACTOR = 1
        else:
            FACTOR = 3
        def calc_metric(df):
            return FACTOR
    """
    assert run(text) == 3


def test_annotations_of_calc_metric_need_no_import():
    text = """
        def calc_metric(df: DataFrame, *rest: list[Any], k: Literal["a", "b"] = 3, **more: __x) -> Optional[np.float64]:
            return k
    """
    assert run(text) == 3


OPTIONAL = {
    "by name": "try:\n    import sklearn\nexcept ImportError:\n    sklearn = None",
    "several": "try:\n    from sklearn import metrics, svm\n    import os\nexcept (ValueError, ModuleNotFoundError):\n    sklearn = None",
    "any": "try:\n    import numpy, sklearn.metrics as sklearn\nexcept Exception:\n    sklearn = None",
    "bare": "try:\n    import sklearn\nexcept:\n    sklearn = None",
}


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_import_that_may_fail_fails_as_python_would(name):
    text = f"{OPTIONAL[name]}\ndef calc_metric(df):\n    return 3 if sklearn is None else 0\n"
    assert run(text) == 3
    warned = compile_text(text).problems
    assert warned and {(one.code, one.severity) for one in warned} == {("import-refused", "warning")}


def test_an_import_that_nothing_catches_is_refused_at_once():
    text = "try:\n    import sklearn\nexcept KeyError:\n    pass\ndef calc_metric(df):\n    return 3\n"
    assert [problem.code for problem in errors_of(compile_text(text))] == ["import-refused"]
