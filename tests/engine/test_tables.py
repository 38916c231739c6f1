"""Runs over tables with versions: one version for the whole run, told in its report, whatever changes it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyiceberg.manifest import DataFileContent

from engine import Baseline, Dataset, Engine, Run, SegmentGroup, TimeRange
from engine.errors import BackendLost, DataError
from engine.runs.live import Progress
from engine.runs.session_reader import SessionReader
from tests.sources.delta_writer import DeltaWriter, bitmap64, column, inline, metadata, protocol
from tests.sources.iceberg_writer import IcebergWriter

MEAN = """
from pyspark.sql import functions as F

def calc_metric(df):
    return df.agg(F.avg("x").alias("m")).first()["m"]
"""
RATIO = """
def calc_metric(df, baseline):
    return df.count() / baseline.count()
"""
DAYS = 10
AS_OF = dt.datetime(2026, 3, DAYS + 1, tzinfo=dt.UTC)
GROUPS = ["a", "b", "c"]


def day_of(number: int) -> pa.Table:
    """Thirty rows of a day."""
    start = dt.datetime(2026, 3, number, 1, tzinfo=dt.UTC)
    when = [start + dt.timedelta(minutes=row) for row in range(30)]
    return pa.table(
        {
            "x": [float(number * row) for row in range(30)],
            "g": [GROUPS[row % 3] for row in range(30)],
            "at": pa.array(when, pa.timestamp("us", "UTC")),
        }
    )


@pytest.fixture
def writer(data_dir: Path, request: pytest.FixtureRequest) -> DeltaWriter:
    """A table of a file for each of ten days; of every row of the second half the first five are deleted."""
    made = DeltaWriter(data_dir / "tables" / "".join(c if c.isalnum() else "-" for c in request.node.name))
    columns = [column("x", "double"), column("g", "string"), column("at", "timestamp")]
    added = []
    for number in range(1, DAYS + 1):
        table = day_of(number)
        ends = [table["at"][row].as_py().isoformat().replace("+00:00", "Z") for row in (0, -1)]
        stats = {"minValues": {"at": ends[0]}, "maxValues": {"at": ends[1]}}
        vector = inline(bitmap64(range(5)), 5) if number > DAYS // 2 else None
        added.append(made.add(f"day-{number}.parquet", table, stats=stats, vector=vector))
    made.commit(protocol("deletionVectors"), metadata(columns), *added)
    return made


def rows_from(first: int) -> pd.DataFrame:
    """The rows that count from a day on."""
    days = [day_of(number).slice(5 if number > DAYS // 2 else 0) for number in range(first, DAYS + 1)]
    frame: pd.DataFrame = pa.concat_tables(days).to_pandas()
    return frame


def values(run: Run) -> dict[str | None, float]:
    return {
        None if one.frame.segment is None else str(one.frame.segment.value): one.value for one in run.results
    }


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("first", [1, 8])
def test_numbers_are_those_of_pandas_and_the_report_tells_the_version(
    engine: Engine, writer: DeltaWriter, fuse: bool, first: int
) -> None:
    dataset = Dataset(f"delta:{writer.folder}", timestamp="at", retention=f"{DAYS + 1 - first}d")
    groups = [SegmentGroup.by_value("g")]
    run = engine.evaluate(MEAN, dataset, segments=groups, as_of=AS_OF, fuse=fuse)
    expected = rows_from(first)
    wanted = {None: expected["x"].mean(), **expected.groupby("g")["x"].mean().to_dict()}
    assert values(run) == pytest.approx(wanted)
    assert run.overall.rows == len(expected)
    [told] = run.report.tables
    assert (told.name, told.snapshot) == (f"delta:{writer.folder}", "0")
    assert (told.files, told.skipped) == (DAYS + 1 - first, first - 1)
    assert json.loads(json.dumps(run.to_dict()))["report"]["tables"][0]["snapshot"] == "0"


def once_opened(act: Callable[[], object]) -> Callable[[Progress], None]:
    """What does something while a run computes, its dataset being open."""
    done: list[object] = []

    def progress(told: Progress) -> None:
        if told.stage == "calculating" and not done:
            done.append(act())

    return progress


def test_a_commit_during_a_run_is_not_seen_by_it(engine: Engine, writer: DeltaWriter) -> None:
    halves = [writer.remove(f"day-{number}.parquet") for number in range(1, 6)]
    seen = once_opened(lambda: writer.commit(*halves))
    run = engine.submit(MEAN, Dataset(writer.folder), on_progress=seen).result()
    assert (run.overall.rows, run.report.tables[0].snapshot) == (275, "0")
    assert writer.version == 1
    run = engine.evaluate(MEAN, Dataset(writer.folder))
    assert (run.overall.rows, run.report.tables[0].snapshot) == (125, "1")
    old = engine.evaluate(MEAN, Dataset(writer.folder, version=0))
    assert old.overall.value == pytest.approx(rows_from(1)["x"].mean())


@pytest.mark.slow
@pytest.mark.spark
def test_a_file_that_is_removed_during_a_run_fails_it(engine: Engine, writer: DeltaWriter) -> None:
    vacuum = once_opened((writer.folder / "day-3.parquet").unlink)
    with pytest.raises(DataError, match=r"'day-3.parquet' was removed .* VACUUM") as caught:
        engine.submit(MEAN, Dataset(writer.folder), on_progress=vacuum).result()
    assert caught.value.code == "table-file"


@pytest.mark.slow
@pytest.mark.spark
def test_a_file_that_is_replaced_during_a_run_fails_it(engine: Engine, data_dir: Path) -> None:
    folder = data_dir / "replaced"
    folder.mkdir()
    for number in (1, 2):
        pq.write_table(day_of(number), folder / f"{number}.parquet")
    new = folder.with_name("new.parquet")
    pq.write_table(day_of(3), new)
    replaced = once_opened(lambda: new.replace(folder / "2.parquet"))
    with pytest.raises(DataError, match=r"'2.parquet' was removed, replaced .*run it again") as caught:
        engine.submit(MEAN, Dataset(folder), on_progress=replaced).result()
    assert caught.value.code == "file-changed"
    assert engine.evaluate(MEAN, Dataset(folder)).overall.rows == 60


COLUMNS = """
def calc_metric(df):
    return df.columns.index("g") + 10 * df.groupBy("g").count().count()
