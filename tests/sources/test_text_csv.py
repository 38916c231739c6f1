"""CSV under one policy: what is read, whoever wrote it, and what is refused with file, line and fix."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
from pathlib import Path
from typing import cast

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DataError, Interrupted, UsageError
from engine.models.dataset import Dataset
from engine.models.text_options import TextOptions
from engine.sources.resolve import resolve_source
from engine.sources.text import convert as converting
from engine.sources.text import stream
from engine.sources.text.kinds import NOTHING
from engine.sources.text.problems import TEXT_CODES
from engine.wording import said


@pytest.fixture
def read(tmp_path, spool):
    """Reads what a backend would be given of files: by name to their bytes."""

    def read(files, *, named=None, check=lambda: None, **options):
        if isinstance(files, (str, bytes)):
            files = {"t.csv": files}
        for name, content in files.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        source = named or (tmp_path / "data" / next(iter(files)) if len(files) == 1 else tmp_path / "data")
        found = resolve_source(
            source, roots=(tmp_path,), spool=spool, text=TextOptions(**options), check=check
        )
        try:
            (path,) = found.relation.read.data_source.paths
            return pq.read_table(path)
        finally:
            found.release()

    return read


FRAME = pd.DataFrame(
    {
        "id": [1, 2, 3],
        "note": ["plain", "two\nlines", 'he said "no", twice'],
        "x": [0.5, np.nan, -1.0],
        "ok": [True, False, True],
        "day": pd.to_datetime(["2024-01-01", "2024-02-29", "2024-03-01"]),
    }
)
ROWS = [
    {"id": 1, "note": "plain", "x": 0.5},
    {"id": 2, "note": "two\nlines", "x": None},
    {"id": 3, "note": 'he said "no", twice', "x": -1.0},
]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("lines", ["\n", "\r\n"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_what_pandas_writes_is_read_in_any_of_its_dialects(read, separator, lines, quoting, mark):
    text = FRAME.to_csv(index=False, sep=separator, lineterminator=lines, quoting=quoting)
    table = read(mark + text.encode())
    assert table.select(["id", "note", "x"]).to_pylist() == ROWS
    assert [str(field.type) for field in table.schema] == ["int32", "string", "double", "bool", "date32[day]"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_an_encoding_with_a_mark_is_sure(read, encoding):
    assert read("name,x\nMünchen,1\n".encode(encoding)).to_pylist() == [{"name": "München", "x": 1}]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16-le", "shift_jis", "cp437"])
def test_another_encoding_is_refused_with_its_line_and_read_if_it_is_said(read, encoding):
    word = "日本" if encoding == "shift_jis" else "München"
    data = f"name,x\nOslo,0\n{word},1\n".encode(encoding)
    with pytest.raises(DataError, match=r"'t\.csv', line [13]: .*Dataset\(\.\.\., encoding=") as caught:
        read(data)
    assert caught.value.code == "text-encoding"
    assert read(data, encoding=encoding).column("name").to_pylist() == ["Oslo", word]


def test_what_is_no_text_in_the_encoding_that_was_said_names_the_line(read):
    with pytest.raises(DataError, match="line 3: the byte 0x81 is not text in cp1252"):
        read(b"name\na\n\x81\n", encoding="cp1252")
    with pytest.raises(DataError, match="not text in utf-16"):
        read("name\na\n".encode("utf-16-le")[:-1], encoding="utf-16-le")


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("t.csv.gz", gzip.compress),
        ("t.csv.bz2", bz2.compress),
        ("t.csv.zst", lambda data: pa.compress(data, "zstd", asbytes=True)),
        ("t.csv.gz", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
        ("t.csv.gz", lambda data: data),
        ("t.csv", gzip.compress),
    ],
)
def test_compressed_files_are_known_by_their_bytes(read, name, pack):
    assert read({name: pack(b"x,y\n1,2\n" * 1 + b"3,4\n")}).to_pylist() == [
        {"x": 1, "y": 2},
        {"x": 3, "y": 4},
    ]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv.gz", gzip.compress(b"x,y\n" + bytes(np.random.default_rng(1).integers(48, 57, 5000)))[:-20]),
        ("t.csv.gz", b"\x1f\x8bjunk"),
        ("t.csv.snappy", b"x,y\n1,2\n"),
    ],
)
def test_damaged_or_unknown_compression_is_refused(read, name, data):
    with pytest.raises(DataError, match=name) as caught:
        read({name: data})
    assert caught.value.code in ("text-compression", "text-encoding")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("c0\nv0\na;b\n", [{"c0": "v0"}, {"c0": "a;b"}]),
        ("\n\ufeff\nv\n", [{"\ufeff": "v"}]),
        ("id,x\n#1001,5\n#1002,6\n", [{"id": "#1001", "x": 5}, {"id": "#1002", "x": 6}]),
        ("#id,x\n1,2", [{"#id": 1, "x": 2}]),
        ("x,y\r1,2\r3,4\r", [{"x": 1, "y": 2}, {"x": 3, "y": 4}]),
        ("\n\nx,y\n\n1,2\n\n\n3,4", [{"x": 1, "y": 2}, {"x": 3, "y": 4}]),
        ("x,y\n", []),
        ("x;y", []),
        (",y\n1,2\n", [{"_c0": 1, "y": 2}]),
        ("x,,\n1,2,3\n", [{"x": 1, "_c1": 2, "_c2": 3}]),
        ('"a,b","c\nd"\n1,2\n', [{"a,b": 1, "c\nd": 2}]),
        ("x\n\\N\nNA\n", [{"x": "\\N"}, {"x": "NA"}]),
        ('x,y\n"",\n', [{"x": None, "y": None}]),
        ("a;b\n1,5;2\n", [{"a": "1,5", "b": 2}]),
        ("sep=;\r\na;b\r\n1;2\r\n", [{"a": 1, "b": 2}]),
        ("a b,c\n x ,' y'\n", [{"a b": " x ", "c": "' y'"}]),
        ("x,y\n-0.0,+inf\n", [{"x": -0.0, "y": "+inf"}]),
        ("id,tags\n1,a;b\n2,c;d\n", [{"id": 1, "tags": "a;b"}, {"id": 2, "tags": "c;d"}]),
    ],
)
def test_small_files(read, text, rows):
    assert read(text).to_pylist() == rows


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("x,g\n1,a\n2\n3,c,extra\n", "csv-ragged", r"line 3: 1 values, where the header has 2 \(x, g\)"),
        ("x,y\n" + "1,1\n" * 100 + "1,1,9\n" * 900, "csv-ragged", "line 102: 3 values"),
        ('x,y\n1,"a\n\nb"\n3\n', "csv-ragged", "line 5"),
        ("note\nhello\nhi, there\nbye, now\n", "csv-ragged", "line 3: 2 values"),
        ("# comment\nid,x\n1,2\n", "csv-ragged", "line 2: 2 values"),
        ("", "text-empty", "no line"),
        ("\n\r\n\n", "text-empty", "no line"),
        ("a;b\n1;2\n3\n", "csv-separator-unsure", "its separator is ambiguous: ';' in its first line"),
        ("a,x;b\n1,5;2\n", "csv-separator-unsure", "',' and ';'"),
        ("1,2\n3,4\n", "csv-header-unsure", "line 1: the first line has the value '1'"),
        ("alice,34\nbob,27\n", "csv-header-unsure", "'34', which looks like data"),
        ("2024-01-01,x\n2024-01-02,y\n", "csv-header-unsure", "'2024-01-01'"),
        ("'a','b'\n'1','2'\n", "csv-quote-unsure", "quoted with '"),
        ('x,y\n1,5" pipe\n', "csv-quote", "line 2: a quote inside an unquoted value.*quote=''"),
        ('x,y\n1,"a"b\n', "csv-quote", "line 2"),
        ('x,y\n1,"a\n2,b\n3,c\n', "csv-quote", "line 2"),
        ('x,y\n1,"he said \\"no\\""\n', "csv-quote", "line 2.*with backslashes before quotes; .*RFC 4180"),
        ("a,a\n1,2\n", "csv-duplicate", "columns 1 and 2 have the same name, 'a' and 'a'"),
        ("Id,x,iD\n1,2,3\n", "csv-duplicate", "columns 1 and 3 have the same name, 'Id' and 'iD'"),
        (",_c0\n1,2\n", "csv-duplicate", "columns 1 and 2"),
        ("x" + "," * 20_480 + "\n", "text-too-long", "20,481 values"),
        ("x\na\rb\n", "csv-line-break", "line 2: a carriage return within a line"),
        ("x,y\n1,a\x00b\n", "text-encoding", "line 2: a NUL byte"),
        ("a,b\n1.234,5,6\n", "csv-ragged", "line 2: 3 values"),
    ],
)
def test_what_is_not_sure_or_broken_is_refused_with_its_place(read, text, code, words):
    with pytest.raises(DataError, match=words) as caught:
        read(text)
    assert caught.value.code == code
    assert code in TEXT_CODES
    assert "'t.csv'" in str(caught.value)


def test_options_settle_what_is_not_sure(read):
    assert read("a;b\n1;2\n3;\n", separator=";").num_rows == 2
    assert read("a,x;b\n1,5;2\n", separator=";").to_pylist() == [{"a,x": "1,5", "b": 2}]
    assert read("1,2\n3,4\n", header=True).to_pylist() == [{"1": 3, "2": 4}]
    assert read("1,2\n3,4\n", header=False).to_pylist() == [{"_c0": 1, "_c1": 2}, {"_c0": 3, "_c1": 4}]
    assert read("'a','b'\n'1','x,''y'\n", quote="'").to_pylist() == [{"a": 1, "b": "x,'y"}]
    assert read('x,y\n1,5" pipe\n', quote="").to_pylist() == [{"x": 1, "y": '5" pipe'}]
    assert read("'a','b'\n'1','2'\n", quote='"').column_names == ["'a'", "'b'"]
    assert read({"t.tsv": "a\tb,c\n1\t2,3\n"}).to_pylist() == [{"a": 1, "b,c": "2,3"}]


def test_a_hint_speaks_the_words_of_the_door(read):
    with pytest.raises(DataError) as caught:
        read("1,2\n3,4\n")
    assert "Dataset(..., header" in str(caught.value)
    assert "--csv-no-header" in said(caught.value, "command") and "Dataset(" not in said(
        caught.value, "command"
    )
    assert "Dataset(" not in said(caught.value, "http") and "--csv" not in said(caught.value, "http")


@pytest.mark.parametrize(
    "wrong",
    [
        {"separator": "ab"},
        {"separator": ""},
        {"separator": "x"},
        {"separator": '"', "quote": '"'},
        {"quote": "''"},
        {"encoding": "utf-99"},
        {"encoding": "rot13"},
        {"encoding": "idna"},
        {"header": "yes"},
    ],
)
def test_options_that_make_no_sense_are_usage_errors(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Dataset("a.csv", **wrong)


def test_options_of_text_are_refused_for_what_is_no_text(read, tmp_path, spool):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    for source in (tmp_path / "a.parquet", pa.table({"a": [1]})):
        with pytest.raises(DataError, match="header"):
            resolve_source(source, roots=(tmp_path,), spool=spool, text=TextOptions(header=True))
    with pytest.raises(DataError, match="separator"):
        read({"a.json": "{}"}, separator=";")


def test_files_of_a_folder_are_united_by_name(read):
    table = read(
        {
            "a.csv": "x,y\n1,10\n2,20\n",
            "b.csv": "y;x\n30;3\n40;4\n",
            "c.csv": "x,z,Y\n5,9,50\n",
            "d.csv": "x\n6\n",
            "e.csv": "",
            "f.tsv": "z\ty\n1.5\t\n",
        }
    )
    assert table.column_names == ["x", "y", "z"]
    assert table.column("x").to_pylist() == [1, 2, 3, 4, 5, 6, None]
    assert table.column("y").to_pylist() == [10, 20, 30, 40, 50, None, None]
    assert table.column("z").to_pylist() == [None, None, None, None, 9, None, 1.5]


def test_all_files_together_say_what_type_a_column_has(read):
    table = read({"a.csv": "id,n,x\n007,,1\n", "b.csv": "id,n,x\nA1,5,2.5\n"})
    assert table.to_pylist() == [{"id": "007", "n": None, "x": 1.0}, {"id": "A1", "n": 5, "x": 2.5}]


def test_an_error_names_the_file_of_the_folder(read):
    with pytest.raises(DataError, match=r"'sub/b\.csv', line 2: 1 values"):
        read({"a.csv": "x,y\n1,2\n", "sub/b.csv": "x,y\n1\n"})


def test_partitions_stay_columns(read):
    table = read({f"day=2024-01-0{day}/h={day}/a.csv": f"x\n{day}\n" for day in (1, 2, 3)})
    assert sorted(table.column("x").to_pylist()) == [1, 2, 3]
    assert sorted(map(str, table.column("day").to_pylist()))[0] == "2024-01-01"
    assert sorted(map(int, table.column("h").to_pylist())) == [1, 2, 3]


def test_types_that_come_late_are_found_in_bounded_blocks(read, monkeypatch):
    monkeypatch.setattr(stream, "BLOCK_BYTES", 64)
    monkeypatch.setattr(stream.read_blocks, "__defaults__", (64,))
    rows = [(n, f"t{n}" if n % 7 else 'a "quoted"\ntext, ' + "y" * n) for n in range(400)]
    text = pd.DataFrame(rows, columns=["n", "t"]).to_csv(index=False) + "0.5,last\n"
    table = read(text)
    assert table.column("n").to_pylist() == [*map(float, range(400)), 0.5]
    assert table.column("t").to_pylist() == [*(t for _, t in rows), "last"]
    with pytest.raises(DataError, match=f"line {text.count(chr(10)) + 1}: 1 values"):
        read(text + "1\n")


def test_a_record_without_end_is_refused(read, monkeypatch):
    monkeypatch.setattr(stream.read_blocks, "__defaults__", (64,))
    monkeypatch.setattr(stream, "LONGEST_RECORD", 1000)
    with pytest.raises(DataError, match="line 3: the record that begins there is longer") as caught:
        read('x,y\n1,2\n3,"' + "long\n" * 1000, header=True, separator=",")
    assert caught.value.code == "text-too-long"


def test_very_long_values_are_values(read):
    assert read("x,y\n1," + "a" * 3_000_000 + "\n").column("y").to_pylist() == ["a" * 3_000_000]


def test_reading_ends_when_the_run_does(read):
    calls = iter(range(3))

    def check():
        if next(calls, None) is None:
            raise Interrupted("deadline")

    with pytest.raises(Interrupted):
        read({f"{n}.csv": "x\n1\n" for n in range(20)}, check=check)


def test_a_file_that_changes_meanwhile_is_an_error(read, monkeypatch):
    monkeypatch.setattr(converting, "_find_types", lambda names, parts, check: [NOTHING])
    monkeypatch.setattr(converting, "_guess", lambda names, parts: [NOTHING])
    with pytest.raises(DataError, match="changed while it was read"):
        read("x\n1\n")


def test_a_full_disk_is_a_data_error_and_leaves_nothing(read, monkeypatch):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "ParquetWriter", full)
    with pytest.raises(DataError, match="No space left"):
        read("x\n1\n")


def test_what_duckdb_writes_is_read(read, tmp_path):
    query = "select 1 as i, 'a,b' as t, 1.5::double as d, date '2024-01-01' as day, null as n"
    rows = duckdb.sql(query)
    assert rows is not None
    rows.write_csv(str(tmp_path / "w.csv"))
    (row,) = read((tmp_path / "w.csv").read_bytes()).to_pylist()
    assert row["i"] == 1 and row["t"] == "a,b" and row["d"] == 1.5 and str(row["day"]) == "2024-01-01"


def test_what_arrow_writes_is_read(read):
    sink = io.BytesIO()
    pa.csv.write_csv(pa.table({"a": [1, None], "b": ['x"y', ""]}), sink)
    assert read(sink.getvalue()).to_pylist() == [{"a": 1, "b": 'x"y'}, {"a": None, "b": None}]


def test_what_r_writes_is_read(read):
    """write.csv: row names under an empty name, NA for what is missing, which makes a column text."""
    text = '"","x","ok","f"\n"1",1.5,TRUE,"a"\n"2",NA,FALSE,NA\n'
    assert read(text).to_pylist() == [
        {"_c0": 1, "x": "1.5", "ok": True, "f": "a"},
        {"_c0": 2, "x": "NA", "ok": False, "f": "NA"},
    ]


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=20), st.sampled_from([",", ";", "\t", "|"]))
def test_any_text_that_python_quotes_comes_back(rows, separator):
    """Every line break, quote and separator within quotes: RFC 4180 by Python's own writer."""
    from engine.sources.text.csvs import open_csv, read_csv
    from engine.sources.text.stream import TextFile

    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([("a", "b", "c"), *rows])

    class Memory:
        suffixes = (".csv",)
        suffix = ".csv"

        def open(self, mode):
            return io.BytesIO(buffer.getvalue().encode())

    opened = open_csv(TextFile(cast(Path, Memory()), "memory"), TextOptions(separator=separator))
    assert opened is not None
    found = [tuple(row.values()) for table in read_csv(opened) for row in table.to_pylist()]
    assert found == [tuple(value or None for value in row) for row in rows]


