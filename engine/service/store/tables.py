"""The tables. Public ids are random, so that they tell nothing of other accounts; `seq` gives the order."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    String,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from engine.models.result import Status
from engine.service.store.kinds import DUE, ResultKind, ValidationState, WorkKind, WorkState


class Instant(TypeDecorator[datetime]):
    """An aware datetime, in UTC whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: SQLite has no zones, so there it is UTC without one."""
        if value is None:
            return None
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The instant of the database, aware and in UTC: SQLite keeps no zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def make_id() -> str:
    """A public id: 96 random bits, in the letters of a URL."""
    return secrets.token_hex(12)


def utc_now() -> datetime:
    """The present time, aware and in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """The base class of all tables, whose `metadata` lists them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: Instant(),
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        ResultKind: String(),
        Status: String(),
        ValidationState: String(),
        WorkKind: String(),
        WorkState: String(),
    }


def _parent(column: str) -> Any:
    return mapped_column(ForeignKey(column, ondelete="CASCADE"), index=True)


class Key(Base):
    """An API key of a workspace; only its digest is kept."""

    __tablename__ = "keys"
    seq: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    workspace: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    revoked_at: Mapped[datetime | None]


class SignIn(Base):
    """Somebody who has signed in to the pages with a key; of what their browser keeps, the digest."""

    __tablename__ = "sign_ins"
    digest: Mapped[str] = mapped_column(primary_key=True)
    key_digest: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Model(Base):
    """A watched model: how often its metrics are calculated, and how far back they look.

    `baseline` is the JSON form of what they compare with; None for what a version was trained with. What is
    from `type` to `owner` is for those who look at it.
    """

    __tablename__ = "models"
    __table_args__ = (Index(None, "account", "workspace"),)
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=make_id)
    account: Mapped[str]
    workspace: Mapped[str]
    name: Mapped[str]
    aggregation_period: Mapped[str]
    retention: Mapped[str]
    zone: Mapped[str]
    baseline: Mapped[dict[str, Any] | None]
    type: Mapped[str | None]
    description: Mapped[str | None]
    icon: Mapped[str | None]
    color: Mapped[str | None]
    owner: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class DataSource(Base):
    """Where an Aporia client says that data comes from: a name and a kind, nothing that opens anything."""

    __tablename__ = "data_sources"
    __table_args__ = (Index(None, "account", "workspace"),)
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=make_id)
    account: Mapped[str]
    workspace: Mapped[str]
    name: Mapped[str]
    type: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class DataSegment(Base):
    """A segment group of a model: `definition` is its JSON form.

    `name` is what an Aporia client calls it, and `is_global_filter` what it says of it; `changed_at` is when
    it became another one.
    """

    __tablename__ = "data_segments"
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=make_id)
    model_id: Mapped[str] = _parent("models.id")
    definition: Mapped[dict[str, Any]]
    name: Mapped[str | None]
    is_global_filter: Mapped[bool] = mapped_column(default=False, server_default=false())
    changed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class StoredDataset(Base):
    """What a version of a model reads.

    `text` is the JSON form of what was said of files of text, `health` that of what was found in it. The last
    four are what an Aporia client said of it: its data source, the column of ids, `config` as it was given,
    and the other columns by their groups.
    """

    __tablename__ = "datasets"
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=make_id)
    model_id: Mapped[str] = _parent("models.id")
    source: Mapped[str]
    timestamp: Mapped[str | None]
    text: Mapped[dict[str, Any] | None]
    health: Mapped[dict[str, Any] | None]
    data_source_id: Mapped[str | None]
    id_column: Mapped[str | None]
    config: Mapped[dict[str, Any] | None]
    columns: Mapped[dict[str, Any] | None]


class ModelVersion(Base):
    """A version of a model, perhaps without data as yet. Nothing is calculated of one that is not active."""

    __tablename__ = "model_versions"
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=make_id)
    model_id: Mapped[str] = _parent("models.id")
    name: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    serving_id: Mapped[str | None] = mapped_column(ForeignKey("datasets.id", ondelete="SET NULL"))
    training_id: Mapped[str | None] = mapped_column(ForeignKey("datasets.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Metric(Base):
    """A code-based metric. `failures` counts bad calculations in a row; `blocked_until` is its pause."""

    __tablename__ = "metrics"
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=make_id)
    model_id: Mapped[str] = _parent("models.id")
    name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    failures: Mapped[int] = mapped_column(default=0)
    blocked_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class MetricVersion(Base):
    """One code of a metric, with the parameters that are set of it, numbered from 1; never changed."""

    __tablename__ = "metric_versions"
    __table_args__ = (UniqueConstraint("metric_id", "number"),)
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=make_id)
    metric_id: Mapped[str] = _parent("metrics.id")
    number: Mapped[int]
    code: Mapped[str]
    sha256: Mapped[str]
    params: Mapped[dict[str, Any] | None]
    warnings: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Validation(Base):
    """A metric's code tried on a dataset, as it is at `fingerprint`; and the answer."""

    __tablename__ = "validations"
    __table_args__ = (UniqueConstraint("metric_version_id", "dataset_id", "fingerprint"),)
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=make_id)
    metric_version_id: Mapped[str] = _parent("metric_versions.id")
    dataset_id: Mapped[str] = _parent("datasets.id")
    fingerprint: Mapped[str]
    state: Mapped[ValidationState]
    progress: Mapped[int] = mapped_column(default=0)
    answer: Mapped[dict[str, Any] | None]
    delivered: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Work(Base):
    """A metric's code to be calculated on a dataset over a range of time, once."""

    __tablename__ = "work"
    __table_args__ = (
        UniqueConstraint("metric_version_id", "dataset_id", "kind", "start", "end", "as_of"),
        Index(None, "state", "lease_until"),
    )
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=make_id)
    model_id: Mapped[str] = _parent("models.id")
    metric_version_id: Mapped[str] = _parent("metric_versions.id")
    dataset_id: Mapped[str] = _parent("datasets.id")
    kind: Mapped[WorkKind]
    start: Mapped[datetime]
    end: Mapped[datetime]
    every: Mapped[str | None]
    zone: Mapped[str | None]
    as_of: Mapped[datetime]
    state: Mapped[WorkState] = mapped_column(default=DUE)
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]


