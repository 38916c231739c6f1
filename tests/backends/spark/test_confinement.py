"""What the local Spark server cannot do, by plans that no gateway has looked at."""

from __future__ import annotations

from pathlib import Path

import grpc
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.local.server import LocalServer
from engine.context import UNBOUNDED
from engine.errors import BackendError
from engine.frames.relations import FileFormat, read_files
from tests.backends.plans import count, numbers, run, sql, value

pytestmark = pytest.mark.slow

CANARY = "canary-3141"


@pytest.fixture
def canaries(tmp_path: Path) -> Path:
    """Files outside the roots of the shared servers."""
    table = pa.table({"secret": [CANARY]})
    pq.write_table(table, tmp_path / "canary.parquet")
    (tmp_path / "canary.csv").write_text(f"secret\n{CANARY}\n")
    (tmp_path / "canary.json").write_text(f'{{"secret": "{CANARY}"}}\n')
    return tmp_path


@pytest.mark.parametrize("file_format", ["parquet", "csv", "json"])
def test_a_file_outside_the_roots_cannot_be_read(
    spark_backend: LocalServer, canaries: Path, file_format: FileFormat
) -> None:
    session = spark_backend.open_session()
    path = canaries / f"canary.{file_format}"
    with pytest.raises(BackendError) as caught:
        run(session, read_files(file_format, [str(path)], schema="secret STRING"))
    assert CANARY not in str(caught.value)
    session.close()


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/environ", "/proc/1/environ", "/root", "/home"])
def test_the_machine_cannot_be_read(spark_backend: LocalServer, path: str) -> None:
    session = spark_backend.open_session()
    try:
        rows = run(session, sql(f"SELECT * FROM text.`{path}`"))
    except BackendError:
        rows = []
    assert not [row for row in rows if "root:" in str(row) or "HOME=/root" in str(row)]
    session.close()


def test_a_link_inside_the_roots_leads_nowhere_outside(
    spark_backend: LocalServer, canaries: Path, data_dir: Path
) -> None:
    link = data_dir / f"{spark_backend.name}-link.csv"
    link.symlink_to(canaries / "canary.csv")
    session = spark_backend.open_session()
    with pytest.raises(BackendError):
        run(session, read_files("csv", [str(link)], schema="secret STRING"))
    session.close()


def test_nothing_can_be_written_but_in_the_private_folder(
    spark_backend: LocalServer, tmp_path: Path, data_dir: Path
) -> None:
    session = spark_backend.open_session()
    for folder in (tmp_path, data_dir):
        target = folder / f"{spark_backend.name}-written"
        write = pb.WriteOperation(
            input=numbers(3), source="parquet", path=str(target), mode=pb.WriteOperation.SAVE_MODE_OVERWRITE
        )
        with pytest.raises(BackendError):
            list(session.execute(pb.Plan(command=pb.Command(write_operation=write)), UNBOUNDED))
        assert not list(target.rglob("*.parquet"))
    session.close()


def test_inside_the_roots_all_is_readable(
    spark_backend: LocalServer, data_dir: Path, spool_dir: Path
) -> None:
    session = spark_backend.open_session()
    for folder in (data_dir, spool_dir):
        path = folder / f"{spark_backend.name}-inside.parquet"
        pq.write_table(pa.table({"n": [1, 2, 3]}), path)
        assert value(session, count(read_files("parquet", [str(path)]))) == 3
    session.close()


def test_nobody_gets_into_spark_without_the_token(spark_backend: LocalServer) -> None:
    connection = spark_backend.connection()
    assert "Bearer" not in repr(connection)
    assert connection.server_version("00000000-0000-4000-8000-000000000000", 60).startswith("4.")
    connection.release("00000000-0000-4000-8000-000000000000")
    stranger = type(connection)(connection.channel, user_id="x", owned=False)
    with pytest.raises(grpc.RpcError) as caught:
        stranger.server_version("00000000-0000-4000-8000-000000000001", 60)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
