"""What claimed work needs to run, as the database has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa

from engine import Metric, SegmentGroup
from engine.service.data.baselines import NOTHING, TAKES, Compared, compared_by
from engine.service.segments import groups_of
from engine.service.store.database import Database
from engine.service.store.scope import segments_of
from engine.service.store.tables import MetricVersion, Model, StoredDataset
from engine.service.work import leases


@dataclass(frozen=True, slots=True)
class Task:
    """What a claim needs to run.

    Attributes:
        model: whose metrics they are.
        dataset: that they are calculated on.
        codes: of them, by the ids of metric versions.
        segments: of the model, by their ids.
        compared: what metrics of two frames compare with.
    """

    model: Model
    dataset: StoredDataset
    codes: dict[str, Metric]
    segments: Mapping[str, SegmentGroup]
    compared: Compared


def load_task(database: Database, claim: leases.Claim) -> Task | None:
    """Read what a claim needs; None if some of it was deleted meanwhile, then the rest is given back."""
    first = claim.first
    with database.session() as session:
        model = session.scalars(sa.select(Model).where(Model.id == first.model_id)).one_or_none()
        query = sa.select(StoredDataset).where(StoredDataset.id == first.dataset_id)
        dataset = session.scalars(query).one_or_none()
        ids = [work.metric_version_id for work in claim.work]
        found = session.scalars(sa.select(MetricVersion).where(MetricVersion.id.in_(ids)))
        codes = {version.id: Metric(version.code, version.params or {}) for version in found}
        if model is None or dataset is None or set(codes) != set(ids):
            for work in claim.work:
                leases.give_back(session, claim, work, None)
            return None
        groups = groups_of(segments_of(session, model.id))
        return Task(model, dataset, codes, groups, compared_by(session, model, dataset.id))


def split_comparing(claim: leases.Claim, task: Task) -> list[tuple[leases.Claim, Task]]:
    """A claim as it is, or what may compare apart: a baseline that cannot be read is no fault of the rest.

    Args:
        claim: with all of its work.
        task: what that needs.
    """
    if task.compared.setting is None:
        return [(claim, task)]
    comparing = {version for version, code in task.codes.items() if TAKES in str(code.source)}
    found = []
    for wanted, compared in ((task.codes.keys() - comparing, NOTHING), (comparing, task.compared)):
        work = tuple(one for one in claim.work if one.metric_version_id in wanted)
        if work:
            codes = {version: code for version, code in task.codes.items() if version in wanted}
            found.append((replace(claim, work=work), replace(task, codes=codes, compared=compared)))
    return found
