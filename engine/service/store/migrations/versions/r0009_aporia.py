"""What Aporia's clients keep beside what there was: data sources, columns, names, versions without data.

Rows keep all that they have. A dataset that is deleted leaves its version behind, without data.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_DATASETS = ("serving_id", "training_id")


def upgrade() -> None:
    """Add it."""
    for name in ("type", "description", "icon", "color", "owner"):
        op.add_column("models", sa.Column(name, sa.String(), nullable=True))
    for name in ("data_source_id", "id_column"):
        op.add_column("datasets", sa.Column(name, sa.String(), nullable=True))
    for name in ("config", "columns"):
        op.add_column("datasets", sa.Column(name, sa.JSON(none_as_null=True), nullable=True))
    op.add_column("data_segments", sa.Column("name", sa.String(), nullable=True))
    op.add_column("data_segments", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "data_segments",
        sa.Column("is_global_filter", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    with op.batch_alter_table("model_versions") as versions:
        versions.add_column(sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.true()))
        versions.alter_column("serving_id", existing_type=sa.String(), nullable=True)
    _refer("SET NULL")
    op.create_table(
        "data_sources",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_data_sources")),
        sa.UniqueConstraint("id", name=op.f("uq_data_sources_id")),
    )
    op.create_index(op.f("ix_data_sources_account_workspace"), "data_sources", ["account", "workspace"])


def downgrade() -> None:
    """Drop it, with the versions without data."""
    op.drop_table("data_sources")
    _refer("CASCADE")
    versions = sa.table("model_versions", sa.column("serving_id"))
    op.execute(versions.delete().where(versions.c.serving_id.is_(None)))
    with op.batch_alter_table("model_versions") as batch:
        batch.alter_column("serving_id", existing_type=sa.String(), nullable=False)
        batch.drop_column("is_active")
    for name in ("is_global_filter", "changed_at", "name"):
        op.drop_column("data_segments", name)
    for name in ("columns", "config", "id_column", "data_source_id"):
        op.drop_column("datasets", name)
    for name in ("owner", "color", "icon", "description", "type"):
        op.drop_column("models", name)


def _refer(on_delete: str) -> None:
    """Let versions refer to their datasets so that this becomes of them when those are deleted."""
    with op.batch_alter_table("model_versions") as versions:
        for column in _DATASETS:
            name = op.f(f"fk_model_versions_{column}")
            versions.drop_constraint(name, type_="foreignkey")
            versions.create_foreign_key(name, "datasets", [column], ["id"], ondelete=on_delete)
