"""What leads out of the metric is refused: by its line where the text shows it, else when it runs."""

# ruff: noqa: E501, RUF001 - the sources under test are easier to read on one line

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import Row

from sandbox.language import GuardRefused, compile_source, load
from sandbox.language.builtins import make_builtins
from sandbox.language.guards import Guards
from tests.language.running import SOURCE_BYTES, codes_when_run, compile_text, errors_of
from tests.metric_text import metric_text

FRAME = pd.DataFrame({"x": [1.0, 2.0], "g": ["a", "b"]})

# Bodies of calc_metric, each with the code of its refusal.
WALKS = {
    "class walk": ("return ().__class__.__base__.__subclasses__()", "attribute-underscore"),
    "mro": ("return type(1).mro()", "attribute-refused"),
    "mro of an own class": ("class A:\n    pass\nreturn A.mro()", "attribute-refused"),
    "getattr by pieces": ("return getattr(df, '__cl' + 'ass__')", "attribute-underscore"),
    "getattr through map": ("return list(map(getattr, [1], ['__class__']))", "attribute-underscore"),
    "str subclass as a name": (
        "class S(str):\n    def __eq__(self, o):\n        return True\n    def __hash__(self):\n        return hash('real')\n"
        "return getattr(1, S('__class__'))",
        "call-refused",
    ),
    "wide letters": ("return df._＿ｃlass＿_", "attribute-underscore"),
    "wide letters in a name": ("return _＿ｂuiltins＿_", "name-underscore"),
    "generator frame": ("g = (x for x in [1])\nreturn g.gi_frame", "attribute-inspection"),
    "generator frame by getattr": (
        "return getattr((x for x in [1]), 'gi_' + 'frame')",
        "attribute-inspection",
    ),
    "generator in itself": (
        "q = []\nq.append(x.gi_frame.f_back for x in q)\nreturn [f for f in q[0]]",
        "attribute-inspection",
    ),
    "function globals": ("return calc_metric.__globals__", "attribute-underscore"),
    "old function globals": ("return getattr(calc_metric, 'func_globals')", "attribute-inspection"),
    "code object": ("return getattr(calc_metric, 'f_globals')", "attribute-inspection"),
    "traceback": (
        "try:\n    1 / 0\nexcept Exception as e:\n    return e.__traceback__.tb_frame",
        "attribute-underscore",
    ),
    "traceback in exit": (
        "class C:\n    def __enter__(self):\n        return self\n    def __exit__(self, kind, error, tb):\n"
        "        self.t = getattr(tb, 'tb_' + 'frame')\nwith C():\n    1 / 0",
        "attribute-inspection",
    ),
    "with_traceback": (
        "try:\n    1 / 0\nexcept Exception as e:\n    return e.with_traceback(None)",
        "attribute-refused",
    ),
    "object of an AttributeError": (
        "try:\n    None.x\nexcept AttributeError as e:\n    return e.obj",
        "attribute-refused",
    ),
    "object of an own AttributeError": (
        "class E(AttributeError):\n    pass\ntry:\n    raise E('x')\nexcept E as e:\n    return e.obj",
        "attribute-refused",
    ),
    "property function": (
        "class C:\n    @property\n    def p(self):\n        return 1\nreturn C.p.fget",
        "attribute-refused",
    ),
    "builtins name": ("return __builtins__['open']", "name-underscore"),
    "import function": ("return __import__('os')", "name-underscore"),
    "open": ("return open('x').read()", "name-refused"),
    "eval": ("return eval('1')", "name-refused"),
    "exec as a decorator": ("@exec\ndef f():\n    pass", "name-refused"),
    "globals": ("return globals()", "name-refused"),
    "vars": ("return vars(df)", "name-refused"),
    "id": ("return id(df)", "name-refused"),
    "system exit": ("raise SystemExit(0)", "name-refused"),
    "class by type": ("return type('A', (), {})", "call-refused"),
    "class by the type of a type": ("return type(type(1))('A', (), {})", "call-refused"),
    "type of a function": ("return type(lambda: 0)", "call-refused"),
    "type of a module": ("import math\nreturn type(math)('os')", "call-refused"),
    "super of a library class": ("return super(type(df), df).__init__", "attribute-underscore"),
    "super of a library method": ("return super(type(df), df).to_csv('x')", "attribute-refused"),
    "metaclass": ("class M(type):\n    pass", "class-refused"),
    "metaclass keyword": ("class A(metaclass=int):\n    pass", "class-refused"),
    "total of no TypedDict": ("class A(total=False):\n    pass", "class-refused"),
    "total that is computed": ("class A(dict, total=len([])):\n    pass", "class-refused"),
    "total and more": ("class A(dict, total=True, metaclass=int):\n    pass", "class-refused"),
    "class keyword by stars": ("class A(**{'metaclass': int}):\n    pass", "class-refused"),
    "getattribute": ("class A:\n    def __getattribute__(self, n):\n        return 1", "method-refused"),
    "reduce": ("class A:\n    def __reduce__(self):\n        return (print, ())", "method-refused"),
    "dunder on something else": ("return df.__len__()", "attribute-underscore"),
    "dunder of a builtin instance": ("return [].__iter__()", "attribute-underscore"),
    "format field": ("return '{0.__class__}'.format(df)", "attribute-underscore"),
    "format field in a spec": ("return '{0:{1.__class__}}'.format(1, df)", "attribute-underscore"),
    "format_map": ("return '{a.__class__}'.format_map({'a': df})", "attribute-underscore"),
    "format from the class": (
        "return list(map(str.format, ['{0.__class__}'], [df]))",
        "attribute-underscore",
    ),
    "format by getattr": ("return getattr('{0.__class__}', 'format')(df)", "attribute-underscore"),
    "format of a str subclass": (
        "class S(str):\n    pass\nreturn S('{0.__class__}').format(df)",
        "attribute-underscore",
    ),
    "format through super": (
        "class S(str):\n    def go(self, x):\n        return super().format(x)\nreturn S('{0.__class__}').go(df)",
        "attribute-underscore",
    ),
    "class pattern": ("match df:\n    case object(shape=s):\n        return s", "syntax-refused"),
    "dotted pattern": ("match df:\n    case df.shape:\n        return 1", "syntax-refused"),
    "except star": ("try:\n    1 / 0\nexcept* ZeroDivisionError as e:\n    return 1", "syntax-refused"),
    "print elsewhere": ("print('x', file=df)", "call-refused"),
    "async def": ("async def f():\n    pass", "async-refused"),
    "async comprehension": ("async def f(x):\n    return [y async for y in x]", "async-refused"),
}


