"""What belongs to the wall is found by those who ask for its tests."""

from pathlib import Path

from tests.escape.wall import HERE, PARTS, ROOT, with_parts

PATHS = [str(ROOT / path) for paths in PARTS.values() for path in paths]


def test_every_part_exists_and_is_named_once() -> None:
    assert [path for path in PATHS if not Path(path).exists()] == []
    assert len(set(PATHS)) == len(PATHS)


def test_who_asks_for_the_attempts_gets_the_parts() -> None:
    for asked in ("tests/escape", "tests/escape/", str(HERE)):
        assert with_parts([asked], ROOT) == [asked, *PATHS]
        assert with_parts([asked, *PATHS], ROOT) == [asked, *PATHS]
    assert with_parts(["."], HERE) == [".", *PATHS]


def test_who_asks_for_anything_else_gets_that() -> None:
    for asked in (
        "tests",
        "tests/escape/test_parts.py",
        "tests/escape/test_layers.py::test_header_is_what_is_seen",
    ):
        assert with_parts([asked], ROOT) == [asked]
