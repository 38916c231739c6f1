"""Cutting shared tables into the answers of frames."""

import numpy as np
import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest

from engine.frames.not_fusable import NotFusable
from engine.queries.answers import check_same, named_as, split_rows


def struct(**kinds: str) -> pb.DataType:
    schema = pb.DataType()
    schema.struct.SetInParent()
    for name, kind in kinds.items():
        field = schema.struct.fields.add(name=name, nullable=False)
        getattr(field.data_type, kind).SetInParent()
    return schema


@pytest.mark.parametrize("frames", [[2, 0, 2, -1, 0], [0, 0, 1, 1, 5], [-1, -1, 0, 1, 1], [3, 3, 3, 3, 3]])
def test_each_frame_gets_its_rows_in_their_order(frames):
    table = pa.table({"x": list(range(len(frames)))})
    split = split_rows(struct(x="long"), table, np.array(frames))
    for frame in range(6):
        own = [row for row, its in enumerate(frames) if its == frame]
        answer = split.answer(frame)
        assert (answer.table["x"].to_pylist() if answer else []) == own


def test_no_rows_at_all():
    table = pa.table({"x": pa.array([], pa.int64())})
    assert split_rows(struct(x="long"), table, np.array([], np.int64)).answer(0) is None


def test_frames_that_have_to_ask_for_themselves_say_so():
    split = split_rows(struct(x="long"), pa.table({"x": [1, 2]}), np.array([0, 1]), np.array([1, 1]))
    first = split.answer(0)
    assert first is not None and first.table["x"].to_pylist() == [1]
    with pytest.raises(NotFusable):
        split.answer(1)


def test_a_rolled_up_answer_has_the_names_and_types_of_the_guests_own_plan():
    columns = [pa.array([1]), pa.array([0.5])]
    assert named_as(struct(n="long", share="double"), columns).column_names == ["n", "share"]
    for wrong in (struct(n="integer", share="double"), struct(n="long"), struct(n="binary", share="double")):
        with pytest.raises(NotFusable):
            named_as(wrong, columns)


def test_shared_columns_may_be_nullable_where_the_guests_are_not():
    own, shared = struct(n="long"), struct(n="long")
    shared.struct.fields[0].nullable = True
    check_same(own, shared.struct.fields)
    for wrong in (struct(m="long"), struct(n="double"), struct(n="long", k="long")):
        with pytest.raises(NotFusable):
            check_same(own, wrong.struct.fields)
