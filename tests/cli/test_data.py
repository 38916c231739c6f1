"""What --data names: folders to be opened, several paths, standard input, and how CSV is written."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.cli.data import make_dataset, opened_input, roots_of
from engine.cli.run import run
from engine.cli.run_options import RunCommandOptions
from engine.errors import UsageError
from engine.sources.resolve import resolve_source
from engine.sources.spool import Spool

OPTIONS: Any = dict.fromkeys(
    ("timestamp", "retention", "csv_header", "csv_separator", "csv_encoding", "csv_quote"), None
)


@pytest.fixture
def piped(monkeypatch):
    def piped(content, *, terminal=False):
        stream = SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: terminal)
        monkeypatch.setattr("sys.stdin", stream)

    return piped


def parsed(*arguments: str) -> Any:
    context = run.make_context("run", [__file__, *arguments])
    return context.params


def test_the_options_of_csv_are_those_of_the_dataset():
    given = parsed("--data", "a.csv", "--csv-no-header", "--csv-separator", "tab", "--csv-encoding", "latin1")
    dataset = make_dataset(given["data"], given | {"csv_quote": ""})
    assert dataset.source == "a.csv"
    assert dataset.text.given() == {"header": False, "separator": "\t", "encoding": "iso8859-1", "quote": ""}
    assert make_dataset(("a.csv",), parsed("--data", "a.csv", "--csv-header")).header is True
    assert make_dataset(("a.csv", "b.csv"), OPTIONS).source == ("a.csv", "b.csv")
    assert parsed("--data", "a.csv")["csv_header"] is None


def test_the_options_are_those_of_the_command():
    names = {parameter.name for parameter in run.params}
    own = {"metrics", "data", "input_format", "backend", "dry_run", "form"}
    assert RunCommandOptions.__annotations__.keys() == names - own


def test_data_is_required():
    with pytest.raises(click.exceptions.MissingParameter):
        parsed()


def test_roots_are_the_folders_of_all_paths_and_of_what_links_lead_to(tmp_path):
    for name in ("a", "b", "far", "farther"):
        (tmp_path / name).mkdir()
    for path in ("a/x.csv", "far/y.csv", "farther/z.csv"):
        (tmp_path / path).write_text("n\n1\n")
    (tmp_path / "b/link.csv").symlink_to(tmp_path / "far/y.csv")
    (tmp_path / "b/folder").symlink_to(tmp_path / "farther")
    assert roots_of([str(tmp_path / "a/x.csv"), str(tmp_path / "a")]) == (str(tmp_path / "a"),)
    assert roots_of([str(tmp_path / "b/link.csv")]) == (str(tmp_path / "far"),)
    assert roots_of([str(tmp_path / "b/folder")]) == (str(tmp_path / "farther"),)
    assert roots_of([str(tmp_path / "b/*.csv")]) == (str(tmp_path / "b"), str(tmp_path / "far"))
    assert roots_of([f"file://{tmp_path}/a/missing.csv"]) == (str(tmp_path / "a"),)


def test_what_is_named_outright_is_read(tmp_path):
    """A link, a link without an ending, and hidden names; in folders they are passed over."""
    (tmp_path / "far").mkdir()
    (tmp_path / "in").mkdir()
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "far/x.parquet")
    (tmp_path / "far/y.csv").write_text("n\n1\n2\n")
    for name, target in {"l.parquet": "x.parquet", "bare": "x.parquet", "text": "y.csv"}.items():
        (tmp_path / "in" / name).symlink_to(tmp_path / "far" / target)
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "in/_x.parquet")
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "in/.y.parquet")
    (tmp_path / "in/_z.csv").write_text("n\n1\n2\n")
    spool = Spool()
    for name in ("l.parquet", "bare", "text", "_x.parquet", ".y.parquet", "_z.csv"):
        path = str(tmp_path / "in" / name)
        source = resolve_source(
            path, roots=[tmp_path / "in", *map(tmp_path.__truediv__, ["far"])], spool=spool
        )
        (read,) = source.relation.read.data_source.paths
        assert read.rpartition("/")[2][0] not in "_.", name
        assert pq.read_table(read).column("n").to_pylist() == [1, 2], name
        source.release()
    spool.close()


def test_several_paths_are_one_dataset_and_count_once(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(f"n\n{ord(name[0])}\n")
    spool = Spool()
    paths = [str(tmp_path / "a.csv"), str(tmp_path / "*.csv"), str(tmp_path / "b.csv")]
    source = resolve_source(paths, roots=[tmp_path], spool=spool)
    (read,) = source.relation.read.data_source.paths
    assert sorted(pq.read_table(read).column("n").to_pylist()) == [97, 98]
    source.release()
    spool.close()


@pytest.mark.parametrize(
    ("content", "given", "ending"),
    [
        (b"n\n1\n", "csv", "csv"),
        (b'{"n":1}\n{"n":2}\n', None, "json"),
        (b"PAR1...", None, "parquet"),
        (b"ARROW1...", None, "arrow"),
        (b'{"n":1}', "csv", "csv"),
    ],
)
def test_standard_input_is_a_file_of_its_format_until_the_end(piped, content, given, ending):
    piped(content)
    with opened_input(("a.csv", "-"), given, "spark") as (first, path):
        assert first == "a.csv" and path.endswith(f"/standard-input.{ending}")
        assert Path(path).read_bytes() == content
    assert not Path(path).exists()


@pytest.mark.parametrize(
    ("data", "given", "backend", "content", "words"),
    [
        (("-",), None, "spark", b"n\n1\n", "give --input-format"),
        (("-",), None, "spark", b"", "is empty"),
        (("-", "-"), "csv", "spark", b"n\n1\n", "given only once"),
        (("-",), "csv", "sc://host:15002", b"n\n1\n", "on this machine"),
        (("a.csv",), "csv", "spark", b"", "--input-format is the format"),
    ],
)
def test_standard_input_that_makes_no_sense_is_refused(piped, data, given, backend, content, words):
    piped(content)
    with pytest.raises(UsageError, match=words), opened_input(data, given, backend):
        pass


def test_a_terminal_is_no_data(piped):
    piped(b"", terminal=True)
    with pytest.raises(UsageError, match="pipe data into it"), opened_input(("-",), "csv", "spark"):
        pass
