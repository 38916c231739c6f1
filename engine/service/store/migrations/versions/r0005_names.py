"""What tells results apart beside code, data, segment and time: names, baselines, snapshots; and parameters.

Rows keep all that they have. What is there was calculated without any of these, which is an empty text.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_FRAME = ("metric_version_id", "dataset_id", "segment_key", "window_start", "window_end", "as_of")
_MORE = ("name", "baseline", "snapshot")


def upgrade() -> None:
    """Add them, and let results be one for each."""
    op.add_column("metric_versions", sa.Column("params", sa.JSON(none_as_null=True), nullable=True))
    with op.batch_alter_table("results") as results:
        for name in _MORE:
            results.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
        results.drop_constraint(_unique(_FRAME), type_="unique")
        results.create_unique_constraint(_unique((*_FRAME, *_MORE)), [*_FRAME, *_MORE])


def downgrade() -> None:
    """Drop them, with the results that only they tell apart."""
    results = sa.table("results", *(sa.column(name) for name in _MORE))
    op.execute(results.delete().where(sa.or_(*(results.c[name] != "" for name in _MORE))))
    with op.batch_alter_table("results") as batch:
        batch.drop_constraint(_unique((*_FRAME, *_MORE)), type_="unique")
        for name in _MORE:
            batch.drop_column(name)
        batch.create_unique_constraint(_unique(_FRAME), list(_FRAME))
    op.drop_column("metric_versions", "params")


def _unique(columns: tuple[str, ...]) -> str:
    """The name of a constraint; PostgreSQL's are cut, the same way each time."""
    return op.f(f"uq_results_{'_'.join(columns)}")
