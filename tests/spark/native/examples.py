"""What Spark says of its own functions: the examples that it documents, and what it answers to them.

`python -m tests.spark.native.examples` asks a real Spark for all of it and writes `examples.json`, so that
native answers are probed without one. An example is asked in up to three forms: as it is written, with its
first argument as a column of a file, and with all arguments that are values as columns of it; for a function
is native where its arguments are data. What an example reads FROM is a file as well.

It goes on where it was stopped: what is in the file already is kept. Remove the file to begin anew.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
import pyspark.sql.connect.proto as pb
from google.protobuf import json_format

from engine.backends.base import BackendSession
from engine.backends.native.files import scan_of
from engine.backends.spark.backend import LocalSpark
from engine.backends.tables import Fetched
from engine.errors import BackendError, DataError
from engine.frames.relations import unpruned
from engine.sources.resolve import resolve_source
from engine.sources.spool import Spool
from engine.spark.native.translate import schema_of
from engine.spark.native.unproven import Unproven
from tests.spark.native.agreement import run

DATA: Final = Path(__file__).with_name("examples.json")
VIEW: Final = "tab"
_EXAMPLE: Final = re.compile(r"^\s*> (SELECT .*?);\s*$", re.MULTILINE | re.DOTALL)
_CLAUSES: Final = (" GROUP BY ", " ORDER BY ", " WHERE ", " HAVING ", " LATERAL VIEW ", " LIMIT ")
_MOST_EXAMPLES: Final = 6
_SECONDS: Final = 480


@dataclass(frozen=True, slots=True)
class Form:
    """One way to ask for an example.

    Attributes:
        sql: the query; it reads from the view `tab`, or from nothing.
        data: the rows of that view, packed; empty if there is none.
        schema: the type of Spark's answer, in JSON; empty if it is an error.
        rows: Spark's answer, packed.
        error: the condition of Spark's error.
    """

    sql: str
    data: str = ""
    schema: str = ""
    rows: str = ""
    error: str = ""

    def answer(self) -> Fetched:
        """Spark's answer."""
        return Fetched(json_format.Parse(self.schema, pb.DataType()), unpacked(self.rows))

    def stored(self) -> dict[str, str]:
        """As it is written down, without what is empty."""
        told = {"sql": self.sql, "data": self.data, "schema": self.schema, "rows": self.rows}
        return {name: value for name, value in (told | {"error": self.error}).items() if value}


def read_examples() -> dict[str, list[Form]]:
    """The forms of the examples of each of Spark's functions, by its name."""
    stored = json.loads(DATA.read_text())
    return {name: [Form(**form) for form in forms] for name, forms in stored["functions"].items()}


def packed(table: pa.Table) -> str:
    """A table as text."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return base64.b64encode(zlib.compress(sink.getvalue().to_pybytes(), 9)).decode()


def unpacked(text: str) -> pa.Table:
    """The table that a text holds."""
    with pa.ipc.open_stream(zlib.decompress(base64.b64decode(text))) as reader:
        return reader.read_all()


class Views:
    """Queries over a view, as the gateway binds them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._frames = dict[str, pb.Relation]()

    def query(self, sql: str, data: str) -> pb.Relation:
        """The relation of a form.

        Raises:
            Unproven: the data holds what no file of ours does.
        """
        if not data:
            return sql_of(sql)
        made = pb.Relation()
        name = "_calcmetric_view_a_0"
        made.with_relations.root.sql.query = f"WITH `{VIEW}` AS (SELECT * FROM {name}) ({sql})"
        view = made.with_relations.references.add()
        view.subquery_alias.alias = name
        view.subquery_alias.input.CopyFrom(self._frame(data))
        return made

    def _frame(self, data: str) -> pb.Relation:
        if data not in self._frames:
            path = self._folder / f"{len(self._frames)}.parquet"
            try:
                pq.write_table(unpacked(data), path)
            except pa.ArrowException:
                raise Unproven("data that no file holds") from None
            spool = Spool()
            try:
                source = resolve_source(path, roots=[self._folder], spool=spool)
            except DataError:
                raise Unproven("data that no file of ours holds") from None
            finally:
                spool.close()
            schema = schema_of(source.relation, scan_of)
            self._frames[data] = unpruned(source.relation, schema, source.early)
        return self._frames[data]


def sql_of(text: str) -> pb.Relation:
    """A query that reads no view."""
    made = pb.Relation()
    made.sql.query = text
    return made


def parts_of(text: str, sign: str = ",") -> list[str]:
    """A text parted where a sign stands outside of parentheses and quotes."""
    found, depth, quote, begin = list[str](), 0, "", 0
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif depth == 0 and text.startswith(sign, place) and place >= begin:
            found.append(text[begin:place])
            begin = place + len(sign)
    return [*found, text[begin:]]


def named(items: str) -> str:
    """The items of SELECT with names of ours."""
    parts = [one.strip() for one in parts_of(items)]
    if any(one == "*" or re.search(r"\sAS\s+[\w`(]+\)?$", one, re.IGNORECASE) for one in parts):
        return items
    return ", ".join(f"{one} AS r{place}" for place, one in enumerate(parts))


