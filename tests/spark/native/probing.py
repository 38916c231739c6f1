"""Whether native answers give what Spark gives to its own examples: no Spark is asked, it is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa

from engine.backends.duckdb.server import open_database
from engine.backends.native.files import scan_of
from engine.errors import CalcmetricError
from engine.spark.native.compare import Given, difference
from engine.spark.native.translate import judged, translate
from engine.spark.native.unproven import Unproven
from engine.spark.text import check_query
from engine.spark.text.functions import classify
from tests.spark.native.examples import VIEW, Form, Views

Verdict = Literal["native", "spark", "refused", "different"]


@dataclass(frozen=True, slots=True)
class Found:
    """What becomes of a function.

    Attributes:
        verdict: who answers its examples.
        reason: why it is not native, or what is different.
        sql: the example that is answered natively, or that is different.
    """

    verdict: Verdict
    reason: str = ""
    sql: str = ""


class Prober:
    """Asks DuckDB as native answers do."""

    def __init__(self, folder: Path) -> None:
        self._views = Views(folder)
        self._database = open_database({}, [str(folder)])

    def close(self) -> None:
        """End the database."""
        self._database.close()

    def function(self, name: str, forms: Sequence[Form]) -> Found:
        """What becomes of a function: the first of its examples that is native speaks for it."""
        rule = classify(name)
        if not rule.allowed:
            return Found("refused", rule.reason)
        native, reasons = list[str](), list[str]()
        for form in forms:
            reason, wrong = self._form(form)
            if wrong:
                return Found("different", wrong, form.sql)
            reasons += [reason] if reason else []
            native += [] if reason else [form.sql]
        if native:
            return Found("native", sql=native[-1])
        return Found("spark", _told(reasons) if reasons else "no example that is a query")

    def _form(self, form: Form) -> tuple[str, str]:
        """Why a form is Spark's, and what is different if it is not."""
        try:
            text = check_query(form.sql, views={VIEW} if form.data else set()).text
            query = translate(self._views.query(text, form.data), scan_of, unordered=True)
            for guard in query.guards:
                if self._rows(guard).column(0).to_pylist() != [False]:
                    raise Unproven("values for which it is not proven, or an error of Spark's")
            mine = judged(query, self._rows(query.sql))
        except Unproven as unproven:
            return unproven.reason, ""
        except CalcmetricError as error:
            return f"SQL text that is refused ({error})", ""
        except duckdb.Error as error:
            return f"a native answer failed ({type(error).__name__})", ""
        if form.error:
            return "", f"Spark raises {form.error}"
        theirs = form.answer()
        approximate = [column.approximate for column in query.rows.columns]
        given = Given(query.schema, mine), Given(theirs.schema, theirs.table)
        return "", difference(*given, approximate, ordered=False)

    def _rows(self, sql: str) -> pa.Table:
        return self._database.sql(sql).to_arrow_table()


def _told(reasons: Sequence[str]) -> str:
    """The reason that is most of the function's own: that of its arguments as data, which comes last."""
    own = [one for one in reasons if one.startswith("the function ")]
    return (own or list(reasons))[-1]


def probe(functions: Mapping[str, Sequence[Form]], folder: Path) -> dict[str, Found]:
    """What becomes of each function.

    Args:
        functions: forms of examples, by name.
        folder: for the files that they read.
    """
    prober = Prober(folder)
    try:
        return {name: prober.function(name, forms) for name, forms in functions.items()}
    finally:
        prober.close()
