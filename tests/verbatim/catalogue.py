"""Of each refusal, code that is refused with it, and the code that works in its place.

Bodies of calc_metric, unless they define it themselves. `df` has the columns g (text) and x (numbers).
"""

from __future__ import annotations

from typing import Final

# What the language layer says, before anything runs or while it does.
LANGUAGE: Final[dict[str, tuple[str, str]]] = {
    "source-empty": ("# nothing", "return 1"),
    "source-too-long": ("#" * (300 << 10), "# a comment of some length\nreturn 1"),
    "source-not-utf8": ("x = '\udce4'\nreturn 1", "x = '\u00e4'\nreturn len(x)"),
    "source-encoding": ("# coding: latin-1\ndef calc_metric(df):\n    return 1", "# coding: utf-8\nreturn 1"),
    "source-null-byte": ("return '\0'", "return len('\\0')"),
    "syntax-error": ("return 1 +", "return 1 + 1"),
    "source-too-complex": ("return " + "-" * 60_000 + "1", "return sum([1] * 1000)"),
    "python-warning": ("return len('\\d')", "return len(r'\\d')"),
    "metric-missing": ("def metric(df):\n    return 1", "def calc_metric(df):\n    return 1"),
    "metric-parameters": ("def calc_metric(df, x):\n    return x", "def calc_metric(df, x=1):\n    return x"),
    "metric-not-function": ("class calc_metric:\n    pass", "def calc_metric(df):\n    return 1"),
    "metric-generator": ("yield 1", "return sum(x for x in [1])"),
    "metric-no-return": ("df.count()", "return df.count()"),
    "metric-returns": (
        "def calc_metric(df) -> dict[str, str]:\n    return 1",
        "def calc_metric(df) -> dict[str, float]:\n    return {'a': 1}",
    ),
    "metric-other-frames": (
        "from snowflake.snowpark import functions as F\nreturn df.agg(F.sum('x'))",
        "from pyspark.sql import functions as F\nreturn df.agg(F.sum('x')).first()[0]",
    ),
    "metric-twice": (
        "def calc_metric(df):\n    return 1\ndef calc_metric(df):\n    return 2",
        "def first(df):\n    return 1\ndef calc_metric(df):\n    return first(df)",
    ),
    "metric-collects-frame": ("return len(df.collect())", "return df.count()"),
    "name-underscore": ("__x = 1\nreturn __x", "_x = 1\nreturn _x"),
    "name-refused": ("return eval('1 + 1')", "return 1 + 1"),
    "attribute-underscore": ("return len((1).__class__.__name__)", "return len(type(1).__name__)"),
    "attribute-inspection": ("return (x for x in [1]).gi_frame", "return next(x for x in [1])"),
    "method-refused": (
        "class A:\n    def __getattr__(self, name):\n        return 1\nreturn A().x",
        "class A:\n    x = 1\nreturn A().x",
    ),
    "class-refused": (
        "class A(metaclass=type):\n    x = 1\nreturn A.x",
        "class A:\n    x = 1\nreturn A.x",
    ),
    "async-refused": ("async def f():\n    return 1\nreturn 1", "def f():\n    return 1\nreturn f()"),
    "syntax-refused": (
        "try:\n    x = 1\nexcept* ValueError:\n    x = 2\nreturn x",
        "try:\n    x = 1\nexcept ValueError:\n    x = 2\nreturn x",
    ),
    "import-refused": ("import os\nreturn os.getpid()", "import math\nreturn math.pi"),
    "import-name-refused": (
        "from numpy import load\nreturn load('x')",
        "from numpy import mean\nreturn mean([1])",
    ),
    "attribute-refused": (
        "import numpy as np\nreturn np.loadtxt('x').mean()",
        "import numpy as np\nreturn np.mean([1.0])",
    ),
    "function-name-refused": (
        "import pandas as pd\nreturn pd.DataFrame({'x': [1]}).agg('to_csv')",
        "import pandas as pd\nreturn pd.DataFrame({'x': [1]}).agg('sum')['x']",
    ),
    "write-refused": (
        "import numpy as np\nnp.mean = len\nreturn 1",
        "import numpy as np\nmean = np.mean\nreturn mean([1])",
    ),
    "call-refused": ("print('x', file=df)\nreturn 1", "print('x')\nreturn 1"),
}

_SQL: Final = "df.createOrReplaceTempView('v')\nreturn df.sparkSession.sql({!r}).count()"


def _sql(refused: str, works: str) -> tuple[str, str]:
    return _SQL.format(refused), _SQL.format(works)