"""


@pytest.mark.slow
@pytest.mark.spark
def test_partition_columns_stand_where_the_table_has_them(engine: Engine, data_dir: Path) -> None:
    made = DeltaWriter(data_dir / "tables" / "ordered")
    columns = [column("g", "string"), column("x", "double")]
    day = day_of(1)
    files = [
        made.add(f"{g}.parquet", day.filter(pc.equal(day["g"], g)).select(["x"]), {"g": g}) for g in GROUPS
    ]
    made.commit(protocol(), metadata(columns, ["g"]), *files)
    run = engine.evaluate(COLUMNS, Dataset(made.folder), segments=[SegmentGroup.by_value("g")])
    assert values(run) == {None: 30.0, "a": 10.0, "b": 10.0, "c": 10.0}


def test_a_server_that_is_lost_over_a_stream_is_the_reason_that_is_told(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise BackendLost("the server ended")

    monkeypatch.setattr(SessionReader, "_fetch_schema", lost)
    with pytest.raises(BackendLost, match=r"the server ended; .* once, so .* make a new stream"):
        engine.evaluate(MEAN, Dataset(iter([day_of(1)])))


def test_a_baseline_is_read_within_the_retention_only(engine: Engine, writer: DeltaWriter) -> None:
    dataset = Dataset(writer.folder, timestamp="at", retention="8d")
    last = TimeRange.last("2d", as_of=AS_OF)
    before = engine.evaluate(RATIO, dataset, time=last, baseline=Baseline.previous())
    assert before.overall.value == 1.0 and before.report.tables[0].files == 8
    first = engine.evaluate(RATIO, dataset, time=last, baseline=Baseline.first("1d"))
    assert first.overall.value == pytest.approx(50 / 30)
    other = Baseline.data(Dataset(writer.folder, version="v0"))
    whole = engine.evaluate(RATIO, dataset, time=last, baseline=other)
    assert whole.overall.value == pytest.approx(50 / 275)
    assert [(one.part, one.files) for one in whole.report.tables] == [("data", 2), ("baseline", 10)]


@pytest.mark.slow
@pytest.mark.spark
def test_so_many_rows_are_any_rows(engine: Engine, writer: DeltaWriter) -> None:
    run = engine.evaluate(MEAN, Dataset(writer.folder, timestamp="at", retention="1d", rows=275), as_of=AS_OF)
    assert run.overall.rows == 25 and run.report.tables[0].skipped == 0


def test_a_run_over_an_iceberg_table_tells_its_snapshot(engine: Engine, data_dir: Path) -> None:
    writer = IcebergWriter(data_dir / "tables" / "iceberg", day_of(1))
    for number in (2, 3):
        writer.append(day_of(number))
    last = {name: pq.read_table(name.removeprefix("file://"))["x"][1].as_py() for name in writer.data_files()}
    newest = max(last, key=lambda name: float(last[name]))
    writer.delete({newest: range(5)}, DataFileContent.POSITION_DELETES)
    dataset = Dataset(f"iceberg:{writer.folder}", timestamp="at", retention="2d")
    as_of = dt.datetime(2026, 3, 4, tzinfo=dt.UTC)
    run = engine.evaluate(MEAN, dataset, segments=[SegmentGroup.by_value("g")], as_of=as_of)
    expected = pd.concat([day_of(2).to_pandas(), day_of(3).slice(5).to_pandas()])
    wanted = {None: expected["x"].mean(), **expected.groupby("g")["x"].mean().to_dict()}
    assert values(run) == pytest.approx(wanted)
    [told] = run.report.tables
    assert (told.snapshot, told.files, told.skipped) == (str(writer.state()["current-snapshot-id"]), 2, 1)