@pytest.mark.parametrize("name", WALKS)
def test_walk(name):
    body, code = WALKS[name]
    assert code in codes_when_run(metric_text(f"{body}\nreturn 1"), FRAME)


# Every place that can bind a name; none may bind the name of a guard.
BINDINGS = (
    "def f({}, /): return 1",
    "def f({}): return 1",
    "def f(*{}): return 1",
    "def f(**{}): return 1",
    "def f(*, {}=1): return 1",
    "f = lambda {}, /: 1",
    "f = lambda *{}: 1",
    "def {}(): return 1",
    "class {}: pass",
    "{} = 1",
    "{}: int = 1",
    "{} += 1",
    "({} := 1)",
    "for {} in [1]: pass",
    "x = [1 for {} in [1]]",
    "with x as {}: pass",
    "import math as {}",
    "from math import sqrt as {}",
    "global {}",
    "del {}",
    "try: pass\nexcept Exception as {}: pass",
    "a, *{} = [1]",
    "match 1:\n    case {}: pass",
    "match 1:\n    case [*{}]: pass",
    "match 1:\n    case {{**{}}}: pass",
    "match 1:\n    case int() as {}: pass",
    "def f():\n    x = 1\n    def g():\n        nonlocal {}",
    "x = {}",
)


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("guard", ["_check_", "_write_", "__builtins__"])
def test_guards_cannot_be_shadowed(binding, guard):
    program = compile_text(f"def calc_metric(df):\n    return df.x\n{binding.format(guard)}\n")
    assert {problem.code for problem in errors_of(program)} & {"name-underscore", "syntax-error"}
    assert program.code is None