class Asker:
    """Asks Spark."""

    def __init__(self, session: BackendSession, folder: Path) -> None:
        self._session = session
        self._views = Views(folder)

    def rows(self, text: str) -> pa.Table | None:
        """The answer to a query, if it is no error."""
        try:
            return run(self._session, sql_of(text)).table
        except BackendError:
            return None

    def functions(self) -> list[str]:
        """The names of all functions."""
        table = self.rows("SHOW FUNCTIONS")
        assert table is not None
        return sorted(set(table.column(0).to_pylist()))

    def examples(self, name: str) -> list[str]:
        """The examples of a function that are queries."""
        table = self.rows(f"DESCRIBE FUNCTION EXTENDED '{name}'")
        if table is None:
            return []
        told = "\n".join(table.column(0).to_pylist())
        return [" ".join(one.split("\n")) for one in _EXAMPLE.findall(told)][:_MOST_EXAMPLES]

    def forms(self, name: str, example: str) -> Iterator[Form]:
        """The forms of an example."""
        items, *source = parts_of(example.removeprefix("SELECT "), " FROM ")
        made = [self._form(f"SELECT {named(items)}{''.join(f' FROM {one}' for one in source)}", "")]
        if len(source) == 1:
            made += self._over(items, source[0])
        elif not source and len(parts_of(items)) == 1:
            made += self._over_columns(items.strip())
        yield from (form for form in made if form is not None)

    def _over(self, items: str, source: str) -> Iterator[Form | None]:
        """What is read from is a file."""
        ends = [place for clause in _CLAUSES if (place := source.find(clause)) >= 0]
        end = min(ends, default=len(source))
        table = self.rows(f"SELECT * FROM {source[:end]}")
        if table is not None and table.num_columns:
            yield self._form(f"SELECT {named(items)} FROM {VIEW}{source[end:]}", packed(table))

    def _over_columns(self, call: str) -> Iterator[Form | None]:
        """Arguments are columns of a file: the first one, and all of them."""
        begin, arguments, end, sign = arguments_of(call)
        values = [None if one.strip() == "" else self.rows(f"SELECT ({one}) AS a") for one in arguments]
        columns = [place for place, value in enumerate(values) if value is not None]
        for chosen in {tuple(columns[:1]): None, tuple(columns): None}:
            if not chosen:
                continue
            table = pa.table({f"a{place}": values[place].column(0) for place in chosen})  # type: ignore[union-attr]
            written = [f"a{place}" if place in chosen else one for place, one in enumerate(arguments)]
            yield self._form(f"SELECT {begin}{sign.join(written)}{end} AS r0 FROM {VIEW}", packed(table))

    def _form(self, sql: str, data: str) -> Form | None:
        try:
            answer = run(self._session, self._views.query(sql, data) if data else sql_of(sql))
        except BackendError as error:
            return Form(sql, data, error=error.condition or "error")
        except Unproven:
            return None
        schema = json_format.MessageToJson(answer.schema, indent=None)
        return Form(sql, data, schema, packed(answer.table))


_OPERATION: Final = re.compile(r"(\(.*\)|\S+) (\S+|NOT IN|div) (\(.*\)|\S+)")


def arguments_of(call: str) -> tuple[str, list[str], str, str]:
    """What stands before the arguments of a call, these, what stands behind, and what is between them."""
    if (found := re.fullmatch(r"(\w+\()(.*)(\))", call)) and len(parts_of(call, " ")) == 1:
        return found[1], parts_of(found[2]), found[3], ","
    if found := _OPERATION.fullmatch(call):
        return "", [found[1], found[3]], "", f" {found[2]} "
    if found := re.fullmatch(r"(!|NOT |~|-|\+)\s*(\S+)", call):
        return found[1] + " ", [found[2]], "", ""
    return call, [], "", ""


def ask(found: dict[str, list[Mapping[str, str]]], session: BackendSession, folder: Path) -> bool:
    """Ask for what is not there; false if time is over before the end."""
    asker, begun = Asker(session, folder), time.monotonic()
    for name in asker.functions():
        if name in found:
            continue
        if time.monotonic() - begun > _SECONDS:
            return False
        forms = [form for text in asker.examples(name) for form in asker.forms(name, text)]
        found[name] = [form.stored() for form in forms]
    return True


def main() -> int:
    """Ask Spark, and write what it says."""
    stored: dict[str, Any] = json.loads(DATA.read_text()) if DATA.exists() else {}
    found: dict[str, list[Mapping[str, str]]] = stored.get("functions", {})
    with tempfile.TemporaryDirectory() as temporary:
        data, spool = Path(temporary, "data"), Path(temporary, "spool")
        data.mkdir()
        spool.mkdir()
        backend = LocalSpark((data,), spool)
        try:
            session = backend.open_session()
            whole = ask(found, session, data)
            session.close()
        finally:
            backend.close()
            DATA.write_text(written(found))
    print(f"{len(found)} functions" + ("" if whole else "; not all: call it again"))
    return 0 if whole else 1


def written(functions: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """The file: a line for each form, for differences that can be read."""
    told = [
        f"{json.dumps(name)}: [" + ",".join(f"\n {json.dumps(form)}" for form in forms) + "]"
        for name, forms in sorted(functions.items())
    ]
    head = json.dumps({"spark": pyspark.__version__})[:-1]
    return head + ', "functions": {\n' + ",\n".join(told) + "\n}}\n"


if __name__ == "__main__":
    sys.exit(main())