class RunEvent(Base):
    """A line of the log of a run or of a validation, for those who may see its workspace."""

    __tablename__ = "run_events"
    __table_args__ = (Index(None, "run_id", "seq"), Index(None, "account", "workspace", "seq"))
    seq: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    account: Mapped[str]
    workspace: Mapped[str]
    level: Mapped[str]
    message: Mapped[str]
    details: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)


class Rate(Base):
    """What is left of a client's requests, as of an instant; clients are digests."""

    __tablename__ = "rates"
    client: Mapped[str] = mapped_column(primary_key=True)
    left: Mapped[float]
    since: Mapped[datetime] = mapped_column(index=True)


class Quota(Base):
    """How much an account may have of something, as the operator set it."""

    __tablename__ = "quotas"
    account: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class AccountTurn(Base):
    """When an account's work was claimed last, as a number that grows with each claim."""

    __tablename__ = "turns"
    account: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class StoredResult(Base):
    """What became of one frame: exactly one for each code, dataset, segment, window, as_of and name.

    Its identity also has room for what is compared with and for the state of the data; all three are "" for
    none. `crossed` holds the ids of the rules that were crossed when it was the newest.
    """

    __tablename__ = "results"
    __table_args__ = (
        UniqueConstraint(
            "metric_version_id",
            "dataset_id",
            "segment_key",
            "window_start",
            "window_end",
            "as_of",
            "name",
            "baseline",
            "snapshot",
        ),
        Index(None, "metric_version_id", "window_start"),
        Index(None, "run_id"),
    )
    seq: Mapped[int] = mapped_column(primary_key=True)
    metric_version_id: Mapped[str] = mapped_column(ForeignKey("metric_versions.id", ondelete="CASCADE"))
    dataset_id: Mapped[str] = _parent("datasets.id")
    kind: Mapped[ResultKind]
    segment_key: Mapped[str]
    label: Mapped[str]
    segment: Mapped[dict[str, Any] | None]
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    as_of: Mapped[datetime]
    name: Mapped[str] = mapped_column(default="", server_default="")
    baseline: Mapped[str] = mapped_column(default="", server_default="")
    snapshot: Mapped[str] = mapped_column(default="", server_default="")
    status: Mapped[Status]
    value: Mapped[float | None]
    rows: Mapped[int | None] = mapped_column(BigInteger)
    baseline_rows: Mapped[int | None] = mapped_column(BigInteger)
    seconds: Mapped[float]
    printed: Mapped[str]
    error: Mapped[dict[str, Any] | None]
    crossed: Mapped[list[Any] | None]
    run_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Outgoing(Base):
    """Results of a run that are to be appended to the operator's table; gone once they are.

    `batch` is what they are appended with, settled before that is tried, so that trying again adds nothing.
    """

    __tablename__ = "outgoing"
    seq: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    metric_version_id: Mapped[str]
    dataset_id: Mapped[str]
    batch: Mapped[str | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Rule(Base):
    """What is watched on the results of a metric: `definition` is its JSON form.

    `secret` signs what is sent to `url`; it has to be kept as it is, and is never shown again.
    """

    __tablename__ = "rules"
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=make_id)
    metric_id: Mapped[str] = _parent("metrics.id")
    name: Mapped[str]
    definition: Mapped[dict[str, Any]]
    url: Mapped[str | None]
    secret: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class RuleState(Base):
    """The state of a rule on one segment and number: since which window, and whether a crossing was told."""

    __tablename__ = "rule_states"
    __table_args__ = (UniqueConstraint("rule_id", "dataset_id", "segment_key", "name"),)
    seq: Mapped[int] = mapped_column(primary_key=True)
    rule_id: Mapped[str] = mapped_column(ForeignKey("rules.id", ondelete="CASCADE"))
    dataset_id: Mapped[str] = _parent("datasets.id")
    segment_key: Mapped[str]
    name: Mapped[str]
    label: Mapped[str]
    state: Mapped[str]
    told: Mapped[bool] = mapped_column(default=False)
    value: Mapped[float | None]
    window_start: Mapped[datetime]
    since: Mapped[datetime]


class Delivery(Base):
    """What is to be sent for a rule, or was; `not_before` is None once nothing more is to be done."""

    __tablename__ = "deliveries"
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=make_id)
    rule_id: Mapped[str] = _parent("rules.id")
    body: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None] = mapped_column(index=True)
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    delivered_at: Mapped[datetime | None]
