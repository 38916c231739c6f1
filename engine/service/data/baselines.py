"""What a model's metrics of two frames compare with: its setting, or what its version was trained with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine import Baseline, Dataset, Engine
from engine.service.data.datasets import SourceOwner, fingerprint, look_at_source, state_of
from engine.service.settings import Settings
from engine.service.store.tables import Model, ModelVersion, StoredDataset

TRAINING: Final = "training"
# In the code of every metric that takes a second frame.
TAKES: Final = "baseline"


@dataclass(frozen=True, slots=True)
class Compared:
    """What is compared with.

    Attributes:
        setting: its JSON form; None: nothing.
        training: the data that "training" means; else None.
    """

    setting: dict[str, Any] | None = None
    training: StoredDataset | None = None

    @property
    def baseline(self) -> Baseline | None:
        """It, as runs take it."""
        if self.setting is None:
            return None
        if self.setting["kind"] == "previous":
            return Baseline.previous()
        if self.setting["kind"] == "first":
            return Baseline.first(self.setting["length"])
        return None if self.training is None else Baseline.data(dataset_of(self.training))

    @property
    def text(self) -> str:
        """What tells results apart that were compared with other things; "" for nothing."""
        if self.setting is None:
            return ""
        of = self.setting.get("length") or (self.training.id if self.training is not None else "")
        return f"{self.setting['kind']}:{of}" if of else str(self.setting["kind"])

    def seen(self, engine: Engine) -> str:
        """Changes when it, its local files or its objects are changed."""
        if (found := self.training) is None:
            return self.text
        return fingerprint(found.source, found.timestamp, self.text, state_of(found.source, engine))

    def look(self, settings: Settings, reader: SourceOwner) -> None:
        """See that its data is there, and within what the operator opened; see `look_at_source`."""
        if self.training is not None:
            look_at_source(self.training.source, settings, reader)


NOTHING: Final = Compared()


def dataset_of(stored: StoredDataset, retention: str | None = None) -> Dataset:
    """The rows of a stored dataset: all of them, or those within a retention."""
    return Dataset(stored.source, timestamp=stored.timestamp, retention=retention, **(stored.text or {}))


def compared_by(session: Session, model: Model, dataset_id: str) -> Compared:
    """What is compared with where a dataset of a model is calculated or tried.

    A setting of the model goes first; without one it is what the dataset's version was trained with.
    """
    setting = model.baseline or {"kind": TRAINING}
    if setting["kind"] != TRAINING:
        return Compared(setting)
    of = sa.or_(ModelVersion.serving_id == dataset_id, ModelVersion.training_id == dataset_id)
    query = sa.select(StoredDataset).join(ModelVersion, ModelVersion.training_id == StoredDataset.id)
    query = query.where(ModelVersion.model_id == model.id, of).order_by(ModelVersion.seq.desc()).limit(1)
    training = session.scalars(query).first()
    return NOTHING if training is None else Compared(setting, training)


def can_compare(session: Session, model: Model) -> bool:
    """Whether a model has anything to compare with, on any of its versions."""
    if (model.baseline or {"kind": TRAINING})["kind"] != TRAINING:
        return True
    query = sa.select(ModelVersion.seq).where(
        ModelVersion.model_id == model.id, ModelVersion.training_id.is_not(None)
    )
    return session.execute(query.limit(1)).first() is not None
