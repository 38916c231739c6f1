"""Columns in the names of folders: how they are read, typed, and written anew."""

from __future__ import annotations

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import given

from engine.sources.partitions import encode, find_type, folder_name, read_folders

INT, LONG, TEXT, DATE = pa.int32(), pa.int64(), pa.string(), pa.date32()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2"], INT),
        (["0", "-7"], INT),
        (["1", None], INT),
        (["2147483648"], LONG),
        (["-9223372036854775808"], LONG),
        (["9223372036854775808"], TEXT),
        (["007", "8"], TEXT),
        (["+1"], TEXT),
        (["-0"], TEXT),
        (["1 "], TEXT),
        (["1_000"], TEXT),
        (["1.0"], TEXT),
        (["1e3"], TEXT),
        (["\u0661"], TEXT),  # a digit, but not one of ours
        (["2024-01-31", None], DATE),
        (["2024-02-30"], TEXT),
        (["2024-1-31"], TEXT),
        (["20240131"], INT),
        (["2024-01-31", "7"], TEXT),
        (["2024-W05-3"], TEXT),
        (["0000-01-01"], TEXT),
        (["2024-01-31 00:00:00"], TEXT),
        (["true"], TEXT),
        ([None], TEXT),
        (["NaN"], TEXT),
    ],
)
def test_a_type_is_that_in_which_every_value_is_written(values, kind):
    assert find_type(values) == kind


def test_names_of_folders_are_decoded_and_those_without_a_column_passed_over():
    assert read_folders(["data", "a%20b=x%2Fy", "=z", "c=__HIVE_DEFAULT_PARTITION__", "d=e=f", "g="]) == (
        ("a b", "x/y"), ("c", None), ("d", "e=f"), ("g", ""),
    )  # fmt: skip
    assert read_folders(["a=%FF", "b=100%", "c=%zz", "d=gr%C3%BCn"]) == (
        ("a", "%FF"), ("b", "100%"), ("c", "%zz"), ("d", "grün"),
    )  # fmt: skip


@given(st.text(min_size=1), st.none() | st.text(min_size=1))
def test_a_folder_made_anew_says_the_same_and_is_a_name_for_every_backend(name, value):
    if value == "__HIVE_DEFAULT_PARTITION__":
        return
    made = folder_name(name, value)
    assert read_folders([made]) == ((name, value),)
    assert not set(encode(name)) & set("/*?[]{}\\:= \n%") - {"%"}
