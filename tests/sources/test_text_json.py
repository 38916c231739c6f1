"""JSON lines under one policy: types as Spark has them, and what is no row refused with its line."""

from __future__ import annotations

import gzip
import json
import math
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type

from engine.context import UNBOUNDED
from engine.errors import DataError
from engine.frames.relations import read_files
from engine.models.text_options import TextOptions
from engine.sources.resolve import resolve_source
from engine.sources.text import json_lines
from engine.sources.text.json_columns import JsonStruct, JsonType, json_table, merge_json, type_of
from engine.sources.text.json_lines import JsonRows
from tests.backends.plans import run


@pytest.fixture
def read(tmp_path, spool):
    """Reads what a backend would be given of files: by name to their text or bytes."""

    def read(files, **options):
        if isinstance(files, (str, bytes)):
            files = {"t.json": files}
        for name, content in files.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        source = tmp_path / "data" / next(iter(files)) if len(files) == 1 else tmp_path / "data"
        found = resolve_source(source, roots=(tmp_path,), spool=spool, text=TextOptions(**options))
        try:
            (path,) = found.relation.read.data_source.paths
            return pq.read_table(path)
        finally:
            found.release()

    return read


# name -> lines, and Spark's type of the column v.
COLUMNS = {
    "whole": (['{"v":1}', '{"v":-9223372036854775808}', '{"v":null}', "{}"], "bigint"),
    "unsigned": (['{"v":1}', '{"v":18446744073709551615}'], "decimal(20,0)"),
    "39 digits": (['{"v":1}', '{"v":123456789012345678901234567890123456789}'], "double"),
    "double": (['{"v":1}', '{"v":2.5}', '{"v":1e3}', '{"v":-0.0}'], "double"),
    "unsigned, double": (['{"v":18446744073709551615}', '{"v":0.5}'], "double"),
    "not finite": (['{"v":1.5}', '{"v":NaN}', '{"v":Infinity}', '{"v":-Infinity}'], "double"),
    "Booleans": (['{"v":true}', '{"v":false}'], "boolean"),
    "texts": (
        ['{"v":"2024-01-01"}', '{"v":"1"}', '{"v":""}', '{"v":"\\u00e9\\t\\"\\ud83d\\ude00"}'],
        "string",
    ),
    "nothing": (['{"v":null}', '{"w":1}'], "string"),
    "number, text": (['{"v":1}', '{"v":"a"}'], "string"),
    "Boolean, number": (['{"v":true}', '{"v":1}'], "string"),
    "object, number": (['{"v":{"a":1}}', '{"v":1}'], "string"),
    "list, text": (['{"v":[1,2]}', '{"v":"x"}'], "string"),
    "lists": (['{"v":[1,2]}', '{"v":[]}', '{"v":null}', '{"v":[null,2.5]}'], "array<double>"),
    "empty lists": (['{"v":[]}'], "array<string>"),
    "lists of lists": (['{"v":[[1],[2,3]]}', '{"v":[[]]}'], "array<array<bigint>>"),
    "objects": (
        ['{"v":{"b":1,"a":"x"}}', '{"v":{"c":[true]}}'],
        "struct<a:string,b:bigint,c:array<boolean>>",
    ),
    "lists of objects": (['{"v":[{"a":1},{"b":null}]}'], "array<struct<a:bigint,b:string>>"),
    "empty lines": (["", '{"v":1}', "", " ", '{"v":2}'], "bigint"),
}
SIMPLE = {
    pa.int64(): "bigint", pa.float64(): "double", pa.bool_(): "boolean", pa.string(): "string",
    pa.decimal128(20, 0): "decimal(20,0)",
}  # fmt: skip


def name_of(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"array<{name_of(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{','.join(f'{field.name}:{name_of(field.type)}' for field in kind)}>"
    return SIMPLE[kind]


@pytest.mark.parametrize("name", COLUMNS)
def test_types_are_those_of_the_table_in_any_order(read, name):
    lines, kind = COLUMNS[name]
    for order in (lines, lines[::-1]):
        assert name_of(read("\n".join(order)).schema.field("v").type) == kind


@pytest.mark.slow
@pytest.mark.spark
def test_spark_has_the_same_types_and_values(spark_backend, data_dir, read):
    """All columns of the table in one file, each under a name of its own; short ones end in nulls."""
    names = [name for name in COLUMNS if name != "empty lines"]
    lines: list[str] = []
    for row in range(max(len(lines) for lines, _ in COLUMNS.values())):
        cells = {name: COLUMNS[name][0][row] for name in names if row < len(COLUMNS[name][0])}
        held = [
            f'"c{names.index(name)}":{cell[len(_BEFORE) : -1]}'
            for name, cell in cells.items()
            if cell.startswith(_BEFORE)
        ]
        lines.append("{" + ",".join(held) + "}")
    folder = data_dir / "json-types"
    folder.mkdir()
    (folder / "all.json").write_text("\n".join(lines))
    session = spark_backend.open_session()
    relation = read_files("json", [str(folder / "all.json")])
    request = pb.AnalyzePlanRequest(schema=pb.AnalyzePlanRequest.Schema(plan=pb.Plan(root=relation)))
    types: Any = proto_schema_to_pyspark_data_type(session.analyze(request, UNBOUNDED).schema.schema)
    found = run(session, relation)
    session.close()
    ours = read("\n".join(lines))
    for place, name in enumerate(names):
        column = f"c{place}"
        assert (name, types[column].dataType.simpleString()) == (name, COLUMNS[name][1])
        assert [_plain(row[column]) for row in found] == [
            _plain(value) for value in ours.column(column).to_pylist()
        ], name


_BEFORE = '{"v":'


def _plain(value: Any) -> Any:
    if hasattr(value, "asDict"):
        value = value.asDict()
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else repr(value)


def test_columns_are_united_by_name_in_the_order_of_their_names(read):
    table = read(
        {"a.json": '{"y":1,"x":2}\n', "b.json": '{"X":3,"z":"t"}\n', "c.jsonl": "", "d.ndjson": "{}"}
    )
    assert table.to_pylist() == [
        {"x": 2, "y": 1, "z": None},
        {"x": 3, "y": None, "z": "t"},
        {"x": None, "y": None, "z": None},
    ]


def test_what_pandas_and_python_write_is_read(read):
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, float("nan")], "d": [[1], None]})
    assert read(frame.to_json(orient="records", lines=True)).to_pylist() == [
        {"a": 1, "b": "x", "c": 0.5, "d": [1]},
        {"a": 2, "b": None, "c": None, "d": None},
    ]
    (row,) = read(json.dumps({"v": math.nan, "w": 2**64})).to_pylist()
    assert math.isnan(row["v"]) and row["w"] == Decimal(2**64)


