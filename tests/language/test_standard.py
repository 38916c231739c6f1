"""The standard library's pure modules, where a site opens them: they work as in Python, and lead nowhere."""

# ruff: noqa: E501 - the sources under test are easier to read on one line

import datetime as dt
import warnings

import pandas as pd
import pytest

from sandbox.language.clock import CLOCK
from sandbox.language.imports import IMPORTABLE, MODULES, is_importable
from sandbox.language.standard import PRESETS, expand
from sandbox.language.tables import for_standard
from tests.language.running import codes_when_run, compile_text, errors_of, run
from tests.metric_text import metric_text

STANDARD = ("standard",)
FRAME = pd.DataFrame({"x": [1.0, 2.0]})

# What stands above calc_metric, its result, and the number that Python gives.
IDIOMS = {
    "abc": (
        "from abc import ABC, abstractmethod\nclass A(ABC):\n    @abstractmethod\n    def f(self): ...\nclass B(A):\n    def f(self):\n        return 3",
        "B().f()",
        3,
    ),
    "abstract property": (
        "import abc\nclass A(abc.ABC):\n    @property\n    @abc.abstractmethod\n    def f(self): ...\ntry:\n    A()\n    n = 0\nexcept TypeError:\n    n = 1",
        "n",
        1,
    ),
    "bisect": ("from bisect import bisect_left, insort\nx = [1, 3]\ninsort(x, 2)", "bisect_left(x, 3)", 2),
    "Counter": (
        "from collections import Counter\nc = Counter('abca')\nc.update('a')",
        "c['a'] + c.most_common(1)[0][1] + c.total()",
        11,
    ),
    "defaultdict": (
        "import collections\nd = collections.defaultdict(list)\nd['a'].append(1)",
        "len(d['a']) + len(d['b'])",
        1,
    ),
    "deque": (
        "from collections import deque\nq = deque([1, 2, 3], maxlen=3)\nq.append(4)\nq.rotate(1)",
        "q[0] + q.popleft()",
        8,
    ),
    "OrderedDict": (
        "from collections import OrderedDict\nd = OrderedDict(a=1, b=2)\nd.move_to_end('a')",
        "next(iter(d.values()))",
        2,
    ),
    "ChainMap": ("from collections import ChainMap", "ChainMap({'a': 1}, {'a': 2, 'b': 3})['b']", 3),
    "namedtuple": (
        "from collections import namedtuple\nP = namedtuple('P', 'x y', defaults=[2])\np = P(1)",
        "p.x + p.y + p._replace(x=5).x + p._asdict()['y'] + len(P._fields)",
        12,
    ),
    "class of a namedtuple": (
        "from collections import namedtuple\nclass P(namedtuple('P', ['x', 'y'])):\n    def norm(self):\n        return self.x + self.y",
        "P(1, 2).norm()",
        3,
    ),
    "class of Counter": (
        "from collections import Counter\nclass C(Counter):\n    def top(self):\n        return self.most_common(1)[0][1]",
        "C('aab').top()",
        2,
    ),
    "abstract classes": (
        "from collections.abc import Mapping, Iterable, Callable",
        "isinstance({}, Mapping) + isinstance([], Iterable) + isinstance(len, Callable)",
        3,
    ),
    "contextmanager": (
        "from contextlib import contextmanager\n@contextmanager\ndef f(n):\n    yield n\ndef g():\n    with f(3) as n:\n        return n",
        "g()",
        3,
    ),
    "suppress": (
        "import contextlib\nn = 1\nwith contextlib.suppress(ZeroDivisionError):\n    n = 1 / 0",
        "n",
        1,
    ),
    "ExitStack": (
        "from contextlib import ExitStack, nullcontext\nwith ExitStack() as stack:\n    n = stack.enter_context(nullcontext(3))",
        "n",
        3,
    ),
    "copy": (
        "import copy\na = {'x': [1]}\nb = copy.deepcopy(a)\nb['x'].append(2)\nc = copy.copy(a)",
        "len(a['x']) + len(b['x']) + len(c['x'])",
        4,
    ),
    "dataclass": (
        "from dataclasses import dataclass, field\n@dataclass\nclass A:\n    n: int\n    rows: list = field(default_factory=list)\n    def __post_init__(self):\n        self.m = self.n + 1",
        "A(2).m + len(A(1).rows) + (A(1) == A(1))",
        4,
    ),
    "frozen dataclass": (
        "import dataclasses as dc\n@dc.dataclass(frozen=True, order=True, slots=True)\nclass A:\n    n: int = 3\nb = dc.replace(A(), n=4)",
        "b.n + dc.asdict(A())['n'] + len(dc.fields(A)) + (A() < b)",
        9,
    ),
    "dataclass with text annotations": (
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom typing import ClassVar\n@dataclass\nclass A:\n    n: int\n    k: ClassVar[int] = 2\n    m: dict[str, float] | None = None",
        "A(3).n + A.k",
        5,
    ),
    "datetime": (
        "from datetime import date, datetime, timedelta, timezone\nd = datetime(2024, 2, 28, tzinfo=timezone.utc) + timedelta(days=1)",
        "d.day + (date(2024, 3, 1) - d.date()).days + datetime.fromisoformat('2024-01-05').day",
        35,
    ),
    "import datetime": (
        "import datetime as dt",
        "dt.datetime.strptime('2024-05-06', '%Y-%m-%d').month + dt.timedelta(hours=2).total_seconds()",
        7205,
    ),
    "decimal": (
        "from decimal import Decimal, ROUND_HALF_UP, localcontext, getcontext\nwith localcontext() as c:\n    c.prec = 3\n    a = Decimal(1) / Decimal(3)\ngetcontext().prec = 5",
        "float(a) + float(Decimal('2.5').quantize(Decimal('1'), rounding=ROUND_HALF_UP)) + float(Decimal(2) / 3)",
        0.333 + 3 + 0.66667,
    ),
    "Enum": (
        "from enum import Enum, auto\nclass C(Enum):\n    A = auto()\n    B = 5\n    def twice(self):\n        return self.value * 2",
        "C.A.value + C['B'].twice() + len(C) + C(5).value + len(C.B.name)",
        19,
    ),
    "IntEnum": (
        "from enum import IntEnum, Flag, StrEnum\nclass C(IntEnum):\n    A = 1\n    B = 2\nclass F(Flag):\n    X = 1\n    Y = 2",
        "C.A + C.B + len(F.X | F.Y)",
        5,
    ),
    "fractions": (
        "from fractions import Fraction",
        "float(Fraction(1, 3) + Fraction('1/6')) + Fraction(3, 4).numerator",
        3.5,
    ),
    "reduce": (
        "from functools import reduce, partial\nimport operator",
        "reduce(operator.mul, [1, 2, 3]) + partial(pow, 2)(3)",
        14,
    ),
    "partial": (
        "import functools\nf = functools.partial(lambda a, b: a + b, b=2)",
        "f(1) + f.keywords['b']",
        5,
    ),
    "lru_cache": (
        "from functools import lru_cache, cache\n@lru_cache(maxsize=None)\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n@cache\ndef g(n):\n    return n",
        "fib(30) + g(1) + fib.cache_info().hits",
        832069 - 28 + 28,
    ),
    "cached_property": (
        "from functools import cached_property\nclass A:\n    @cached_property\n    def n(self):\n        self.calls = getattr(self, 'calls', 0) + 1\n        return 3\na = A()",
        "a.n + a.n + a.calls",
        7,
    ),
    "wraps": (
        "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def inner(*a):\n        return 2 * f(*a)\n    return inner\n@twice\ndef g(x):\n    return x",
        "g(3) + len(g.__name__)",
        7,
    ),
    "total_ordering": (
        "from functools import total_ordering, cmp_to_key\n@total_ordering\nclass A:\n    def __init__(self, n):\n        self.n = n\n    def __eq__(self, o):\n        return self.n == o.n\n    def __lt__(self, o):\n        return self.n < o.n",
        "(A(2) >= A(1)) + sorted([3, 1], key=cmp_to_key(lambda a, b: b - a))[0]",
        4,
    ),
    "hashlib": (
        "import hashlib",
        "int(hashlib.md5(b'x').hexdigest()[:2], 16) + len(hashlib.new('sha256').digest()) + len(hashlib.sha1(b'a').hexdigest())",
        157 + 32 + 40,
    ),
    "heapq": (
        "import heapq\nh = [3, 1, 2]\nheapq.heapify(h)",
        "heapq.heappop(h) + heapq.nlargest(1, [1, 9])[0] + sum(heapq.merge([1], [2]))",
        13,
    ),
    "itertools": (
        "from itertools import accumulate, chain, combinations, groupby, islice, product",
        "sum(accumulate([1, 2])) + len(list(chain.from_iterable([[1], [2]]))) + len(list(combinations('abc', 2))) + sum(1 for _ in groupby('aab')) + len(list(product('ab', repeat=2))) + next(islice([7], 1))",
        22,
    ),
    "import itertools": (
        "import itertools as it",
        "list(it.zip_longest([1], [2, 3], fillvalue=0))[1][1] + len(list(it.pairwise([1, 2, 3])))",
        5,
    ),
    "json": (
        "import json",
        "json.loads('{\"a\": [1, 2]}')['a'][1] + len(json.dumps({'b': 1}, sort_keys=True))",
        10,
    ),
    "numbers": ("import numbers", "isinstance(1.5, numbers.Real) + isinstance(1, numbers.Integral)", 2),
    "operator": (
        "from operator import itemgetter, attrgetter, methodcaller\nclass A:\n    n = 4\n    def f(self, k=1):\n        return self.n * k",
        "itemgetter(1)([1, 2]) + attrgetter('n')(A()) + methodcaller('f', k=2)(A()) + attrgetter('n', 'n')(A())[1] + max([{'a': 1}, {'a': 3}], key=itemgetter('a'))['a']",
        21,
    ),
    "attrgetter of a path": (
        "import operator\nclass A:\n    pass\na = A()\na.b = A()\na.b.c = 3",
        "operator.attrgetter('b.c')(a)",
        3,
    ),
    "random": (
        "import random\nrandom.seed(1)\na = random.random()\nrandom.seed(1)",
        "(a == random.random()) + len(random.sample(range(9), 2)) + random.Random(5).randint(3, 3)",
        6,
    ),
    "re": (
        "import re\nPATTERN = re.compile(r'(?P<n>\\d+)', re.I | re.M)",
        "int(PATTERN.search('a12')['n']) + len(re.sub(r'\\s+', '', 'a b')) + len(re.findall('a', 'aba')) + int(re.match('(1)', '1').group(1)) + int(re.sub('1', lambda m: m.group() * 2, '1'))",
        12 + 2 + 2 + 1 + 11,
    ),
    "statistics": (
        "import statistics as st",
        "st.mean([1, 2, 3]) + st.median([1, 5]) + st.NormalDist(0, 1).mean + st.quantiles([1, 2, 3], n=2)[0]",
        7,
    ),
    "string": (
        "import string",
        "len(string.ascii_lowercase) + len(string.Template('$a').substitute(a='xy'))",
        28,
    ),
    "textwrap": ("from textwrap import dedent, shorten", "len(dedent('  a')) + len(shorten('a  b', 9))", 4),
    "time": (
        "import time",
        "time.gmtime(0).tm_year + len(time.strftime('%Y', time.gmtime(0))) + time.strptime('2024', '%Y').tm_year",
        3998,
    ),
    "typing": (
        "from typing import Any, Callable, Dict, List, Literal, Optional, TypeVar, Union, cast\nT = TypeVar('T')\nVector = List[float]\ndef f(x: Optional[Dict[str, Any]], g: Callable[[int], T]) -> Union[int, str]:\n    return cast(int, g(3))",
        "f(None, lambda x: x)",
        3,
    ),
    "NamedTuple": (
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 2\n    def total(self):\n        return self.x + self.y",
        "P(1).total() + P(1)._replace(x=3).x + len(P._fields)",
        8,
    ),
    "TypedDict, total": (
        "from typing import TypedDict\nclass P(TypedDict, total=False):\n    x: int\n"
        "class Q(P, total=True):\n    y: int",
        "Q(y=3)['y'] + len(P())",
        3,
    ),
    "TypedDict": ("from typing import TypedDict\nclass P(TypedDict):\n    x: int", "P(x=3)['x']", 3),
    "Generic": (
        "from typing import Generic, Protocol, TypeVar\nT = TypeVar('T')\nclass Box(Generic[T]):\n    def __init__(self, value: T):\n        self.value = value\nclass Sized2(Protocol):\n    def size(self) -> int: ...",
        "Box[int](3).value",
        3,
    ),
    "uuid": ("import uuid", "uuid.uuid5(uuid.NAMESPACE_DNS, 'a').version + len(uuid.UUID(int=1).hex)", 37),
    "warnings": (
        "import warnings\nwarnings.filterwarnings('ignore')\nwith warnings.catch_warnings(record=True) as seen:\n    warnings.simplefilter('always')\n    warnings.warn('x')",
        "len(seen)",
        1,
    ),
    "warnings as errors": (
        "import warnings\nimport numpy as np\nn = 0\nwith warnings.catch_warnings():\n    warnings.simplefilter('error')\n    try:\n        np.float64(1) / np.float64(0)\n    except RuntimeWarning:\n        n = 1",
        "n",
        1,
    ),
    "star": ("from itertools import *\nfrom math import *", "sum(islice(count(1), 2)) + sqrt(4)", 5),
}


