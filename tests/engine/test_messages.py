"""What a guest is told, and what leaves a run: nothing of the host, and nothing that commands who reads it.

Searched for are the places, names and secrets of this very machine, in everything that a run gives: messages,
printed text, report, table and log.
"""

from __future__ import annotations

import getpass
import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import engine as package
from engine import Dataset, Engine, Run, SegmentGroup, SourceRefused
from engine.backends.native.backend import NativeSpark
from engine.cli import main
from engine.failures import describe
from engine.gateway.answers import Answers
from engine.results.text import printed_text
from tests.engine.support import metric
from tests.servers import engine_on

SECRET = "hunter2-of-the-environment"
# Not of the host, though its environment may hold them too: names that metrics and their results use anyway.
HARMLESS = {"spark", "python", "UTC", "C.UTF-8", "en_US.UTF-8", "utf-8"}

# Each is tried in a metric, which prints what it is told. Most fail, in as many ways as there are layers.
TOLD = [
    "1 / 0",
    "print(np, pd, F, stats, math)",
    "print(df, df.schema, df.sparkSession, calc_metric, np.mean, stats.norm)",
    "df.printSchema()",
    "df.show(2)",
    "df.select('no such column').show()",
    "df.select(F.lit('x').cast('int')).collect()",
    "df.select(F.lit(1) / F.lit(0)).collect()",
    "df.select(F.raise_error(F.lit('told by the author'))).collect()",
    "df.selectExpr('no_such_function(n)').collect()",
    "df.selectExpr('sum(').collect()",
    "df.filter('n > ').count()",
    "df.join(df, 'nothing').count()",
    "df.sparkSession.sql('select * from nothing').show()",
    "df.sparkSession.sql('select * from parquet.`/etc/passwd`').show()",
    "df.groupBy('g').agg(F.sum('g')).collect()",
    "df.select(F.element_at(F.array(F.lit(1)), 9)).collect()",
    "df.select(F.col('_metadata.file_path')).show()",
    "df.selectExpr('input_file_name()').show()",
    "df.selectExpr('current_user()').show()",
    "df.selectExpr('version()').show()",
    'df.selectExpr(\'reflect("java.lang.System", "getenv", "HOME")\').show()',
    "np.ones(1 << 40)",
    "np.linalg.inv(np.zeros((2, 2)))",
    "pd.DataFrame({'a': [1]})['b']",
    "pd.to_datetime('not a day')",
    "stats.ttest_ind([1, 2], 'x')",
    "math.sqrt(-1)",
    "df.toPandas().astype('int32').nothing",
]
RAISED = [
    "raise ValueError(np)",
    "raise ValueError('\\x1b[31mred\\x1b]0;title\\x07\\r\\u202e')",
    "return df.select('no such column').count()",
    "return df.groupBy('g').agg(F.sum('g')).collect()[0][1]",
    "return np",
    "return [df]",
    "return 1 / 0",
    "return df.explain()",
    "return df.inputFiles()",
    "return df.selectExpr('current_user()').first()[0]",
    "import numpy\n    return numpy.ones(1 << 40).sum()",
]
HEAD = "import math\nimport numpy as np\nimport pandas as pd\nimport scipy.stats as stats\n"
HEAD += "from pyspark.sql import functions as F\n\n"


def telling(bodies: list[str]) -> str:
    """A metric that does each, and prints what it is told about it."""
    tries = "\n".join(
        f"    try:\n        print({number})\n        {body}\n"
        f"    except Exception as error:\n        print({number}, 'failed', error, repr(error), error.args)"
        for number, body in enumerate(bodies)
    )
    return f"{HEAD}def calc_metric(df):\n{tries}\n    return 1\n"


@pytest.fixture(scope="module", autouse=True)
def secret() -> Iterator[None]:
    """A secret in the host's environment, before its engine starts."""
    os.environ["CALCMETRIC_TEST_TOKEN"] = SECRET
    yield
    del os.environ["CALCMETRIC_TEST_TOKEN"]


