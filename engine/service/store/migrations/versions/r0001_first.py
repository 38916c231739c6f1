"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "keys",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("revoked_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_keys_digest")),
    )
    op.create_table(
        "models",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("aggregation_period", sa.String(), nullable=False),
        sa.Column("retention", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_models")),
        sa.UniqueConstraint("id", name=op.f("uq_models_id")),
    )
    op.create_index(op.f("ix_models_account_workspace"), "models", ["account", "workspace"], unique=False)
    op.create_table(
        "data_segments",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("definition", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_data_segments_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_data_segments")),
        sa.UniqueConstraint("id", name=op.f("uq_data_segments_id")),
    )
    op.create_index(op.f("ix_data_segments_model_id"), "data_segments", ["model_id"], unique=False)
    op.create_table(
        "datasets",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("timestamp", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_datasets_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_datasets")),
        sa.UniqueConstraint("id", name=op.f("uq_datasets_id")),
    )
    op.create_index(op.f("ix_datasets_model_id"), "datasets", ["model_id"], unique=False)
    op.create_table(
        "metrics",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", _INSTANT, nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_metrics_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_metrics")),
        sa.UniqueConstraint("id", name=op.f("uq_metrics_id")),
    )
    op.create_index(op.f("ix_metrics_model_id"), "metrics", ["model_id"], unique=False)
    op.create_table(
        "metric_versions",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("metric_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("warnings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["metric_id"], ["metrics.id"], name=op.f("fk_metric_versions_metric_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_metric_versions")),
        sa.UniqueConstraint("id", name=op.f("uq_metric_versions_id")),
        sa.UniqueConstraint("metric_id", "number", name=op.f("uq_metric_versions_metric_id_number")),
    )
    op.create_index(op.f("ix_metric_versions_metric_id"), "metric_versions", ["metric_id"], unique=False)
    op.create_table(
        "model_versions",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("serving_id", sa.String(), nullable=False),
        sa.Column("training_id", sa.String(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_model_versions_model_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["serving_id"], ["datasets.id"], name=op.f("fk_model_versions_serving_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["training_id"], ["datasets.id"], name=op.f("fk_model_versions_training_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_model_versions")),
        sa.UniqueConstraint("id", name=op.f("uq_model_versions_id")),
    )
    op.create_index(op.f("ix_model_versions_model_id"), "model_versions", ["model_id"], unique=False)
    op.create_table(
        "results",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("metric_version_id", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("segment_key", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("segment", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("window_start", _INSTANT, nullable=False),
        sa.Column("window_end", _INSTANT, nullable=False),
        sa.Column("as_of", _INSTANT, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("printed", sa.String(), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_results_dataset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["metric_version_id"],
            ["metric_versions.id"],
            name=op.f("fk_results_metric_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_results")),
        sa.UniqueConstraint(
            "metric_version_id",
            "dataset_id",
            "segment_key",
            "window_start",
            "window_end",
            "as_of",
            name=op.f("uq_results_metric_version_id_dataset_id_segment_key_window_start_window_end_as_of"),
        ),
    )
    op.create_index(op.f("ix_results_dataset_id"), "results", ["dataset_id"], unique=False)
    op.create_index(
        op.f("ix_results_metric_version_id_window_start"),
        "results",
        ["metric_version_id", "window_start"],
        unique=False,
    )
    op.create_table(
        "validations",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("metric_version_id", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("lease_until", _INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_validations_dataset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["metric_version_id"],
            ["metric_versions.id"],
            name=op.f("fk_validations_metric_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_validations")),
        sa.UniqueConstraint("id", name=op.f("uq_validations_id")),
        sa.UniqueConstraint(
            "metric_version_id",
            "dataset_id",
            "fingerprint",
            name=op.f("uq_validations_metric_version_id_dataset_id_fingerprint"),
        ),
    )
    op.create_index(op.f("ix_validations_dataset_id"), "validations", ["dataset_id"], unique=False)
    op.create_index(
        op.f("ix_validations_metric_version_id"), "validations", ["metric_version_id"], unique=False
    )
    op.create_table(
        "work",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("metric_version_id", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("start", _INSTANT, nullable=False),
        sa.Column("end", _INSTANT, nullable=False),
        sa.Column("every", sa.String(), nullable=True),
        sa.Column("as_of", _INSTANT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("lease_until", _INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", _INSTANT, nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("finished_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_work_dataset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["metric_version_id"],
            ["metric_versions.id"],
            name=op.f("fk_work_metric_version_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name=op.f("fk_work_model_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_work")),
        sa.UniqueConstraint("id", name=op.f("uq_work_id")),
        sa.UniqueConstraint(
            "metric_version_id",
            "dataset_id",
            "kind",
            "start",
            "end",
            "as_of",
            name=op.f("uq_work_metric_version_id_dataset_id_kind_start_end_as_of"),
        ),
    )
    op.create_index(op.f("ix_work_dataset_id"), "work", ["dataset_id"], unique=False)
    op.create_index(op.f("ix_work_metric_version_id"), "work", ["metric_version_id"], unique=False)
    op.create_index(op.f("ix_work_model_id"), "work", ["model_id"], unique=False)
    op.create_index(op.f("ix_work_state_lease_until"), "work", ["state", "lease_until"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("work")
    op.drop_table("validations")
    op.drop_table("results")
    op.drop_table("model_versions")
    op.drop_table("metric_versions")
    op.drop_table("metrics")
    op.drop_table("datasets")
    op.drop_table("data_segments")
    op.drop_table("models")
    op.drop_table("keys")
