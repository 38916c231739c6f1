"""Whether the data of a model's versions can be read, and whether the segments of the model fit it.

Data is looked at when a version or a segment group is made, so that a mistake is told at once, and again by
each calculation that it fails. What was found is kept with the dataset.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine import Dataset, Engine, ParamsRefused, SegmentGroup
from engine.errors import CalcmetricError, DataError, UsageError
from engine.failures import describe
from engine.results.text import clean_text
from engine.service.admission.fairpool import FairPool
from engine.service.data.datasets import SourceOwner, look_at_source
from engine.service.settings import Settings
from engine.service.store.tables import ModelVersion, StoredDataset
from engine.wording import said

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
# How long who makes a version or a segment waits for the data; and how many data are looked at at a time.
_SECONDS: Final = 10.0
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Fit:
    """What was found when data was looked at.

    Attributes:
        error: why it cannot be read, or None.
        wrong: what the error is about.
        segments: why segment groups do not fit it, by their keys.
    """

    error: str | None = None
    wrong: Literal["source", "timestamp"] | None = None
    segments: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self, at: datetime) -> dict[str, Any]:
        """What is kept of it."""
        return {"error": self.error, "segments": dict(self.segments), "checked_at": at.isoformat()}


@dataclass(frozen=True, slots=True)
class Data:
    """What is looked at.

    Attributes:
        source: of the dataset.
        timestamp: its column of time, or None.
        zone: of the model.
        reader: the account whose data it is, and whether it is the only one.
        text: what was said of files of text, by the names of `Dataset`.
    """

    source: str
    timestamp: str | None
    zone: str
    reader: SourceOwner
    text: Mapping[str, Any] = field(default_factory=dict)


def look(engine: Engine, settings: Settings, data: Data, segments: Mapping[str, SegmentGroup]) -> Fit:
    """Look at data, and at each segment group by itself if they do not fit all together.

    Raises:
        CalcmetricError: it could not be looked at.
    """
    try:
        look_at_source(data.source, settings, data.reader)
    except DataError as error:
        return Fit(_text(error), "source")
    if _wrong(engine, data, data.timestamp, tuple(dict.fromkeys(segments.values()))) is None:
        return Fit()
    alone = _wrong(engine, data, data.timestamp, ())
    if alone is not None:
        return Fit(alone, "timestamp" if _wrong(engine, data, None, ()) is None else "source")
    found = {key: _wrong(engine, data, data.timestamp, (group,)) for key, group in segments.items()}
    return Fit(segments={key: text for key, text in found.items() if text is not None})


def run_fitting(
    run: Callable[[Mapping[str, SegmentGroup]], _T],
    segments: Mapping[str, SegmentGroup],
    look_again: Callable[[UsageError], Fit],
) -> tuple[_T, Fit]:
    """Run with every segment group, or with those that fit the data if some do not.

    Args:
        run: is given segment groups by their keys.
        segments: all of them.
        look_again: looks at the data after this error, with every segment group.

    Returns:
        What ran, and what did not fit.

    Raises:
        CalcmetricError: as `run`, for another reason than its segments.
    """
    try:
        return run(segments), Fit()
    except ParamsRefused:
        raise  # of one metric, not of the data
    except UsageError as error:
        fit = look_again(error)
        if not fit.segments:
            raise
    return run({key: group for key, group in segments.items() if key not in fit.segments}), fit


def _wrong(engine: Engine, data: Data, timestamp: str | None, segments: Sequence[SegmentGroup]) -> str | None:
    try:
        dataset = Dataset(data.source, timestamp=timestamp, **data.text)
        engine.check_data(dataset, segments=segments, zone=data.zone, tenant=data.reader.account)
    except UsageError as error:
        return _text(error)
    return None


def _text(error: CalcmetricError) -> str:
    return clean_text(said(error, "http"))


class Looker:
    """Looks at data for requests, which wait for it for a while only. Thread-safe."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._threads = FairPool(_AT_ONCE, "calcmetric-look")

    def look(self, data: Data, segments: Mapping[str, SegmentGroup]) -> Fit | None:
        """What was found; None if the engine cannot say it soon."""
        try:
            going = self._threads.submit(
                data.reader.account, lambda: look(self._engine, self._settings, data, segments)
            )
            return going.result(_SECONDS)
        except Late:
            going.cancel()
            return None
        except (CalcmetricError, RuntimeError) as error:  # it closes, or its backend is away
            logger.warning("data could not be looked at: %s", describe(error))
            return None

    def close(self) -> None:
        """Look at nothing more."""
        self._threads.close()


def note_fit(session: Session, dataset_id: str, fit: Fit, at: datetime) -> None:
    """Keep what was found, if it is news."""
    query = sa.select(StoredDataset).where(StoredDataset.id == dataset_id)
    dataset = session.scalars(query).one_or_none()
    if dataset is None:
        return
    fresh = fit.to_dict(at)
    known = dataset.health or {}
    if any(known.get(name) != fresh[name] for name in ("error", "segments")):
        dataset.health = fresh


def version_health(
    version: ModelVersion, datasets: Mapping[str, StoredDataset], segments: frozenset[str]
) -> dict[str, Any]:
    """The health of a version.

    Args:
        version: the model version to report on.
        datasets: by their ids; its own at least.
        segments: ids of the segment groups that its model has now.
    """
    serving, training = datasets.get(version.serving_id or ""), datasets.get(version.training_id or "")
    seen = None if serving is None else serving.health
    wrong = {key: text for key, text in (seen or {}).get("segments", {}).items() if key in segments}
    error = (seen or {}).get("error")
    if error is None and training is not None and (training.health or {}).get("error"):
        error = f"training_dataset: {(training.health or {})['error']}"
    if error is not None:
        status = "failing"
    elif serving is None:
        status = "no-data"
    elif serving.timestamp is None:
        status = "no-timestamp"
    elif wrong:
        status = "bad-segments"
    else:
        status = "unchecked" if seen is None else "good"
    return {
        "status": status,
        "error": error,
        "segments": [{"id": key, "error": text} for key, text in wrong.items()],
        "checked_at": (seen or {}).get("checked_at"),
    }


def segment_health(segment_id: str, versions: Sequence[tuple[str, dict[str, Any] | None]]) -> dict[str, Any]:
    """The health of a segment group.

    Args:
        segment_id: the id of the segment group.
        versions: of its model: their ids, and what was found of their serving data.
    """
    looked = [(version, seen) for version, seen in versions if seen is not None]
    wrong = [
        {"id": version, "error": seen["segments"][segment_id]}
        for version, seen in looked
        if segment_id in seen["segments"]
    ]
    status = "failing" if wrong else "good" if looked else "unchecked"
    return {"status": status, "versions": wrong}
