"""The types of answers that are remembered stay few and small."""

from __future__ import annotations

from engine.queries.descriptions import Descriptions


def test_one_is_remembered_once_and_taken_with_its_key():
    taken = list[int]()
    known: Descriptions[str] = Descriptions(10, 100, lambda size: taken.append(size) is None)
    assert known.get(b"key") is None
    known.keep(b"key", "type", 5)
    known.keep(b"key", "another", 5)
    assert known.get(b"key") == "type" and taken == [8] and len(known) == 1


def test_no_more_than_there_is_room_for():
    few: Descriptions[int] = Descriptions(3, 1_000, lambda _: True)
    small: Descriptions[int] = Descriptions(1_000, 10, lambda _: True)
    none: Descriptions[int] = Descriptions(1_000, 1_000, lambda _: False)
    for known, most in ((few, 3), (small, 5), (none, 0)):
        for number in range(20):
            known.keep(bytes([number]), number, 1)
        assert len(known) == most