@pytest.mark.parametrize("binding", [one for one in BINDINGS if one != "x = {}"])
def test_the_name_of_the_module_cannot_be_bound(binding):
    program = compile_text(f"def calc_metric(df):\n    return df.x\n{binding.format('__name__')}\n")
    assert {problem.code for problem in errors_of(program)} & {"name-underscore", "syntax-error"}


# What a metric calls its own private attribute is a library's as well, on whatever object it is read.
OWN = "class Own:\n    _mgr = _jdf = _session = _plan = _fields = _replace = _make = _data = _x = 1\n"
PRIVATE = {
    "a frame's manager": "return df._mgr",
    "a frame's data": "return getattr(df, '_mgr')",
    "by a template": "return '{0._mgr}'.format(df)",
    "assigned": "df._mgr = None",
    "deleted": "del df._mgr",
    "by setattr": "setattr(df, '_mgr', None)",
    "of a class": "return type(df)._mgr",
    "of a module": "return getattr(np, '_x', 0) if hasattr(np, 'x') else np.random._x",
    "of a function": "def f(): pass\nf._x = 1",
    "of a list": "return [1]._fields",
    "of a plain tuple": "return (1,)._replace",
    "of an exception": "try:\n    1 / 0\nexcept Exception as e:\n    return e._x",
    "of an own class's base": "class B(dict):\n    pass\nreturn dict._x",
}


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_attribute_of_a_library_is_refused(name):
    text = metric_text(PRIVATE[name], f"import numpy as np\n{OWN}")
    try:
        codes = codes_when_run(text, FRAME)
    except AttributeError:  # there is none, on a type of Python's own
        return
    assert codes and codes <= {"attribute-underscore", "write-refused"}


def test_a_private_attribute_that_the_source_gives_nobody_is_refused_when_it_is_compiled():
    (problem,) = errors_of(compile_text("def calc_metric(df):\n    return df._jdf\n"))
    assert (problem.code, problem.line) == ("attribute-underscore", 2)


MODULE_WALKS = (
    "pd.io.common.os",
    "pd.core.common.builtins",
    "pd.compat.pickle_compat",
    "np.lib.npyio.os",
    "np.ctypeslib",
    "np.f2py",
    "np.testing",
    "np.core.multiarray",
    "scipy.io",
    "scipy.LowLevelCallable",
    "scipy.stats.distributions",
    "statsmodels.tools",
    "statsmodels.stats.proportion.np",
    "pyspark.cloudpickle",
    "pyspark.sys",
    "pyspark.SparkContext",
    "pyspark.sql.SparkSession",
    "pyspark.sql.utils",
    "pyspark.sql.types.ctypes",
    "F.inspect",
    "F.sys",
    "F.udtf",
    "F.pandas_udtf",
    "F.reflect",
    "F.java_method",
    "F.try_reflect",
    "F.input_file_name",
    "pd.read_csv",
    "pd.read_pickle",
    "pd.read_sql",
    "pd.eval",
    "pd.options",
    "pd.describe_option",
    "pd.ExcelFile",
    "pd.HDFStore",
    "np.load",
    "np.fromfile",
    "np.memmap",
    "np.save",
    "np.savetxt",
    "np.loadtxt",
    "np.genfromtxt",
    "np.bmat",
    "np.seterr",
    "np.set_printoptions",
    "np.sctypeDict",
    "np.lib.stride_tricks.as_strided",
    "np.lib.format",
    "scipy.stats.rv_continuous",
    "scipy.linalg.blas",
    "scipy.sparse.load_npz",
)
IMPORTS = (
    "import numpy as np\nimport pandas as pd\nimport scipy\nimport statsmodels.stats.proportion\nimport statsmodels\n"
    "import pyspark\nimport pyspark.sql.functions as F\n"
)


@pytest.mark.parametrize("path", MODULE_WALKS)
def test_module_walk_is_refused_by_its_text(path):
    program = compile_text(f"{IMPORTS}def calc_metric(df):\n    return {path}\n")
    assert [(problem.line, problem.code) for problem in errors_of(program)] == [(9, "attribute-refused")]


@pytest.mark.parametrize("path", MODULE_WALKS)
def test_module_walk_is_refused_when_the_text_does_not_show_it(path):
    root, *steps = path.split(".")
    chain = root
    for step in steps:
        chain = f"getattr({chain}, {step!r})"
    assert codes_when_run(f"{IMPORTS}def calc_metric(df):\n    return {chain}\n") == {"attribute-refused"}


