"""The public face: what callers ask, what they get, and one clear error for whatever makes no sense."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine, SegmentGroup, SourceRefused, TimeRange
from engine.backends.local.server import LocalServer
from engine.backends.spark.backend import LocalSpark
from engine.errors import BackendStartError, DataError, UsageError
from engine.pool.pool import WorkerPool
from tests.engine.conftest import make_table
from tests.engine.support import BY_GROUP, metric, run_on_groups
from tests.servers import NATIVE, engine_on, plain_session
from tests.tiers import all_but

pytestmark = pytest.mark.spark

SUM = metric("return df.agg(F.sum('n')).first()[0]")


def overall(engine: Engine, body: str, rows: Dataset, before: str = "", **options: Any) -> Any:
    return engine.evaluate(metric(body, before), rows, **options).overall


# Statuses

STATUSES = {
    "ok": ("return 2", "ok", None),
    "float of numpy": ("return np.float32(2)", "ok", None),
    "decimal": ("return df.agg(F.sum(F.col('n').cast('decimal(10,2)'))).first()[0] * 0 + 2", "ok", None),
    "nan": ("return float('nan')", "nan", None),
    "nothing": ("df.count()", "invalid_output", "returned-none"),
    "text": ("return '2'", "invalid_output", "returned-text"),
    "infinity": ("return float('inf')", "invalid_output", "returned-infinity"),
    "bool": ("return True", "invalid_output", "returned-bool"),
    "frame": ("return df", "invalid_output", "returned-frame"),
    "column": ("return F.sum('n')", "invalid_output", "returned-frame"),
    "row": ("return df.agg(F.sum('n')).first()", "invalid_output", "returned-collection"),
    "exception": ("raise ValueError('no')", "raised", "raised"),
    "wrong column": ("return df.agg(F.sum('m')).first()[0]", "raised", "raised"),
    "division by zero": ("return df.select(F.expr('n / 0')).collect()[0][0]", "raised", "raised"),
    "another table": ("return df.sparkSession.table('secrets').count()", "refused", None),
    "SQL on a file": (
        "return df.sparkSession.sql('table text.`/etc/passwd`').count()",
        "refused",
        None,
    ),
}


@pytest.mark.parametrize("name", all_but(("decimal", "wrong column", "division by zero"), STATUSES))
def test_statuses(engine: Engine, rows: Dataset, name: str) -> None:
    body, status, code = STATUSES[name]
    result = overall(engine, body, rows)
    assert result.status == status, result.error
    assert math.isnan(result.value) == (status != "ok")
    if code is not None:
        assert result.error is not None and result.error.code == code


@pytest.mark.parametrize("body", ["return None", "return float('nan')", "raise ValueError", "return [][0]"])
def test_no_rows_is_no_data(engine: Engine, rows: Dataset, body: str) -> None:
    run = engine.evaluate(metric(body), rows, segments=[SegmentGroup.where("none", "n < 0")])
    assert run.results[1].status == "no_data" and run.results[1].rows == 0


def test_each_run_has_an_id_of_its_own(engine: Engine, rows: Dataset) -> None:
    first, second = (engine.evaluate(SUM, rows) for _ in range(2))
    assert first.id and second.id and first.id != second.id
    assert first.to_dict()["id"] == first.id


@pytest.mark.slow
def test_an_exception_shows_the_authors_line_and_no_path(engine: Engine, rows: Dataset) -> None:
    result = overall(engine, "helper(df)", rows, "def helper(df):\n    return {}['missing']\n")
    assert result.error.line == 5
    assert "KeyError" in result.error.message and "return {}['missing']" in result.error.message
    for body in ("np.ones(3) @ np.ones(4)", "pd.DataFrame({'a': [1]})['b']", "df.agg(F.sum('m')).first()"):
        message = overall(engine, body, rows).error.message
        assert "/" not in message.replace("n / ", ""), message


@pytest.mark.slow
def test_what_is_caught_is_not_told(engine: Engine, rows: Dataset) -> None:
    body = "try:\n    df.agg(F.sum('m')).first()\nexcept Exception as error:\n    print('caught')\nreturn 1.0"
    result = overall(engine, body, rows)
    assert (result.status, result.printed) == ("ok", "caught\n")


# What a metric may do with its frame

WORKS = {
    "columns of collect": ("return np.average(df.collect().columns.n)", 149.5),
    "nulls as NaN": ("return np.isnan(df.collect().columns['x']).sum()", 30.0),
    "cache": ("df.cache()\ndf.persist()\nreturn df.unpersist().count()", 300.0),
    "spark.sql": (
        "df.createOrReplaceTempView('t')\nreturn df.sparkSession.sql('select max(n) m from t').first()['m']",
        299.0,
    ),
    "a half read iterator": (
        "it = df.orderBy('n').toLocalIterator()\nfirst = next(it)['n']\nreturn df.count() + first",
        300.0,
    ),
    "schema": ("return len(df.schema.fields) + len(df.columns) + len(df.dtypes)", 12.0),
    "empty": ("return 1.0 if df.filter('n < 0').isEmpty() else 0.0", 1.0),
    "a long chain": (
        "far = df\nfor number in range(60):\n"
        "    far = far.withColumn('c' + str(number), F.col('n') + number)\n"
        "return far.agg(F.sum('c59')).first()[0]",
        44850.0 + 59 * 300,
    ),
    "a made frame": ("return df.sparkSession.createDataFrame(pd.DataFrame({'a': [1, 2]})).count()", 2.0),
    "a join with itself": ("return df.alias('a').join(df.alias('b'), 'n').count()", 300.0),
}


@pytest.mark.parametrize("name", all_but(("a long chain",), WORKS))
def test_works(engine: Engine, rows: Dataset, name: str) -> None:
    body, value = WORKS[name]
    result = overall(engine, body, rows)
    assert result.status == "ok", result.error
    assert result.value == value


@pytest.mark.slow
def test_show_is_printed(engine: Engine, rows: Dataset) -> None:
    printed = overall(
        engine, "df.orderBy('n').select('n', 'g').show(2)\nprint('end')\nreturn 1", rows
    ).printed
    lines = ["+---+---+", "| n| g|", "+---+---+", "| 0| a|", "| 1| b|", "+---+---+"]
    assert [line.replace("  ", " ") for line in printed.splitlines() if line] == [
        *lines,
        "only showing top 2 rows",
        "end",
    ]


def test_views_are_of_one_frame(engine: Engine, rows: Dataset) -> None:
    source = metric(
        "spark = df.sparkSession\n"
        "try:\n    return spark.sql('select count(*) c from seen').first()['c'] * 0 - 1\n"
        "except Exception:\n    pass\n"
        "df.createOrReplaceTempView('seen')\n"
        "return spark.sql('select count(*) c from seen').first()['c']"
    )
    run = run_on_groups(engine, source, rows)
    assert [result.value for result in run.results] == [300.0, 100.0, 100.0, 100.0]


# Check, plan, submit


def test_check(engine: Engine) -> None:
    assert engine.check(SUM) == ()
    problems = engine.check("import os\nimport socket\ndef calc_metric(df):\n    return open('x')\n")
    assert [problem.line for problem in problems] == [1, 2, 4]
    assert all(problem.hint for problem in problems)


@pytest.mark.parametrize(
    "source", ["", "x = 1", "def calc_metric(", "def calc_metric(a, b): return 1", b"\xff"]
)
def test_a_source_with_problems_never_runs(engine: Engine, rows: Dataset, source: str | bytes) -> None:
    for call in (engine.evaluate, engine.submit, engine.plan):
        with pytest.raises(SourceRefused) as refused:
            call(source, Dataset("no such file"))
        assert refused.value.problems


def test_plan(engine: Engine, rows: Dataset) -> None:
    source = metric("return df.count() + df.agg(F.sum('n')).first()[0]")
    plan = engine.plan(source, rows, segments=[BY_GROUP])
    assert plan.rows == (300, 100, 100, 100)
    assert plan.calls_per_frame == 2 and plan.queries == plan.counting_queries + 8


def test_submit_iterate_and_progress(engine: Engine, rows: Dataset) -> None:
    seen: list[str] = []
    live = engine.submit(
        SUM, rows, segments=[BY_GROUP], on_progress=lambda progress: seen.append(str(progress))
    )
    values = sorted(result.value for result in live)
    assert values == [14850.0, 14950.0, 15050.0, 44850.0]
    assert live.result().overall.value == 44850.0
    assert live.done and live.progress.percent == 100
    assert seen[0] == "counting" and seen[-1] == "done: 4 of 4 frames"
    with pytest.raises(TimeoutError):
        slow = engine.submit(metric("while True:\n    pass"), rows)
        slow.result(timeout=0.2)
    slow.cancel()
    assert slow.result(timeout=30).overall.status == "cancelled"


def test_the_log_tells_of_a_run_with_its_metric_and_tenant(
    engine: Engine, rows: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="engine.runs.entry"):
        engine.evaluate(SUM, rows, name="auc", tenant="acme\n")
    starts, ends = (record.getMessage() for record in caplog.records)
    label = starts.removesuffix(" starts")
    assert label.endswith(r" of 'auc' for 'acme\n'") and ends.startswith(label + " ends after ")
    assert re.search(r": 1 results, 2 queries; \d+\.\d\d s of processors, \d+ bytes fetched$", ends), ends


async def test_asyncio(engine: Engine, rows: Dataset) -> None:
    async def total() -> float:
        return sum([result.value async for result in engine.submit(SUM, rows, segments=[BY_GROUP])])

    assert list(await asyncio.gather(total(), total())) == [89700.0, 89700.0]
    run = await engine.submit(SUM, rows)
    assert run.overall.value == 44850.0
    with pytest.raises(DataError):
        await engine.submit(SUM, Dataset("no such file.parquet"))
    with pytest.raises(TimeoutError):
        live = engine.submit(metric("while True:\n    pass"), rows)
        await asyncio.wait_for(live, 0.2)
    live.cancel()
    assert (await live).overall.status == "cancelled"


def test_a_callback_that_raises_ends_no_run(engine: Engine, rows: Dataset) -> None:
    def fail(progress: object) -> None:
        raise RuntimeError("not the run's problem")

    assert engine.evaluate(SUM, rows, on_progress=fail).overall.value == 44850.0


# Time


def test_time_and_windows(engine: Engine, rows: Dataset) -> None:
    day = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    run = engine.evaluate(
        metric("return df.count()"),
        rows,
        time=TimeRange(day, day + dt.timedelta(hours=7)),
        every="1h",
    )
    assert [result.value for result in run.results] == [300.0] + [60.0] * 5 + [0.0] * 2
    assert run.results[7].rows == 0


# Data that makes no sense


def test_bad_data(engine: Engine, data_dir: Path, rows_file: Path, tmp_path: Path) -> None:
    folder = data_dir / "bad"
    folder.mkdir()
    (folder / "text.parquet").write_text("this is no Parquet")
    (folder / "empty.csv").write_text("")
    (folder / "empty.json").write_text("")
    (folder / "odd.xyz").write_text("1")
    (folder / "cut.parquet").write_bytes(rows_file.read_bytes()[:500])
    pq.write_table(make_table(3), tmp_path / "outside.parquet")
    told = {
        folder / "missing.parquet": "there is no file",
        folder / "*.orc": "no file matches",
        tmp_path / "outside.parquet": "roots",
        folder / "text.parquet": "cannot be read",
        folder / "cut.parquet": "cannot be read",
        folder / "empty.csv": "no columns",
        folder / "empty.json": "no columns",
        folder / "odd.xyz": "known endings",
        folder: "different formats",
    }
    for source, words in told.items():
        with pytest.raises(DataError) as error:
            engine.evaluate(SUM, Dataset(source))
        assert words in str(error.value)
        assert "Traceback" not in str(error.value)


BAD_OPTIONS: dict[str, dict[str, Any]] = {
    "no such column": {"segments": [SegmentGroup.by_value("nope")]},
    "no such bucket column": {"segments": [SegmentGroup.by_buckets("nope", [1, 2])]},
    "buckets of text": {"segments": [SegmentGroup.by_buckets("g", [1, 2])]},
    "an expression that is none": {"segments": [SegmentGroup.where("w", "n >")]},
    "an expression that is no condition": {"segments": [SegmentGroup.where("w", "n + 1")]},
    "an expression of an unknown column": {"segments": [SegmentGroup.where("w", "m > 1")]},
    "a subquery": {"segments": [SegmentGroup.where("w", "n > (select 1)")]},
    "windows without ends": {"every": "1h"},
    "a window that is none": {"every": "1 fortnight"},
    "no such zone": {"zone": "Mars/Olympus"},
    "no such option": {"segment": []},
    "segments that are none": {"segments": ["g"]},
    "time that is none": {"time": "7d"},
    "limits that are none": {"limits": {"plans": 3}},
    "a naive as_of": {"as_of": "2026-03-01T00:00:00"},
}


@pytest.mark.parametrize("name", all_but(("an expression of an unknown column",), BAD_OPTIONS))
def test_bad_options(engine: Engine, rows: Dataset, name: str) -> None:
    options: dict[str, Any] = BAD_OPTIONS[name]
    with pytest.raises(UsageError) as error:
        engine.evaluate(SUM, rows, **options)
    assert len(str(error.value)) > 20


def test_bad_arguments(engine: Engine, rows_file: Path) -> None:
    with pytest.raises(UsageError):
        engine.evaluate(SUM, str(rows_file))  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        engine.evaluate(5, Dataset(rows_file))  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        engine.evaluate(SUM, Dataset(rows_file, timestamp="g"))
    with pytest.raises(UsageError):
        engine.evaluate(SUM, Dataset(rows_file, timestamp="nope"))
    with pytest.raises(UsageError):
        engine.evaluate(SUM, Dataset(object()))
    with pytest.raises(UsageError):
        TimeRange(dt.datetime(2026, 3, 1), dt.datetime(2026, 3, 2))
    with pytest.raises(UsageError):
        TimeRange(dt.datetime(2026, 3, 2, tzinfo=dt.UTC), dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
    for arguments in (
        {"isolation": "none"},
        {"workers": 0},
        {"backend": "oracle"},
        {"verify": 1.5},
        {"verify": 0.5, "native": False},
        {"verify": 0.5, "backend": "duckdb"},
    ):
        with pytest.raises(UsageError):
            Engine(**arguments)


def test_a_cluster_that_is_not_there() -> None:
    with Engine("sc://127.0.0.1:9") as engine, pytest.raises(BackendStartError, match="does not answer"):
        engine.evaluate(SUM, Dataset("t"))


# Sources


@pytest.mark.slow
def test_files_of_every_format(engine: Engine, data_dir: Path) -> None:
    folder = data_dir / "formats"
    table = make_table(30)
    (folder / "many" / "k=1").mkdir(parents=True)
    pq.write_table(table, folder / "a b'c.parquet")
    pyarrow.csv.write_csv(table, folder / "a.csv")
    table.to_pandas().to_json(folder / "a.jsonl", orient="records", lines=True, date_format="iso")
    pyarrow.feather.write_feather(table, folder / "a.feather")
    with pa.ipc.new_file(folder / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    for part in range(3):
        pq.write_table(table.slice(part * 10, 10), folder / f"part-{part}.parquet")
    pq.write_table(table, folder / "many" / "k=1" / "x.parquet")
    for name in ("a b'c.parquet", "a.csv", "a.jsonl", "a.feather", "a.arrow", "part-*.parquet", "many"):
        assert engine.evaluate(SUM, Dataset(folder / name)).overall.value == 435.0, name
    hive = "return df.agg(F.max(F.col('k'))).first()[0]"
    assert overall(engine, hive, Dataset(folder / "many")).value == 1.0


@pytest.mark.parametrize("shared_server", NATIVE, indirect=True)
def test_a_run_reads_files_as_they_are_now(
    shared_server: LocalServer, data_dir: Path, shared_options: dict[str, Any]
) -> None:
    path = data_dir / "now.parquet"
    source = metric("return df.agg(F.sum('n')).first()[0] + len(df.toPandas())")
    with engine_on(shared_server, **shared_options, workers=1) as engine:
        tables: list[dict[str, list[Any]]] = [{"n": [1, 2]}, {"n": [10]}, {"g": ["a", "b"], "n": [1.5, 2.5]}]
        for table in tables:
            pq.write_table(pa.table(table), path)
            expected = sum(table["n"]) + len(table["n"])
            assert engine.evaluate(source, Dataset(path)).overall.value == expected


def test_tables_of_the_caller(engine: Engine) -> None:
    table = make_table(30)
    frame = table.to_pandas()
    frame["g"] = frame["g"].astype("category")
    frame["at"] = frame["at"].astype("datetime64[ns, UTC]")
    encoded = table.set_column(1, "g", table["g"].dictionary_encode())
    segments = [SegmentGroup.by_value("g")]
    for source in (frame, table, encoded):
        run = engine.evaluate(SUM, Dataset(source, timestamp="at"), segments=segments)
        assert [result.value for result in run.results] == [435.0, 135.0, 145.0, 155.0]
    assert overall(engine, "return df.count()", Dataset(pd.DataFrame({"a": []}))).rows == 0


@pytest.mark.slow
def test_the_callers_own_session(spark_backend: LocalSpark, rows_file: Path, engine: Engine) -> None:
    with plain_session(spark_backend) as spark:
        frame = spark.read.parquet(str(rows_file)).filter("n < 100")
        run = run_on_groups(engine, SUM, Dataset(frame))
        assert [result.value for result in run.results] == [4950.0, 1683.0, 1617.0, 1650.0]
        assert frame.count() == 100  # the session is still the caller's


@pytest.mark.spark(own=True)
@pytest.mark.slow
def test_a_cluster(data_dir: Path, tmp_path: Path, rows_file: Path, worker_pool: WorkerPool) -> None:
    backend = LocalSpark((data_dir,), tmp_path, private_network=False)
    backend.start()
    token = dict(backend.connection().metadata)["authorization"].removeprefix("Bearer ")
    try:
        address = f"sc://localhost:{_port(backend)}/;use_ssl=false;token={token}"
        with Engine(address, workers=2, pool=worker_pool) as engine:
            run = engine.evaluate(SUM, Dataset(str(rows_file)))
            assert run.overall.value == 44850.0 and not run.report.warnings
            assert engine.evaluate(SUM, Dataset(make_table(10))).overall.value == 45.0
            with pytest.raises(DataError):
                engine.evaluate(SUM, Dataset("no_such_table"))
    finally:
        backend.close()


def _port(backend: Any) -> int:
    """The port on which Spark Connect answers: its own servers have others."""
    settings = (backend.generation.process.folder / "spark.properties").read_text()
    (line,) = [line for line in settings.splitlines() if line.startswith("spark.connect.grpc.binding.port")]
    return int(re.split(r"[=\s]+", line)[1])
