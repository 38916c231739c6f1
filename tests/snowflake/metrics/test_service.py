"""The HTTP service on a backend of Snowpark frames."""

from __future__ import annotations

from pathlib import Path

from engine import Engine
from engine.service.app import make_app
from engine.service.settings import Settings
from tests.service.conftest import connect, make_client, serving, write_payments

CODE = """
from snowflake.snowpark import functions as F


def calc_metric(df):
    return df.agg(F.avg("age")).collect()[0][0]
"""


def test_a_snowpark_metric_is_validated(snow_engine: Engine, data_dir: Path, tmp_path: Path) -> None:
    payments = data_dir / "service.parquet"
    write_payments(payments)
    settings = Settings(
        database=f"sqlite:///{tmp_path}/service.db",
        data_roots=(str(data_dir),),
        backend="duckdb",
        calculate=False,
    )
    app = make_app(settings, engine=snow_engine)
    with serving(app) as url, connect(url) as http:
        client = make_client(http, settings)
        model, _, dataset = client.model(payments, segments=[{"by": "country"}])
        answer = client.validate(client.metric(model, CODE), dataset)
    assert answer["status"] == "success", answer
    assert 20 < answer["value"] < 70
    assert {one["segment"]["value"] for one in answer["segments"]} == {"DE", "FR"}