@pytest.fixture(scope="module")
def walled(native_backend: NativeSpark, data_dir: Path, spool_dir: Path, secret: None) -> Iterator[Engine]:
    with engine_on(native_backend, spool_dir, roots=(data_dir,), workers=1) as made:
        yield made


def traces(data_dir: Path) -> re.Pattern[str]:
    """What must be found nowhere: paths, addresses, names, values of the environment, stack traces."""
    checkout = Path(package.__file__).parents[1]
    places = [
        data_dir,
        checkout,
        Path.home(),
        sys.prefix,
        sys.base_prefix,
        Path(os.__file__).parent,
        Path.cwd(),
    ]
    words = {str(place) for place in places if str(place) != "/"}
    words |= {value for value in os.environ.values() if len(value) >= 6 and value not in HARMLESS}
    literal = "|".join(map(re.escape, sorted(words)))
    user = re.escape(getpass.getuser())
    return re.compile(
        rf"""{literal}|/{user}\b|\b{user}/|site-packages|\b127\.0\.0\.1\b|\blocalhost\b
        |Traceback\ \(most|\bFile\ "|\.rs:\d|\.(?:java|scala):\d|\bat\ (?:org|java|scala)\.|\bjava\.\w+\.
        |==\ \w+\ Physical|Relation\[|JVM\ stacktrace""",
        re.VERBOSE,
    )


def assert_clean(text: str, data_dir: Path) -> None:
    found = traces(data_dir).search(text)
    assert found is None, text[max(0, found.start() - 200) : found.end() + 200]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def everything_of(run: Run) -> str:
    """All that a caller gets, as text that was not escaped."""
    entry = run.to_dict()
    texts = [json.dumps(entry, ensure_ascii=False)]
    for result in run.results:
        error = result.error
        texts += [result.printed, *((error.code, error.message, error.hint) if error else ())]
    texts += [repr(run.report), run.to_pandas().to_csv()]
    return "\n".join(texts)


def check_told(engine: Engine, rows: Dataset, data_dir: Path) -> None:
    run = engine.evaluate(telling(TOLD), rows, segments=[SegmentGroup.by_value("g", values=["a"])])
    assert run.overall.status == "ok", run.overall.error
    printed = run.overall.printed
    assert all(f"{number}\n" in printed for number in range(len(TOLD)))
    assert printed.count("failed") > 20
    assert_clean(everything_of(run), data_dir)


def check_raised(engine: Engine, rows: Dataset, data_dir: Path) -> None:
    sources = {f"m{n}": f"{HEAD}def calc_metric(df):\n    {body}\n" for n, body in enumerate(RAISED)}
    for name, source in sources.items():
        try:
            run = engine.evaluate(source, rows, name=name)
        except SourceRefused as refused:
            assert_clean(f"{refused}\n{refused.problems}", data_dir)
        else:
            assert run.overall.status not in ("ok", "nan", "no_data")
            assert_clean(everything_of(run), data_dir)


def test_the_search_finds_what_it_is_for(data_dir: Path) -> None:
    for text in (
        f"no file {data_dir}/x", f"<module 'numpy' from '{np_file()}'>", f"token {SECRET}", "at 127.0.0.1:40",
        'Traceback (most recent call last)', 'File "<metric>", line 3', "at org.apache.Foo(Foo.scala:3)",
        "\x1b[31mred", "a\rb", "\u202ereversed",
    ):  # fmt: skip
        with pytest.raises(AssertionError):
            assert_clean(text, data_dir)
    assert_clean("an ordinary message\nof two lines, with a/ratio and 1/2", data_dir)


def np_file() -> str:
    import numpy

    return str(numpy.__file__)


@pytest.mark.slow
@pytest.mark.spark
def test_what_a_metric_is_told_holds_nothing_of_the_host(walled, rows, data_dir):
    check_told(walled, rows, data_dir)


@pytest.mark.slow
@pytest.mark.spark
def test_what_leaves_a_run_holds_nothing_of_the_host(walled, rows, data_dir):
    check_raised(walled, rows, data_dir)