@pytest.mark.parametrize("name", IDIOMS)
def test_an_idiom_gives_what_python_gives(name):
    above, result, wanted = IDIOMS[name]
    inside = "".join(f"    {line}\n" for line in above.splitlines() if "__future__" not in line)
    for text in (
        f"{above}\ndef calc_metric(df):\n    return {result}\n",
        f"def calc_metric(df):\n{inside}    return {result}\n",
    ):
        if "*" in above and text.startswith("def"):
            continue
        assert run(text, FRAME, extra_imports=STANDARD) == pytest.approx(wanted)


CLASS = "class A:\n    def __lt__(self, o):\n        return True\n"
ATTACKS = {
    "attrgetter": "import operator\nreturn operator.attrgetter('__class__')(df)",
    "attrgetter path": "from operator import attrgetter\nreturn attrgetter('x.__class__')(df)",
    "attrgetter of a module": "import operator, numpy as np\nreturn operator.attrgetter('ctypeslib')(np)",
    "attrgetter of several": "import operator\nreturn operator.attrgetter('x', '_mgr')(df)",
    "methodcaller": "import operator\nreturn operator.methodcaller('to_csv', 'f')(df)",
    "methodcaller of a dunder": "import operator\nreturn operator.methodcaller('__reduce__')(df)",
    "reduce of getattr": "import functools\nreturn functools.reduce(getattr, ['__class__'], df)",
    "partial of getattr": "import functools\nreturn functools.partial(getattr, df)('__class__')",
    "map of an attrgetter": "import operator\nreturn list(map(operator.attrgetter('__dict__'), [df]))",
    "wraps on a library": "import functools, numpy as np\nfunctools.wraps(lambda x: x)(np.mean)",
    "wraps with other names": "import functools\nfunctools.wraps(len, assigned=('__code__',))(calc_metric)",
    "update_wrapper": "import functools\nfunctools.update_wrapper(df, df)",
    "total_ordering on a library": "import functools, pandas as pd\nfunctools.total_ordering(pd.Series)",
    "dataclass of a library": "import dataclasses, pandas as pd\ndataclasses.dataclass(pd.Series)",
    "dataclass by call": "import dataclasses, pandas as pd\ndataclasses.dataclass(frozen=True)(pd.Series)",
    "abstractmethod on a library": "import abc, numpy as np\nabc.abstractmethod(np.mean)",
    "make_dataclass": "import dataclasses\ndataclasses.make_dataclass('A', ['x'])",
    "get_type_hints": "import typing\ntyping.get_type_hints(calc_metric)",
    "ForwardRef": "import typing\ntyping.ForwardRef('x')",
    "singledispatch": "import functools\nfunctools.singledispatch(calc_metric)",
    "Formatter": "import string\nstring.Formatter().format('{0.__class__}', df)",
    "json.load": "import json\njson.load(df)",
    "closing": "import contextlib\ncontextlib.closing(df)",
    "redirect_stdout": "import contextlib\ncontextlib.redirect_stdout(df)",
    "showwarning": "import warnings\nwarnings.showwarning = None",
    "sys behind warnings": "import warnings\nreturn warnings.sys",
    "sys behind collections": "import collections\nreturn getattr(collections, '_sys')",
    "os behind random": "import random\nreturn random._os",
    "os behind uuid": "import uuid\nreturn uuid.os",
    "enum's module": "import enum\nreturn enum.sys",
    "re's compiler": "import re\nreturn re._compiler",
    "sre by name": "import re\nreturn getattr(re, 'enum')",
    "functools by star": "from functools import *\nreturn update_wrapper",
    "typing's sys": "import typing\nreturn typing.sys",
    "contextlib's os": "import contextlib\nreturn contextlib.os",
    "decimal's defaults": "import decimal\ndecimal.DefaultContext.prec = 2",
    "a module's constant": "import string\nstring.digits = ''",
    "a class of a library": "import collections\ncollections.Counter.update = None",
    "metaclass": "import abc\nreturn abc.ABCMeta('A', (), {})",
    "register": "from collections.abc import Mapping\nMapping.register(list)",
    "module of an enum": "from enum import Enum\nclass A(Enum):\n    X = 1\nreturn A.__members__",
    "frame of a generator": "from contextlib import contextmanager\n@contextmanager\ndef f():\n    yield 1\nreturn f().gen.gi_frame",
    "globals of a partial": "import functools\nreturn functools.partial(calc_metric).func.__globals__",
    "wrapped": "import functools\n@functools.lru_cache\ndef f():\n    return 1\nreturn f.__wrapped__.__globals__",
    "entropy": "import uuid\nreturn uuid.uuid4().int",
    "system random": "import random\nreturn random.SystemRandom().random()",
    "seed from the machine": "import random\nrandom.seed()",
    "the clock": "import time\nreturn time.time()",
    "the clock by default": "import time\nreturn time.gmtime().tm_year",
    "the clock by None": "import time\nreturn time.gmtime(None).tm_year",
    "the clock in text": "import time\nreturn len(time.strftime('%Y'))",
    "sleep": "import time\ntime.sleep(1)",
    "inherit from a library": "import pandas as pd\nclass A(pd.DataFrame):\n    pass",
    "inherit from a session": "import collections.abc\nclass A(type(df)):\n    pass",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_leads_out_is_refused(name):
    above: list[str] = []
    body: list[str] = []
    for line in ATTACKS[name].splitlines():
        (above if line.startswith("from") and "*" in line else body).append(line)
    text = "\n".join(above) + "\ndef calc_metric(df):\n" + "".join(f"    {line}\n" for line in body)
    try:
        codes = codes_when_run(text, FRAME, extra_imports=STANDARD)
    except (NameError, TypeError) as error:
        assert "update_wrapper" in str(error) or "unexpected keyword" in str(error)
        return
    assert codes


def test_nothing_is_open_unless_the_site_says_so():
    for module in for_standard.MODULES.keys() - IMPORTABLE:
        text = f"import {module}\ndef calc_metric(df):\n    return 1\n"
        (problem,) = errors_of(compile_text(text))
        assert problem.code == "import-refused"
        assert "'standard'" in problem.hint and not problem.hint.startswith("None")
        assert run(text, extra_imports=STANDARD) == run(text, extra_imports=(module,)) == 1


def test_a_class_inherits_only_from_what_is_open():
    text = "class A(dict):\n    pass\nfrom collections import Counter\nclass B(Counter):\n    pass\ndef calc_metric(df):\n    return 1\n"
    assert run(text, extra_imports=("collections",)) == 1
    other = (
        "from typing import Any\ndef calc_metric(df):\n    from collections import Counter\n    return 1\n"
    )
    assert {problem.code for problem in errors_of(compile_text(other, extra_imports=("typing",)))} == {
        "import-refused"
    }


def test_a_preset_is_its_modules():
    assert set(expand(("standard", "math"))) == {*for_standard.MODULES, "math"}
    assert expand(("collections",)) == ("collections", "collections.abc")
    assert all(is_importable(module, PRESETS["standard"]) for module in for_standard.MODULES)
    assert all(module in MODULES for module in PRESETS["standard"])


def test_what_one_frame_sets_is_gone_in_the_next():
    text = """
        import decimal, warnings
        def calc_metric(df):
            before = decimal.getcontext().prec
            decimal.getcontext().prec = 3
            warnings.simplefilter("error")
            return before
    """
    before = list(warnings.filters)
    assert run(text, extra_imports=STANDARD) == run(text, extra_imports=STANDARD) == 28
    run("def calc_metric(df):\n    return 1\n")
    assert warnings.filters == before


def test_generators_without_a_seed_follow_the_frames_own():
    text = """
        import random
        def calc_metric(df):
            random.seed(df)
            first = random.Random().random()
            random.seed(df)
            again = random.Random()
            return first == again.random()
    """
    assert run(text, 7, extra_imports=STANDARD) is True


CLOCKS = {
    "time.time()": 1_774_986_330.25,
    "time.time_ns() % 10**10": 6_330_250_000_000 % 10**10,
    "time.gmtime().tm_hour * 100 + time.localtime(None).tm_min": 1945,
    "len(time.ctime()) + len(time.asctime())": 48,
    "float(time.strftime('%Y%m%d'))": 20_260_331,
    "float(time.strftime('%Y', time.gmtime(0)))": 1970,
}


@pytest.mark.parametrize("text", CLOCKS)
def test_the_time_is_that_of_the_run(monkeypatch, text):
    monkeypatch.setattr(CLOCK, "now", dt.datetime(2026, 3, 31, 19, 45, 30, 250_000, tzinfo=dt.UTC))
    monkeypatch.setenv("TZ", "UTC")
    body = metric_text(f"return {text}", "import time")
    assert run(body, FRAME, extra_imports=STANDARD) == CLOCKS[text]
    assert run(metric_text("return time()", "from time import time"), FRAME, extra_imports=STANDARD) > 1e9
