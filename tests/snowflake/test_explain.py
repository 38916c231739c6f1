"""What an author reads of a failed query: the mistake, and nothing of where the data is."""

from __future__ import annotations

import pytest

from engine.errors import BackendError
from engine.snowflake.explain import DUCKDB_AUTHORS, SNOWFLAKE_AUTHORS, explain_sql
from sandbox.contract.messages import BACKEND_FAILED

KINDS = sorted((*(f"duckdb.{n}" for n in DUCKDB_AUTHORS), *(f"snowflake.{n}" for n in SNOWFLAKE_AUTHORS)))
GENERAL = "the data engine failed on this query"
# The class of an error, the backend's text, and what the author reads.
TOLD = [
    (
        "snowflake.000904",
        "000904 (42000): SQL compilation error: error line 1 at position 7\ninvalid identifier 'NOPE'",
        "invalid identifier 'NOPE'",
    ),
    (
        "snowflake.000904",
        "000904 (42000): 01b2c3d4-0000-1111-2222-333344445555: SQL compilation error: "
        "error line 3 at position 9\n"
        'invalid identifier \'"_calcmetric_t"."NOPE"\'',
        "invalid identifier '\"NOPE\"'",
    ),
    ("snowflake.100051", "100051 (22012): Division by zero", SNOWFLAKE_AUTHORS["100051"]),
    ("snowflake.100038", "100038 (22018): Numeric value 'a' is not recognized", SNOWFLAKE_AUTHORS["100038"]),
    ("snowflake.002003", "002003 (42S02): Object 'DB.SECRET.T' does not exist or not authorized.", GENERAL),
    ("snowflake.390114", "Authentication token has expired. account.snowflakecomputing.com", GENERAL),
    (
        "duckdb.BinderException",
        'Binder Error: Referenced column "NOPE" not found in FROM clause!\nCandidate',
        'Referenced column "NOPE" not found in FROM clause!',
    ),
    (
        "duckdb.ConversionException",
        "Conversion Error: Could not convert string 'a' to INT32\n\nLINE 1: ...",
        "Could not convert string 'a' to INT32",
    ),
    ("duckdb.IOException", "IO Error: Cannot open file /data/secret/x.parquet", GENERAL),
    ("duckdb.OutOfMemoryException", "Out of Memory Error: could not allocate block", GENERAL),
    ("duckdb.PermissionException", 'Permission Error: Cannot access file "/etc/passwd"', GENERAL),
    ("", "anything else at 10.0.0.1:8080 in /srv/data", GENERAL),
]


@pytest.mark.parametrize(("kind", "detail", "text"), TOLD)
def test_texts(kind: str, detail: str, text: str) -> None:
    reply = explain_sql(BackendError(detail, exception=kind))
    assert reply.message == text
    assert (reply.condition == BACKEND_FAILED) == (text == GENERAL)
    for hidden in ("_calcmetric", "/data", "/etc", "10.0.0.1", "SECRET", "LINE 1", "01b2c3d4"):
        assert hidden not in reply.message


@pytest.mark.parametrize(
    "kind", sorted([*(f"duckdb.{n}" for n in DUCKDB_AUTHORS), *(f"snowflake.{n}" for n in SNOWFLAKE_AUTHORS)])
)
@pytest.mark.parametrize("detail", ["", "\n", "x" * 100_000, "/etc/passwd " * 1_000, "é\x00\ud800"])
def test_no_text_is_too_strange(kind: str, detail: str) -> None:
    reply = explain_sql(BackendError(detail, exception=kind))
    assert 0 < len(reply.message) <= 500 and "/etc" not in reply.message
