"""The databases that tests of the service run on."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from engine.service.store.tables import utc_now

BOTH = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)

_EARLIER = (
    "INSERT INTO models (id, account, workspace, name, aggregation_period, retention, zone, created_at) "
    "VALUES ('m', 'a', 'w', 'n', 'daily', '1d', 'UTC', :now)",
    "INSERT INTO datasets (id, model_id, source) VALUES ('d', 'm', 'x.parquet')",
    "INSERT INTO metrics (id, model_id, name, version, failures, created_at, updated_at) "
    "VALUES ('k', 'm', 'n', 1, 0, :now, :now)",
    "INSERT INTO metric_versions (id, metric_id, number, code, sha256, warnings, created_at) "
    "VALUES ('v', 'k', 1, 'x', 'y', '[]', :now)",
    "INSERT INTO results (metric_version_id, dataset_id, kind, segment_key, label, window_start, window_end, "
    "as_of, status, value, seconds, printed, run_id, created_at) "
    "VALUES ('v', 'd', 'period', '', '', :now, :now, :now, 'ok', 0.5, 0, '', 'r', :now)",
)


def write_earlier(connection: sa.Connection) -> None:
    """Write a model with one result, as a database of the fourth version has it."""
    now = sa.bindparam("now", utc_now().replace(tzinfo=None), sa.DateTime())
    for statement in map(sa.text, _EARLIER):
        connection.execute(statement.bindparams(now) if ":now" in statement.text else statement)