def test_every_code_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "reading.md").read_text()
    assert [code for code in TEXT_CODES if f"| `{code}` |" not in text] == []


def test_many_small_files_are_few_groups_of_rows(read, tmp_path, spool):
    for number in range(300):
        (tmp_path / f"{number}.csv").write_text(f"n,f\n{number},{number}.5\n")
    source = resolve_source(tmp_path, roots=(tmp_path,), spool=spool)
    (path,) = source.relation.read.data_source.paths
    written = pq.ParquetFile(path)
    assert (written.num_row_groups, written.metadata.num_rows) == (1, 300)
    written.close()
    source.release()


def test_a_cluster_is_told_the_same_dialect(spool):
    def options(source, **given):
        found = resolve_source(source, roots=None, spool=spool, text=TextOptions(**given))
        return dict(found.relation.read.data_source.options)

    plain = options("s3://bucket/x.csv")
    assert plain["header"] == "true" and plain["sep"] == "," and plain["quote"] == plain["escape"] == '"'
    assert (plain["multiLine"], plain["mode"], plain["columnPruning"]) == ("true", "FAILFAST", "false")
    said = options(["/x.csv", "/y.csv"], header=False, separator=";", encoding="cp1252", quote="'")
    assert (
        said.items()
        >= {"header": "false", "sep": ";", "encoding": "cp1252", "quote": "'", "escape": "'"}.items()
    )
    assert options("/x.tsv", quote="")["sep"] == "\t" and "escape" not in options("/x.csv", quote="")
    assert options("/x.jsonl") == {"mode": "FAILFAST"}
    for wrong in (["/x.csv", "/y.json"], ["a.b", "c.d"], ["/x.csv", "a.b"]):
        with pytest.raises(DataError, match="paths of one format"):
            resolve_source(wrong, roots=None, spool=spool)
    with pytest.raises(DataError, match="header"):
        resolve_source("a.b", roots=None, spool=spool, text=TextOptions(header=True))