@pytest.mark.slow
def test_neither_does_what_spark_says(rows, data_dir, spark_backend, shared_options):
    with engine_on(spark_backend, **shared_options, workers=1) as engine:
        check_told(engine, rows, data_dir)
        check_raised(engine, rows, data_dir)


@pytest.mark.slow
@pytest.mark.spark
def test_a_file_that_cannot_be_read_is_told_without_its_place(walled, data_dir):
    """Its schema is intact, so that the failure comes from the data engine, in the middle of a query."""
    path = data_dir / "broken.parquet"
    pq.write_table(pa.table({"n": list(range(100_000)), "s": [f"text {i}" for i in range(100_000)]}), path)
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4)
    path.write_bytes(bytes(content))
    source = telling(["df.select('s').distinct().collect()", "df.toPandas()"]).replace(
        "return 1", "return df.agg(F.sum(F.length('s'))).first()[0]"
    )
    run = walled.evaluate(source, Dataset(path))
    assert run.overall.status in ("backend_error", "raised"), run.overall
    assert len(re.findall(r"^\d failed", run.overall.printed, re.MULTILINE)) == 2
    assert_clean(everything_of(run), data_dir)


def test_a_guest_writes_no_lines_into_the_log(walled, rows, data_dir, caplog, monkeypatch):
    """Not by its name, what it prints or raises, nor by an error inside that repeats its words."""
    caplog.set_level(logging.DEBUG, logger="engine")
    forged = "\x1b[31m\r\n2026-01-01 FORGED run 1 ends: all is well"
    source = metric(f"print({forged!r})\nraise ValueError({forged!r})")
    walled.evaluate(source, rows, name=f"name{forged}", tenant=f"tenant{forged}")

    def fail(self, payload):
        raise ValueError(f"no column {forged}")

    monkeypatch.setattr(Answers, "responses", fail)
    result = walled.evaluate(metric("return df.count()"), rows, name="unhandled").overall
    assert (result.status, result.error.code) == ("refused", "plan-unhandled")
    written = [logging.Formatter("%(levelname)s %(message)s").format(record) for record in caplog.records]
    told = "\n".join(line for line in written if not line.startswith("DEBUG"))
    assert "starts" in told and "ends after" in told and "a request could not be handled" in told
    assert not [line for line in written if re.search(r"[\x00-\x1f\x7f-\x9f]", line)], written
    assert SECRET not in told and str(data_dir) not in told


def test_a_failure_inside_is_described_in_one_line_with_its_place():
    try:
        raise KeyError("line one\nline two \x1b[31m" + "x" * 5_000)
    except KeyError as error:
        text = describe(error)
    assert text.startswith("KeyError(") and "test_messages.py:" in text
    assert "\n" not in text and "\x1b" not in text and len(text) < 1_500
    assert describe(ValueError("never raised")).endswith("at an unknown place")


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("<module 'numpy' from '/home/ann/.venv/lib/python3.11/site-packages/numpy/__init__.py'>",
         "<module 'numpy' from 'site-packages/numpy/__init__.py'>"),
        ("/usr/lib/python3/dist-packages/x.py", "x.py"),
        ("a page of the data: /shoes/red/42, and 1/2", "a page of the data: /shoes/red/42, and 1/2"),
        ("\x1b[31mred\x1b[0m\r\n\ttab", "red\n\ttab"),
        ("+/" * 30_000, "+/" * 30_000),
        ("/a" * 30_000, "/a" * 30_000),
    ],
)  # fmt: skip
def test_printed_text_keeps_the_guests_words(printed, shown):
    assert printed_text(printed) == shown


def test_names_in_the_data_do_not_command_the_terminal_of_who_runs_a_metric(tmp_path, capsys):
    path, source = tmp_path / "named.parquet", tmp_path / "metric.py"
    pq.write_table(pa.table({"\x1b]0;title\x07a\x1b[2J\u202eb": [1]}), path)
    source.write_text(metric("return df.count()"))
    with pytest.raises(SystemExit) as ended:
        main(["run", str(source), "--data", str(path), "--backend", "spark", "--by", "nothing"])
    told = capsys.readouterr().err
    assert ended.value.code == 3 and "the data has ab" in told
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", told)