# Expressions over a pandas frame `df`.
PANDAS = (
    "df.to_csv('x')",
    "df.to_pickle('x')",
    "df.to_parquet('x')",
    "df.x.to_csv('x')",
    "df.index.to_series().to_json('x')",
    "pd.DataFrame.to_csv(df, 'x')",
    "type(df).to_csv(df, 'x')",
    "df.plot(backend='os')",
    "df.style",
    "df.x.values.tofile('x')",
    "df.x.values.ctypes",
    "df.x.values.data",
    "df.x.values[0].dump('x')",
    "df.x.values.dumps()",
    "np.ma.array([1]).tofile('x')",
    "np.random.PCG64(1).ctypes",
    "np.random.default_rng(0).bit_generator.cffi",
)


@pytest.mark.parametrize("expression", PANDAS)
def test_library_attribute(expression):
    text = f"import numpy as np\nimport pandas as pd\ndef calc_metric(df):\n    return {expression}\n"
    assert codes_when_run(text, FRAME) == {"attribute-refused"}


DISPATCH = (
    "df.agg('to_csv')",
    "df.agg('__reduce__')",
    "df.agg(['sum', 'to_csv'])",
    "df.agg({'x': 'to_csv'})",
    "df.agg({'x': ['sum', 'to_csv']})",
    "df.agg(func='to_csv')",
    "df.agg(axis=('x', 'to_csv'))",
    "df.aggregate('to_csv')",
    "df.apply('to_csv', args=('/tmp/x',))",
    "df.transform('__class__')",
    "df.x.agg('to_csv')",
    "df.x.agg(y='to_csv')",
    "df.x.apply('to_csv')",
    "df.x.transform(['to_csv'])",
    "df.groupby('g').agg('to_csv')",
    "df.groupby('g').agg(values=('x', 'to_csv'))",
    "df.groupby('g').agg(y=pd.NamedAgg('x', 'to_csv'))",
    "df.groupby('g').x.agg(y='to_csv')",
    "df.groupby('g').apply('to_csv')",
    "df.groupby('g').transform('to_csv')",
    "df.rolling(1).agg('to_csv')",
    "df.x.expanding().agg(['to_csv'])",
    "df.pivot_table(index='g', values='x', aggfunc='to_csv')",
    "pd.pivot_table(df, 'x', 'g', None, 'to_csv')",
    "pd.crosstab(df.g, df.g, df.x, aggfunc='to_csv')",
    "getattr(df, 'agg')('to_csv')",
    "df.agg(np.array(['to_csv']))",
    "df.agg(pd.Series(['to_csv']))",
    "df.agg(x for x in ['to_csv'])",
    "df.agg(S('sum'))",
    "df.agg(L(['to_csv']))",
    "df.agg(D(x='to_csv'))",
    "df.agg(C())",
)


@pytest.mark.parametrize("expression", DISPATCH)
def test_function_by_name(expression):
    text = f"""
import numpy as np
import pandas as pd
class S(str): pass
class L(list): pass
class D(dict): pass
class C:
    def __call__(self, *a): return 1
    def __iter__(self): return iter(["to_csv"])
def calc_metric(df):
    return {expression}
"""
    assert codes_when_run(text, FRAME) == {"function-name-refused"}


def test_keywords_must_be_what_they_seem():
    text = """
class S(str):
    def __hash__(self): return hash("engine")
    def __eq__(self, other): return True
def calc_metric(df):
    return df.agg(**{S("func"): "to_csv"})
"""
    assert codes_when_run(text, FRAME) == {"call-refused"}


def test_dispatch_method_taken_from_the_class():
    text = "import pandas as pd\ndef calc_metric(df):\n    return pd.DataFrame.agg(df, 'to_csv')\n"
    assert codes_when_run(text, FRAME) == {"attribute-refused"}


