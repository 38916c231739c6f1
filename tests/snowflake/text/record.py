"""Record the SQL that the installed Snowpark writes: `python -m tests.snowflake.text.record`.

Writes data/recorded.jsonl: a line for each call, with the queries that it made and what becomes of them. The
tests read that file; run this again after an upgrade of Snowpark, and look at the difference.
"""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.snowflake.text.calls import DATAFRAME
from tests.snowflake.text.column_calls import COLUMNS
from tests.snowflake.text.function_calls import FUNCTIONS, NO_FUNCTIONS
from tests.snowflake.text.metric_calls import METRICS
from tests.snowflake.text.outcomes import outcome
from tests.snowflake.text.stub import open_frame

DATA = Path(__file__).parent / "data" / "recorded.jsonl"


def main() -> None:
    """Record everything."""
    warnings.simplefilter("ignore")
    lines = [
        {"call": name, "sql": sql, "outcome": [outcome(text) for text in sql]} for name, sql in _recorded()
    ]
    DATA.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    print(f"{len(lines)} calls, {sum(len(line['sql']) for line in lines)} queries")


def _recorded() -> Iterator[tuple[str, list[str]]]:
    from snowflake.snowpark import Window
    from snowflake.snowpark import functions as F  # noqa: N812 (its usual name)

    for name, call in {**DATAFRAME, **COLUMNS, **METRICS}.items():
        yield f"DataFrame: {name}", _queries(lambda df, call=call: call(df, F, Window))
    for name, function in sorted(vars(F).items()):
        if inspect.isfunction(function) and function.__module__.startswith("snowflake.snowpark"):
            if name.startswith("_") or name in NO_FUNCTIONS:
                continue
            arguments = FUNCTIONS.get(name)
            if name.startswith("grouping"):
                yield f"functions.{name}", _queries(lambda df, c=arguments: df.rollup("S", "FLAG").agg(c(F)))
                continue
            yield (
                f"functions.{name}",
                _queries(lambda df, c=arguments, f=function: df.select(c(F) if c else _guess(df, f))),
            )


def _queries(call: Any) -> list[str]:
    connection, _, df = open_frame()
    try:
        result = call(df)
        queries = getattr(result, "queries", None)
    except Exception as error:
        return [f"-- {type(error).__name__}: {str(error).splitlines()[0][:150]}"]
    return list(queries["queries"]) if queries else connection.executed


def _guess(df: Any, function: Any) -> Any:
    """Call a function with columns, as many as it takes."""
    from snowflake.snowpark.functions import col

    columns = [col(name) for name in ("X", "Y", "N", "ID", "X", "Y", "N", "ID")]
    for count in range(9):
        for arguments in (columns[:count], ["X"] * count, [columns[0], *[1] * (count - 1)][:count]):
            try:
                made = function(*arguments)
                df.select(made).queries  # noqa: B018 (whether it can be written is what is asked)
            except Exception:
                continue
            return made
    raise TypeError(f"no arguments for {function.__name__} were found")


if __name__ == "__main__":
    main()
