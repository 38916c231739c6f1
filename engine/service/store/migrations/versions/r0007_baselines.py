"""What models compare with, and how many rows that had for each result. Rows keep all that they have."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add them."""
    op.add_column("models", sa.Column("baseline", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("results", sa.Column("baseline_rows", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("results", "baseline_rows")
    op.drop_column("models", "baseline")
