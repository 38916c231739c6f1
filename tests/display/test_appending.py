"""Tables that runs are appended to: each run once, and nothing among the rows of others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from engine import DataError, UsageError
from engine.cli.running import make_targets
from engine.display.saving import check_target, save_runs
from engine.models.targets import parse_target
from engine.results.tables import results_schema
from tests.cli.snapshots import compared, one_number, several_numbers
from tests.display.shown import a_run, run_of

FORMATS = ("delta", "parquet")


def rows_in(folder: Path) -> pa.Table:
    if (folder / "_delta_log").is_dir():
        return pa.table(DeltaTable(folder).to_pyarrow_table())
    return pq.read_table(folder)


def ids_in(folder: Path) -> list[str]:
    return sorted(rows_in(folder)["run_id"].to_pylist())


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["results", "a b#c?d=\u00e9"])
def test_runs_are_appended_each_once(tmp_path: Path, form: str, name: str) -> None:
    folder = tmp_path / name
    first, second = run_of(1, "DE"), run_of(2)
    for runs in ([first], [first], [first, second], [second]):
        save_runs(runs, f"{form}:{folder}")
    second.save(f"{form}:{folder}")
    assert ids_in(folder) == [first.id, first.id, second.id]
    assert [one for one in folder.iterdir() if one.name.startswith(".")] == []


@pytest.mark.parametrize("form", FORMATS)
def test_every_kind_of_run_has_the_same_columns(tmp_path: Path, form: str) -> None:
    made = (one_number(), several_numbers(), compared())
    runs = [replace(run, id=f"run{number}") for number, run in enumerate(made)]
    for run in runs:
        run.save(f"{form}:{tmp_path}/results")
    have = rows_in(tmp_path / "results")
    assert set(have.schema) == set(results_schema())
    assert have.num_rows == sum(len(run.results) for run in runs)
    save_runs(runs, tmp_path / "runs.parquet")
    assert pq.read_schema(tmp_path / "runs.parquet") == results_schema()


def test_a_table_that_was_compacted_knows_its_runs_still(tmp_path: Path) -> None:
    target = f"delta:{tmp_path}/results"
    for number in (1, 2, 1):
        run_of(number).save(target)
    table = DeltaTable(tmp_path / "results")
    table.optimize.compact()
    table.create_checkpoint()
    table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    run_of(1).save(target)
    assert ids_in(tmp_path / "results") == [run_of(1).id, run_of(2).id]


@pytest.mark.parametrize("form", FORMATS)
def test_many_at_once_append_each_run_once(tmp_path: Path, form: str) -> None:
    failed: list[BaseException] = []

    def save(number: int) -> None:
        try:
            run_of(number // 2).save(f"{form}:{tmp_path}/results")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and ids_in(tmp_path / "results") == [run_of(number).id for number in range(3)]


def others_parquet(folder: Path) -> None:
    folder.mkdir()
    pq.write_table(pa.table({"amount": [1]}), folder / "part-0.parquet")


def others_types(folder: Path) -> None:
    folder.mkdir()
    pq.write_table(pa.table({"run_id": ["x"], "value": ["text"]}), folder / "part-0.parquet")


def no_parquet(folder: Path) -> None:
    folder.mkdir()
    (folder / "x.parquet").write_bytes(b"PAR1 and no more")


def others_delta(folder: Path) -> None:
    write_deltalake(folder, pa.table({"amount": [1]}))


@pytest.mark.parametrize(
    ("form", "make", "said"),
    [
        ("parquet", others_parquet, "does not hold results"),
        ("parquet", others_types, "a column 'value' of type string"),
        ("parquet", no_parquet, "'x.parquet' is not a Parquet file"),
        ("parquet", others_delta, "is a Delta table"),
        ("delta", others_delta, "does not hold results"),
    ],
)
def test_a_table_of_something_else_is_left_as_it_is(
    tmp_path: Path, form: str, make: Callable[[Path], None], said: str
) -> None:
    make(tmp_path / "data")
    before = sorted(path.name for path in (tmp_path / "data").rglob("*"))
    with pytest.raises(DataError, match=said) as caught:
        run_of(1).save(f"{form}:{tmp_path}/data")
    assert caught.value.code == "results-table" and f"{form}:{tmp_path}/data" in str(caught.value)
    assert sorted(path.name for path in (tmp_path / "data").rglob("*")) == before


def test_a_table_may_have_columns_of_its_own_and_gets_those_that_it_lacks(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "results", pa.table({"run_id": ["old"], "note": ["by hand"]}))
    run_of(1).save(f"delta:{tmp_path}/results")
    rows = {row["run_id"]: row for row in rows_in(tmp_path / "results").to_pylist()}
    assert rows["old"]["note"] == "by hand" and rows["old"]["value"] is None
    assert rows[run_of(1).id]["note"] is None and rows[run_of(1).id]["status"] == "ok"


def test_a_log_that_is_damaged_is_told_in_one_line(tmp_path: Path) -> None:
    run_of(1).save(f"delta:{tmp_path}/results")
    (tmp_path / "results/_delta_log/00000000000000000001.json").write_text('{"add": {"pa')
    with pytest.raises(DataError) as caught:
        run_of(2).save(f"delta:{tmp_path}/results")
    assert caught.value.code == "results-table"
    assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("iceberg:results", "cannot be appended to Iceberg"),
        ("delta:", "does not name a table"),
        ("delta:results@v3", "the latest"),
        ("parquet:https://host/results", "or s3://"),
        ("delta:s3://user@bucket/results", "names no bucket"),
        ("parquet:none/results", "there is no folder"),
        ("delta:file.txt", "is a file"),
        ("delta:a%20b", "percent"),
    ],
)
def test_targets_that_cannot_be_are_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file.txt").touch()
    with pytest.raises(UsageError, match=said):
        check_target(target)


def test_what_writes_delta_tables_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'calcmetric\[delta\]'"):
        check_target(f"delta:{tmp_path}/results")
    assert check_target(f"parquet:{tmp_path}/results") == parse_target(f"parquet:{tmp_path}/results")


def test_a_run_without_an_id_is_not_appended(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a valid key"):
        a_run().save(f"parquet:{tmp_path}/results")


def test_the_command_takes_tables_beside_files(tmp_path: Path) -> None:
    table, file = f"delta:{tmp_path}/results", str(tmp_path / "runs.csv")
    made = make_targets((table, file), None, dry_run=False)
    assert [str(one) for one in made] == [table, file]