WRITES = (
    "np.mean = len",
    "np.mean += 1",
    "del np.mean",
    "setattr(np, 'mean', len)",
    "delattr(np, 'mean')",
    "math.pi = 3",
    "pd.DataFrame.sum = len",
    "type(df).sum = len",
    "np.linalg.norm.x = 1",
    "df.x.values.strides = (0,)",
    "df.x.values.dtype = object",
    "df.sum = 1",
    "setattr(df, '__class__', int)",
    "df.to_csv += 1",
    "(1).x = 2",
    "for np.mean in [1]: pass",
    "with C() as np.mean: pass",
    "[np.mean, x] = 1, 2",
    "x = [1 for np.mean in [2]]",
)


@pytest.mark.parametrize("statement", WRITES)
def test_write(statement):
    text = f"""
import math
import numpy as np
import pandas as pd
class C:
    def __enter__(self): return 1
    def __exit__(self, *a): return False
def calc_metric(df):
    {statement}
    return 1
"""
    before = np.mean, pd.DataFrame.sum
    assert codes_when_run(text, FRAME.copy()) & {"write-refused", "attribute-underscore"}
    assert (np.mean, pd.DataFrame.sum) == before


BASES = (
    "pd.DataFrame",
    "np.ndarray",
    "np.float64",
    "type",
    "type(df)",
    "property",
    "super",
    "F.Column",
    "Row",
    "dict, total=False",
)


@pytest.mark.parametrize("base", BASES)
def test_base_class(base):
    text = f"""
import numpy as np
import pandas as pd
from pyspark.sql import Row
import pyspark.sql.functions as F
def calc_metric(df):
    class A({base}):
        pass
    return 1
"""
    assert codes_when_run(text, FRAME) & {"class-refused", "attribute-refused"}


SWALLOWING = {
    "except Exception": "try:\n        return getattr(np, 'lo' + 'ad')\n    except Exception:\n        return 1",
    "bare except": "try:\n        return getattr(np, 'lo' + 'ad')\n    except:\n        return 1",
    "finally": "try:\n        return getattr(np, 'lo' + 'ad')\n    finally:\n        return 1",
    "exit": "with C():\n        getattr(np, 'lo' + 'ad')\n    return 1",
    "another exception": "try:\n        getattr(np, 'lo' + 'ad')\n    except BaseException:\n        raise ValueError('x')",
    "in a callback": "s = pd.Series([1])\n    try:\n        s.map(lambda v: getattr(np, 'lo' + 'ad'))\n    except BaseException:\n        pass\n    return 1",
}


@pytest.mark.parametrize("name", SWALLOWING)
def test_a_refusal_cannot_be_swallowed(name):
    text = f"""
import numpy as np
import pandas as pd
class C:
    def __enter__(self): return self
    def __exit__(self, *a): return True
def calc_metric(df):
    {SWALLOWING[name]}
"""
    assert codes_when_run(text) == {"attribute-refused"}


def test_a_swallowed_refusal_still_shows_the_line():
    source = b"import numpy as np\ndef calc_metric(df):\n    try:\n        getattr(np, 'load')\n    except:\n        return 1\n"
    metric = load(compile_source(source, source_bytes=SOURCE_BYTES), sink=print)
    with pytest.raises(GuardRefused) as caught:
        metric(None)
    assert 4 in [entry.lineno + 1 for entry in caught.traceback if str(entry.path) == "<metric>"]
    assert "metrics read no files" in caught.value.hint


def test_data_attributes_stay_readable():
    text = "def calc_metric(df):\n    return df.load + df.save + df['client'].sum()\n"
    frame = pd.DataFrame({"load": [1], "save": [2], "client": [3]})
    assert codes_when_run(text, frame) == set()
    row = Row(save=1, client=2, f_score=3)
    assert codes_when_run("def calc_metric(df):\n    return df.save + df.client + df.f_score\n", row) == set()


def test_libraries_import_for_themselves():
    """C code imports through the caller's builtins; the metric's own reach stays as it is."""
    text = (
        "import numpy as np\nimport pandas as pd\ndef calc_metric(df):\n"
        "    return np.ones(3).mean() + pd.to_datetime(pd.Series(['01/2026']), format='%m/%Y').dt.year[0]\n"
    )
    assert codes_when_run(text) == set()


def test_the_import_for_libraries_gives_a_metric_nothing():
    guards = Guards({}, ())
    assert make_builtins(guards, print)["__import__"]("os") is None