@pytest.mark.parametrize(
    "data",
    [
        b'\xef\xbb\xbf{"v":"\xc3\xa9"}\n',
        '{"v":"é"}\n'.encode("utf-16"),
        gzip.compress('{"v":"é"}'.encode()),
        '{"v":"é"}\r\n\r\n'.encode(),
    ],
)
def test_marks_compression_and_line_breaks_are_read(read, data):
    assert read(data).to_pylist() == [{"v": "é"}]


def test_an_encoding_that_is_said_is_read(read):
    assert read('{"v":"é"}'.encode("cp1252"), encoding="cp1252").to_pylist() == [{"v": "é"}]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('{"x":1}\n{"x":\n{"x":3}\n', "json-broken", "line 2: it is not JSON"),
        ('{"x":1}\n{"x":2}{"x":3}\n', "json-broken", "line 2: it is not JSON: Extra data"),
        ('[{"x":1},{"x":2}]', "json-not-objects", "line 1: a list instead of an object.*lines=True"),
        ('[\n{"x":1},\n{"x":2}\n]', "json-broken", "line 1: the value that begins there spans several"),
        ('{\n "x": 1\n}\n', "json-broken", "spans several lines"),
        ('{"x":1}\n5\n', "json-not-objects", "line 2: a number instead"),
        ('{"x":1}\nnull\n', "json-not-objects", "line 2: null instead"),
        ('"x"', "json-not-objects", "a text instead"),
        ('{"x":1,"x":2}\n', "json-duplicate", "line 1: an object has the same name twice, 'x'"),
        ('{"x":1,"X":2}\n', "json-duplicate", "'x' and 'X'"),
        ('{"o":{"x":1,"x":2}}\n', "json-duplicate", "'x'"),
        ("{'x':1}\n", "json-broken", "line 1"),
        ('{"x":1,}\n', "json-broken", "line 1"),
        ('{"x":01}\n', "json-broken", "line 1"),
        ('{"x":"\\ud800"}\n', "text-encoding", "half of a character"),
        ('{"x":' + "9" * 5000 + "}\n", "json-broken", "line 1"),
        ('{"x":' + "[" * 100_000 + "]" * 100_000 + "}\n", "json-too-deep", "line 1: it nests too deeply"),
        ('{"x":' + "[" * 60 + "]" * 60 + "}\n", "json-too-deep", "nests more than"),
        ("\n".join(f'{{"k{n}":1}}' for n in range(10_001)), "json-too-deep", "different names"),
        ("", "text-empty", "no line"),
        (" \n\n", "text-empty", "no line"),
        ("{}\n{}\n", "text-empty", "no"),
        ('{"x":"a\tb"}\n', "json-broken", "line 1"),
    ],
)  # fmt: skip
def test_what_is_no_row_is_refused_with_its_line(read, text, code, words):
    with pytest.raises(DataError, match=words) as caught:
        read(text)
    assert (caught.value.code, "'t.json'" in str(caught.value)) == (code, True)


def test_bytes_that_are_no_text_name_the_line(read):
    with pytest.raises(DataError, match="line 2: the byte 0xe9"):
        read(b'{"v":1}\n{"v":"\xe9"}\n')


def test_types_that_come_late_are_found(read, monkeypatch):
    monkeypatch.setattr(json_lines, "_BLOCK_BYTES", 64)
    lines = [json.dumps({"n": n, "o": {"a": n}}) for n in range(200)]
    table = read("\n".join([*lines, '{"n":0.5,"o":{"B":"x"},"p":[1]}']))
    assert table.column("n").to_pylist() == [*map(float, range(200)), 0.5]
    assert table.column("o").to_pylist()[-2:] == [{"a": 199, "B": None}, {"a": None, "B": "x"}]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.lists(st.dictionaries(st.sampled_from("xyz"), VALUES, max_size=3), min_size=1, max_size=6)


@given(OBJECTS)
def test_any_objects_have_one_type_however_they_are_cut(objects):
    objects = json.loads(json.dumps(objects))
    whole = type_of(JsonRows(objects, "m", 1))
    merged: JsonType = JsonStruct()
    for one in objects:
        merged = merge_json(merged, type_of(JsonRows([one], "m", 1)))
    assert merged == whole
    assume(whole.fields)
    table = json_table(JsonRows(objects, "m", 1), whole)
    assert table.num_rows == len(objects)
    for one, row in zip(objects, table.to_pylist(), strict=True):
        for name, value in row.items():
            assert (value is None) == (one.get(name) is None)
            if isinstance(one.get(name), (int, str)) and type(value) is type(one[name]):
                assert value == one[name]
