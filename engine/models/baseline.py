"""The data that a metric of two frames compares with, as the caller names it. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, get_args

from engine.errors import UsageError
from engine.models.dataset import Dataset
from engine.models.durations import Duration, parse_duration
from engine.wording import worded

BaselineKind = Literal["training", "previous", "first"]
KINDS: Final[tuple[BaselineKind, ...]] = get_args(BaselineKind)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What `calc_metric(df, baseline)` gets as its second frame: made by `data`, `previous` or `first`.

    Each segment has its own baseline frame, by the same conditions; segments that are found in the data are
    those of the data. A segment that the baseline lacks has a baseline frame without rows.

    Attributes:
        kind: "training" for other data, "previous" or "first".
        dataset: the other data; else None.
        length: of "first"; else None.
    """

    kind: BaselineKind
    dataset: Dataset | None = None
    length: Duration | None = None

    def __post_init__(self) -> None:
        fits = (self.kind == "training", self.kind == "first") == (
            isinstance(self.dataset, Dataset),
            isinstance(self.length, Duration),
        )
        if self.kind not in KINDS or not fits:
            raise UsageError(worded("this is not a baseline: {give_baseline}"))

    @staticmethod
    def data(dataset: Dataset) -> Baseline:
        """Other data, such as what a model was trained on: all of it, in each window.

        Args:
            dataset: what to read; of one with a retention what lies within it.

        Raises:
            UsageError: it is no `Dataset`.
        """
        if not isinstance(dataset, Dataset):
            kind = type(dataset).__name__
            raise UsageError(worded("a baseline needs a Dataset, not a {kind}: {give_baseline}", kind=kind))
        return Baseline("training", dataset=dataset)

    @staticmethod
    def previous() -> Baseline:
        """The window before, of the same data: the calendar's, within the retention, else nothing.

        The full data over the whole range is compared with the range of the same length before it.
        """
        return Baseline("previous")

    @staticmethod
    def first(length: str | timedelta | Duration) -> Baseline:
        """The first stretch of the same data, counted from its oldest row within the retention.

        Args:
            length: such as "30d", or a timedelta.

        Raises:
            UsageError: it is no length of time.
        """
        return Baseline("first", length=parse_duration(length, what="the length of a baseline"))

    def to_dict(self) -> dict[str, str]:
        """JSON form."""
        return {"kind": self.kind} | ({} if self.length is None else {"length": str(self.length)})


def read_baseline(text: str) -> Baseline:
    """The baseline that a text names: "previous" or "first:30d".

    Raises:
        UsageError: it is neither.
    """
    kind, _, length = text.partition(":")
    if text == "previous":
        return Baseline.previous()
    if kind == "first" and length:
        return Baseline.first(length)
    raise UsageError(worded("{value} is not a baseline: {give_baseline}", value=repr(text)))
