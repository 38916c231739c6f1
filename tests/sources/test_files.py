"""Which files belong to a dataset, and which folders are no folders of files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from engine.errors import DataError
from engine.sources.files import find_data_files


def find_files(path: str, roots: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(data_file.path for data_file in find_data_files(path, roots))


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(found: Iterable[Path], folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in found]


HIDDEN = (
    "_SUCCESS",
    "_metadata",
    ".a.parquet.crc",
    "_temporary/0/b.parquet",
    ".hidden/c.parquet",
    "x/_d.parquet",
)


def test_hidden_names_do_not_belong_but_folders_of_a_column_do(tmp_path):
    touch(tmp_path, "a.parquet", "x/b.parquet", "_day=1/c.parquet", *HIDDEN)
    assert names(find_files(str(tmp_path), (tmp_path,)), tmp_path) == [
        "a.parquet", "_day=1/c.parquet", "x/b.parquet",
    ]  # fmt: skip
    matched = sorted(names(find_files(f"{tmp_path}/*", (tmp_path,)), tmp_path))
    assert matched == ["_day=1/c.parquet", "a.parquet", "x/b.parquet"]
    assert names(find_files(f"{tmp_path}/_*", (tmp_path,)), tmp_path)[:2] == ["_SUCCESS", "_day=1/c.parquet"]


def test_a_hidden_file_that_is_named_is_meant(tmp_path):
    touch(tmp_path, "_a.parquet")
    assert names(find_files(f"{tmp_path}/_a.parquet", (tmp_path,)), tmp_path) == ["_a.parquet"]


def test_only_folders_below_the_one_that_was_named_are_columns(tmp_path):
    touch(tmp_path, "day=1/hour=2/a.parquet", "day=2/hour=3/b.parquet")

    def folders(path):
        return [data_file.folders for data_file in find_data_files(str(path), (tmp_path,))]

    assert folders(tmp_path) == [("day=1", "hour=2"), ("day=2", "hour=3")]
    assert folders(tmp_path / "day=1") == [("hour=2",)]
    assert folders(tmp_path / "day=1" / "hour=2") == [()]
    assert folders(tmp_path / "day=1" / "hour=2" / "a.parquet") == [()]
    assert folders(tmp_path / "*") == [("hour=2",), ("hour=3",)]
    assert folders(tmp_path / "**" / "*.parquet") == [(), ()]


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        ("_delta_log/00000000000000000000.json", "Delta Lake"),
        ("metadata/v1.metadata.json", "Iceberg"),
        ("metadata/00000-abc.metadata.json", "Iceberg"),
        (".hoodie/hoodie.properties", "Hudi"),
    ],
)
def test_tables_with_a_log_are_refused_from_wherever_they_are_named(tmp_path, log, kind):
    table = tmp_path / "some" / "table"
    touch(table, log, "a.parquet", "day=1/b.parquet")
    touch(tmp_path, "other/a.parquet")
    inside = ("", "/a.parquet", "/day=1", "/day=1/*.parquet")
    for path in ("some", "some/*/*.parquet", *(f"some/table{end}" for end in inside)):
        with pytest.raises(DataError, match=f"{kind} table .*'table'.*(export|:FOLDER)"):
            find_files(str(tmp_path / path), (tmp_path,))
    assert find_files(str(tmp_path / "other"), (tmp_path,))


def test_folders_that_only_look_like_a_log_are_folders(tmp_path):
    touch(tmp_path, "metadata/a.parquet", "delta_log/a.parquet", "b.parquet")
    (tmp_path / "metadata.json").touch()
    assert len(find_files(f"{tmp_path}/**/*.parquet", (tmp_path,))) == 3


def test_too_many_files_are_refused_and_never_cut(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.sources.files.MATCHED", 3)
    touch(tmp_path, *(f"{number}.parquet" for number in range(4)))
    with pytest.raises(DataError, match="more than 3 files"):
        find_files(str(tmp_path), (tmp_path,))
