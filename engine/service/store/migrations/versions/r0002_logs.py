"""Logs of runs, rates that processes share, the zone that work was planned in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make them."""
    op.add_column("work", sa.Column("zone", sa.String(), nullable=True))
    op.create_table(
        "run_events",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_run_events")),
    )
    op.create_index(op.f("ix_run_events_run_id_seq"), "run_events", ["run_id", "seq"], unique=False)
    op.create_index(op.f("ix_run_events_created_at"), "run_events", ["created_at"], unique=False)
    op.create_table(
        "rates",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("left", sa.Double(), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("client", name=op.f("pk_rates")),
    )
    op.create_index(op.f("ix_rates_since"), "rates", ["since"], unique=False)
    op.create_index(op.f("ix_results_run_id"), "results", ["run_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_results_run_id"), "results")
    op.drop_table("rates")
    op.drop_table("run_events")
    op.drop_column("work", "zone")
