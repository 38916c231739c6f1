"""Arrow streams as PySpark writes them, and such as nobody honest would."""

from __future__ import annotations

import struct
from typing import Any

import pandas as pd
import pyarrow as pa


def stream(table: Any, options: Any = None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


PLAIN = stream(pa.table({"a": [1, 2, 3], "t": ["x", None, "z"]}))


def batch(length: int, nodes: list[tuple[int, int]], buffers: list[tuple[int, int]], body: bytes) -> bytes:
    """A message with a record batch, its facts made by hand; the numbers beside are where they stand."""
    first, second = (b"".join(struct.pack("<qq", *pair) for pair in pairs) for pairs in (nodes, buffers))
    after = 88 + len(first)
    facts = struct.pack("<IHHHHHH", 16, 12, 24, 4, 6, 8, 16)  # 0: the root; 4: fields of a message
    facts += struct.pack("<ihBxIxxxxq", 12, 4, 3, 56 - 24, len(body))  # 16: the message
    facts += struct.pack("<HHHHH6x", 10, 20, 8, 4, 16)  # 40: fields of a batch
    facts += struct.pack("<iIqI", 16, 84 - 60, length, after + 4 - 72)  # 56: the batch
    facts += bytes(8) + struct.pack("<I", len(nodes)) + first  # 84
    facts += bytes(4) + struct.pack("<I", len(buffers)) + second
    facts += bytes(-len(facts) % 8)
    return struct.pack("<II", 0xFFFFFFFF, len(facts)) + facts + body


def after_schema(schema: Any, *messages: bytes) -> bytes:
    """A stream of a schema and messages made by hand."""
    return bytes(schema.serialize()) + b"".join(messages) + struct.pack("<II", 0xFFFFFFFF, 0)


LONG = pa.schema([("a", pa.int64())])
_TEXT = pa.schema([("a", pa.string())])
FOUR = struct.pack("<qqqq", 1, 2, 3, 4)


_MANY = pa.schema([(f"a{index}", pa.int64()) for index in range(50)])
_OFFSETS = struct.pack("<iiii", 0, 1 << 30, 2, 3)

HOSTILE = {
    "noise": b"\x07" * 100,
    "a mark alone": PLAIN[:4],
    "a length alone": PLAIN[:8],
    "half of it": PLAIN[: len(PLAIN) // 2],
    "no end, and half a batch": PLAIN[:-40],
    "data after its end": PLAIN + b"\0" * 8,
    "two streams": PLAIN + PLAIN,
    "no schema": PLAIN[-8:],
    "two schemas": after_schema(LONG, LONG.serialize().to_pybytes()),
    "a file": b"ARROW1\0\0" + PLAIN,
    "the old frames": stream(pa.table({"a": [1]}), pa.ipc.IpcWriteOptions(use_legacy_format=True)),
    "compressed": stream(pa.table({"a": [0] * 9_000}), pa.ipc.IpcWriteOptions(compression="zstd")),
    "a dictionary": stream(pa.table({"a": pa.array(["x"]).dictionary_encode()})),
    "runs": stream(pa.table({"a": pa.RunEndEncodedArray.from_arrays([1 << 30], ["x"])})),
    "a union": stream(pa.table({"a": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])})),
    "views": stream(pa.table({"a": pa.array(["x"], pa.string_view())})),
    "a fixed size": stream(pa.table({"a": pa.array([[1]], pa.list_(pa.int64(), 1))})),
    "an extension": stream(pa.table({"a": pd.period_range("2026-01", periods=2, freq="M").array})),
    "a zone of a hundred letters": stream(pa.table({"a": pa.array([], pa.timestamp("us", "A" * 100))})),
    "nested forty times": stream(
        pa.table({"a": pa.array([], eval("pa.list_(" * 40 + "pa.int64()" + ")" * 40))})
    ),
    "rows without end": after_schema(pa.schema([("a", pa.null())]), batch(1 << 40, [(1 << 40, 0)], [], b"")),
    "rows less than none": after_schema(LONG, batch(-1, [(-1, 0)], [(0, 0), (0, 0)], b"")),
    "more nulls than values": after_schema(LONG, batch(4, [(4, 5)], [(0, 0), (0, 32)], FOUR)),
    "rows that are not there": after_schema(LONG, batch(9, [(9, 0)], [(0, 0), (0, 32)], FOUR)),
    "a column shorter than its batch": after_schema(LONG, batch(4, [(2, 0)], [(0, 0), (0, 32)], FOUR)),
    "a column outside of the body": after_schema(LONG, batch(4, [(4, 0)], [(0, 0), (8, 32)], FOUR)),
    "a column before the body": after_schema(LONG, batch(4, [(4, 0)], [(0, 0), (-8, 32)], FOUR)),
    "columns in one place": after_schema(_MANY, batch(4, [(4, 0)] * 50, [(0, 0), (0, 32)] * 50, FOUR)),
    "offsets outside of the text": after_schema(
        _TEXT, batch(3, [(3, 0)], [(0, 0), (0, 16), (16, 8)], _OFFSETS + b"abcdefgh")
    ),
    "text that is none": after_schema(
        _TEXT, batch(1, [(1, 0)], [(0, 0), (0, 8), (8, 8)], struct.pack("<ii", 0, 8) + b"\xff" * 8)
    ),
    "fewer columns than the schema": after_schema(_MANY, batch(4, [(4, 0)], [(0, 0), (0, 32)], FOUR)),
    "a hidden column": stream(pa.table({"_metadata": [1]})),
    "a hidden column inside": stream(pa.table({"a": [{"__metadata": 1}]})),
}


def several() -> list[bytes]:
    """A stream of each type that is let through, with nulls, and one of two batches."""
    columns = {
        "null": pa.nulls(3),
        "flag": pa.array([True, None, False]),
        "small": pa.array([1, None, 3], pa.uint8()),
        "real": pa.array([0.5, None, float("nan")]),
        "decimal": pa.array([1, None, 3], pa.decimal128(20, 2)),
        "text": pa.array(["a", None, "ccc"], pa.large_string()),
        "bytes": pa.array([b"a", None, b"ccc"]),
        "day": pa.array([1, None, 3], pa.int32()).cast(pa.date32()),
        "time": pa.array([1, None, 3], pa.time64("us")),
        "moment": pa.array([1, None, 3], pa.timestamp("us", "UTC")),
        "span": pa.array([1, None, 3], pa.duration("us")),
        "list": pa.array([[1], None, []]),
        "struct": pa.array([{"x": 1, "y": "z"}, None, {"x": None, "y": ""}]),
        "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
        "nested": pa.array([[{"x": [1]}], None, []]),
    }
    twice = pa.Table.from_batches([pa.record_batch({"a": [1, 2]}), pa.record_batch({"a": [3]})])
    return [stream(twice), *(stream(pa.table({name: column})) for name, column in columns.items())]
