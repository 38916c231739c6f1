"""The frames of the benchmarks of fan-out: the full data and 156 segments in four groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from engine import SegmentGroup
from engine.models.run import Run

# Ages below the first edge are in no bucket.
EDGES = (15, 18, 25, 30, 35, 40, 50, 60, 70, 80, 95)
BUCKETS = tuple(f"[{low},{high})" for low, high in pairwise(EDGES))
# Columns of each grouping, the full data first; `bucket` is the place of the age's bucket, -1 for none.
GROUPINGS: tuple[tuple[str, ...], ...] = (
    (),
    ("country",),
    ("category",),
    ("bucket",),
    ("country", "bucket"),
)
_CASES = " ".join(f"WHEN age < {edge} THEN {place}" for place, edge in enumerate(EDGES[1:]))
BUCKET_SQL = f"CASE WHEN age < {EDGES[0]} THEN -1 {_CASES} ELSE -1 END"
SETS_SQL = ", ".join(f"({', '.join(names)})" for names in GROUPINGS)
_PLACES = {"country": 0, "category": 1, "bucket": 2}

# Country, category and bucket of a frame; None where it has none.
Key = tuple[str | None, str | None, str | None]
Values = dict[Key, float]
_T = TypeVar("_T")


def groups() -> list[SegmentGroup]:
    """12 countries, 14 categories, 10 buckets of age, and 120 pairs of country and bucket."""
    countries, ages = SegmentGroup.by_value("country"), SegmentGroup.by_buckets("age", EDGES)
    return [countries, SegmentGroup.by_value("category"), ages, SegmentGroup.cross(countries, ages)]


def hand_key(names: Sequence[str], members: Sequence[Any]) -> Key | None:
    """The key of the frame that a hand-written query speaks of; None for ages in no bucket."""
    named = dict(zip(names, members, strict=True))
    place = named.get("bucket")
    if place is not None and place < 0:
        return None
    return named.get("country"), named.get("category"), None if place is None else BUCKETS[int(place)]


def read_sets(rows: Iterable[Sequence[Any]], finish: Callable[..., _T]) -> dict[Key, _T]:
    """The numbers of a query with grouping sets.

    Args:
        rows: country, category, bucket, the bits of those not grouped by, and the aggregates.
        finish: makes the number of the aggregates.
    """
    sets = {
        sum(4 >> place for name, place in _PLACES.items() if name not in names): names for names in GROUPINGS
    }
    values: dict[Key, _T] = {}
    for row in rows:
        names = sets[row[3]]
        key = hand_key(names, [row[_PLACES[name]] for name in names])
        if key is not None:
            values[key] = finish(*row[4:])
    return values


def read_groupings(tables: Iterable[Iterable[Sequence[Any]]], finish: Callable[..., _T]) -> dict[Key, _T]:
    """The numbers of one query for each grouping, in order: its columns, then the aggregates."""
    values: dict[Key, _T] = {}
    for names, rows in zip(GROUPINGS, tables, strict=True):
        for row in rows:
            key = hand_key(names, row[: len(names)])
            if key is not None:
                values[key] = finish(*row[len(names) :])
    return values


def values_of(run: Run) -> Values:
    """The numbers of a run over `groups`, by frame."""
    return {_frame_key(result.frame.segment): number(result) for result in run.results}


def number(result: Any) -> float:
    """The number of a frame.

    Raises:
        RuntimeError: it has none, so that its time would mean nothing.
    """
    if result.status != "ok":
        text = "" if result.error is None else f": {result.error.message}"
        raise RuntimeError(f"the frame {result.frame.segment or 'of all data'} is {result.status}{text}")
    return float(result.value)


def difference(one: Values, other: Values) -> float:
    """The largest relative difference of any frame; infinite if they are not of the same frames."""
    if one.keys() != other.keys():
        return float("inf")
    return max(abs(one[key] - other[key]) / max(abs(one[key]), 1e-300) for key in one)


def _frame_key(segment: Any) -> Key:
    if segment is None:
        return None, None, None
    crossed = isinstance(segment.group, tuple)
    names = segment.group if crossed else (segment.group,)
    named = dict(zip(names, segment.value if crossed else (segment.value,), strict=True))
    return named.get("country"), named.get("category"), named.get("age")
