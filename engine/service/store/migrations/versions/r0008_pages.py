"""Who has signed in to the pages, and an index for the newest runs of a workspace. Rows keep all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "sign_ins",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("key_digest", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_ins")),
    )
    op.create_index(op.f("ix_sign_ins_expires_at"), "sign_ins", ["expires_at"])
    op.create_index(
        op.f("ix_run_events_account_workspace_seq"), "run_events", ["account", "workspace", "seq"]
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_run_events_account_workspace_seq"), "run_events")
    op.drop_table("sign_ins")
