"""The program that runs as the local DuckDB process: `python -m engine.backends.duckdb.server`.

It answers questions of one engine, which knows the token that its environment holds. What it may read is
limited twice: by the kernel (`sandbox.jail`), and by DuckDB's own settings, which are locked before the first
question. Each question has a connection and a thread of its own; the end of what the engine sends stops it.
"""

from __future__ import annotations

import hmac
import json
import os
import socket
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from engine.arrow import arrow_stream
from engine.backends.duckdb.nested import as_json
from engine.backends.duckdb.wire import MOST_BYTES, Message, MessageReader, send_end, send_json, send_rows

_SETTINGS: Final = (
    "TimeZone = 'UTC'",
    "parquet_can_have_nan = true",  # or filters overlook NaN, which statistics leave out
    # With it, the largest value of a column is NaN where statistics only say that there may be one.
    "disabled_optimizers = 'statistics_propagation'",
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "allow_community_extensions = false",
    "python_enable_replacements = false",  # or tables could be variables of this program
)
_LOCKS: Final = ("enable_external_access = false", "lock_configuration = true")  # the last ones
_BATCH_ROWS: Final = 100_000
_BATCH_BYTES: Final = 16 << 20  # larger ones are sent in parts: the engine holds a message before it counts
_TEXT_CHARS: Final = 4_000
_TICK_SECONDS: Final = 0.05


def open_database(settings: dict[str, Any], folders: list[str]) -> duckdb.DuckDBPyConnection:
    """A database in memory that reads the given folders only, and whose settings stay as they are."""
    database = duckdb.connect(":memory:", config=settings)
    quoted = ", ".join("'" + folder.replace("'", "''") + "'" for folder in folders)
    for setting in (*_SETTINGS, f"allowed_directories = [{quoted}]", *_LOCKS):
        database.execute(f"SET GLOBAL {setting}")  # of every cursor's connection
    return database


def main() -> None:
    """Listen, and answer for ever."""
    options = json.loads(os.environ.pop("CALCMETRIC_DUCKDB"))
    # Of one row, that is.
    warnings.filterwarnings("ignore", message="Arrow output on a DB-API result makes an extra copy")
    database = open_database(options["settings"], options["folders"])
    with socket.create_server(("127.0.0.1", options["port"])) as listener:
        while True:
            sock, _ = listener.accept()
            thread = threading.Thread(
                target=_answer, args=(database.cursor(), sock, options["token"]), daemon=True
            )
            thread.start()


def _answer(cursor: duckdb.DuckDBPyConnection, sock: socket.socket, token: str) -> None:
    over = threading.Event()
    with sock, cursor:
        try:
            _, payload = MessageReader(sock).read()
            question = json.loads(bytes(payload))
            if not hmac.compare_digest(str(question.pop("token")), token):
                return
            threading.Thread(target=_watch, args=(cursor, sock, over), daemon=True).start()
            send_end(sock, _carry_out(cursor, sock, question))
        except (duckdb.Error, pa.ArrowException, RuntimeError) as error:
            told = {"class": type(error).__name__, "text": str(error)[:_TEXT_CHARS]}
            _tell(sock, told)
        except MemoryError:
            _tell(sock, {"class": "OutOfMemoryException", "text": "out of memory"})
        except (OSError, EOFError, ValueError, KeyError):
            return  # the engine is gone, or this is somebody else
        finally:
            over.set()


def _tell(sock: socket.socket, told: dict[str, str]) -> None:
    try:
        send_json(sock, Message.FAILED, told)
    except OSError:
        return


def _watch(cursor: duckdb.DuckDBPyConnection, sock: socket.socket, over: threading.Event) -> None:
    """Interrupt the query once the engine has closed its sending side.

    Again and again: DuckDB forgets an interrupt that comes between the steps of a query.
    """
    try:
        sock.recv(1)
        while not over.is_set():
            cursor.interrupt()
            over.wait(_TICK_SECONDS)
    except (OSError, duckdb.Error):
        return


def _carry_out(cursor: duckdb.DuckDBPyConnection, sock: socket.socket, question: dict[str, str]) -> int:
    """Do what is asked; how many rows were sent."""
    rows = 0
    match question["do"]:
        case "row":  # bound once: to know its columns beforehand takes as long as such an answer
            rows = _send_all(cursor.execute(question["sql"]).to_arrow_reader(_BATCH_ROWS), sock)
        case "query" | "rows":
            relation = cursor.sql(question["sql"])
            _send_columns(relation, sock)
            rows = _send_all(relation.to_arrow_reader(_BATCH_ROWS), sock, plain=question["do"] == "query")
        case "describe":
            _send_columns(cursor.sql(question["sql"]), sock)
        case "keep":
            target = question["path"].replace("'", "''")
            cursor.execute(f"COPY ({question['sql']}) TO '{target}' (FORMAT parquet)")
        case "drop":
            Path(question["path"]).unlink(missing_ok=True)
    return rows


def _send_columns(relation: duckdb.DuckDBPyRelation, sock: socket.socket) -> None:
    columns = zip(relation.columns, map(str, relation.types), strict=True)
    send_json(sock, Message.COLUMNS, list(columns))


def _send_all(reader: pa.RecordBatchReader, sock: socket.socket, *, plain: bool = False) -> int:
    """Send the rows, in one batch at least; nested values as JSON text if `plain`. How many there were."""
    rows = 0
    for batch in _batches(reader):
        for part in _parts(_plain(batch) if plain else batch):
            send_rows(sock, part.num_rows, memoryview(arrow_stream(part)))
            rows += part.num_rows
    return rows


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    count = 0
    for batch in reader:
        count += 1
        yield batch
    if not count:
        yield pa.RecordBatch.from_pylist([], schema=reader.schema)


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A batch in parts of a few megabytes, or of one row.

    Raises:
        pa.ArrowInvalid: one row is larger than a message can be.
    """
    if batch.num_rows < 2 or batch.nbytes <= _BATCH_BYTES:
        if batch.nbytes > MOST_BYTES // 2:
            raise pa.ArrowInvalid("one row of the answer is too large")
        yield batch
        return
    middle = batch.num_rows // 2
    yield from _parts(batch.slice(0, middle))
    yield from _parts(batch.slice(middle))


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch whose nested values are JSON text, as Snowflake's are."""
    columns = [as_json(column) if pa.types.is_nested(column.type) else column for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


if __name__ == "__main__":
    main()