# What the gateway says of what a metric asks the data engine.
GATEWAY: Final[dict[str, tuple[str, str]]] = {
    "plan-refused": ("return df.hint('skew').count()", "return df.hint('broadcast').count()"),
    "plan-too-large": (
        "return df.sparkSession.range(10 ** 12).count()",
        "return df.sparkSession.range(10).count()",
    ),
    "analyze-refused": ("df.explain()\nreturn 1", "return len(df.columns)"),
    "command-refused": ("return df.checkpoint().count()", "return df.cache().count()"),
    "streaming-refused": (
        "return df.withWatermark('x', '1 day').count()",
        "return df.dropDuplicates(['g']).count()",
    ),
    "udf-refused": (
        "return len(df.groupBy(F.udf(lambda g: g)('g')).pivot('g', ['a']).count().collect())",
        "return df.select(F.udf(lambda g: g, 'string')('g')).count()",
    ),
    "write-refused": ("df.write.parquet('/tmp/x')\nreturn 1", "return df.count()"),
    "catalog-refused": (
        "return len(df.sparkSession.catalog.listTables())",
        "df.createTempView('v')\nreturn int(df.sparkSession.catalog.tableExists('v'))",
    ),
    "read-refused": (
        "return df.sparkSession.read.text('/etc/passwd').count()",
        "return df.sparkSession.createDataFrame([(1,)], ['n']).count()",
    ),
    "table-refused": _sql("select * from payments", "select * from v"),
    "view-refused": ("df.createTempView('a.b')\nreturn 1", "df.createTempView('b')\nreturn 1"),
    "config-refused": (
        "df.createTempView('v')\ndf.sparkSession.conf.set('spark.sql.ansi.enabled', 'false')\nreturn 1",
        "return df.select(F.try_divide('x', F.lit(0))).count()",
    ),
    "hidden-column": ("return df.select('_metadata').count()", "return df.select('g').count()"),
    "server-name": (
        "return df.select('current_user').count()",
        "return df.select(F.lit('me').alias('who')).count()",
    ),
    "function-qualified": _sql("select system.builtin.abs(x) from v", "select abs(x) from v"),
    "function-refused": (
        "return df.select(F.expr(\"java_method('a', 'b')\")).count()",
        "return df.select(F.expr('upper(g)')).count()",
    ),
    "range-refused": _sql("select * from range(1000000000000)", "select * from range(10)"),
    "schema-refused": (
        "schema = T.StructType([T.StructField('a', T.IntegerType(), True, {'unit': 'm'})])\n"
        "return df.select(F.from_json('g', schema)).count()",
        "schema = T.StructType([T.StructField('a', T.IntegerType())])\n"
        "return df.select(F.from_json('g', schema)).count()",
    ),
    "type-refused": (
        "return df.select(F.col('x').cast(T.GeometryType(4326))).count()",
        "return df.select(F.col('x').cast(T.DoubleType())).count()",
    ),
    "sql-ambiguous": _sql("select x in (select 1) from v", "select x in (1) from v"),
    "sql-character": _sql("select x from v where g = 1 \u200b", "select x from v where g = '1'"),
    "sql-hint": _sql("select /*+ FASTER(v) */ x from v", "select x from v"),
    "sql-parameter": (
        "return df.filter(F.expr('x > ?')).count()",
        "return df.filter(F.col('x') > 1).count()",
    ),
    "sql-pipe": _sql("from v |> select x", "select x from v"),
    "sql-recursive": _sql(
        "with recursive t as (select 1 as n union all select n + 1 from t where n < 3) select * from t",
        "with t as (select 1 as n) select * from t",
    ),
    "sql-refused": _sql("select x as _calcmetric_x from v", "select x as mine from v"),
    "sql-statement": _sql("show tables", "select g from v"),
    "sql-statements": _sql("select x from v; select g from v", "select x, g from v"),
    "sql-subquery": (
        "return df.filter('x > (select 1)').count()",
        "df.createTempView('v')\nreturn df.sparkSession.sql('select * from v where x > (select 1)').count()",
    ),
    "sql-substitution": _sql("select '${x}' from v", "select 'x' from v"),
    "sql-syntax": _sql("select x, from from v", "select x from v"),
    "sql-too-deep": _sql(f"select {'(' * 2000}x{')' * 2000} from v", "select (x) from v"),
    "sql-too-long": _sql(f"select {'1 + ' * 20_000}x from v", "select 1000 + x from v"),
}
# What no author's code is answered with: these tell of a worker that was taken over, or of ourselves.
NOBODYS: Final = frozenset({"plan-garbage", "plan-unknown", "plan-unhandled"})
