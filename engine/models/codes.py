"""The error codes of results, each with its meaning. Tables, no logic; trusted side.

`CODES` are the engine's own, `REFUSALS` those of the gateway, for what a metric asked while it ran. The
codes of problems in a source, and of the guards of its language, are documented in `sandbox.language`.
"""

from __future__ import annotations

from typing import Final

CODES: Final = {
    # invalid_output: what calc_metric returned is no number
    "returned-none": "calc_metric returned None on a frame that has rows",
    "returned-bool": "calc_metric returned True or False",
    "returned-infinity": "calc_metric returned inf or -inf",
    "returned-too-large": "calc_metric returned a number that does not fit a float",
    "returned-signalling-nan": "calc_metric returned a signalling NaN of decimal",
    "returned-missing": "calc_metric returned pd.NA, NaT or a masked value",
    "returned-collection": "calc_metric returned a list, tuple, Row, dict, array or Series",
    "returned-frame": "calc_metric returned a DataFrame or a Column",
    "returned-text": "calc_metric returned text",
    "returned-complex": "calc_metric returned a complex number",
    "returned-other": "calc_metric returned something else that is not a number",
    "returned-names": "calc_metric returned names that cannot be used, or a number without one",
    "returned-garbage": "the worker reported something that is not a number",
    # raised
    "raised": "calc_metric raised an exception",
    # refused: without a code of the layer that refused
    "refused": "the language layer or the gateway refused what calc_metric did",
    "column-unreadable": "calc_metric named a column of a type that the backend cannot read",
    # limit: one for each field of Limits that can end a call (print is cut, a source checked before)
    "limit-wall-seconds": "the run took too long",
    "limit-frame-seconds": "one call of calc_metric took too long",
    "limit-cpu-seconds": "a worker used too much processor time",
    "limit-memory-bytes": "a worker used too much memory",
    "limit-fetched-rows": "a frame fetched too many rows",
    "limit-fetched-bytes": "a frame fetched too many bytes",
    "limit-plans": "a frame sent too many queries",
    # lost, backend_error, cancelled
    "worker-lost": "the worker process died by itself",
    "worker-garbage": "the worker sent what no honest worker sends, and was ended",
    "backend-error": "the data engine failed a query",
    "backend-lost": "the data engine died, or was restarted, while it was answering",
    "cancelled": "the caller cancelled the run",
    # refused, lost: of the service
    "given-up": "the service gave the work up: it failed too often, or is refused before it runs",
}


REFUSALS: Final = {
    # requests as a whole
    "plan-garbage": "a request that no honest client sends",
    "plan-refused": "a part of a query that is not open to metrics",
    "plan-too-large": "a query that is too long, too deep, or asks for too much at once",
    "plan-unknown": "a part of a query that this version does not know",
    "plan-unhandled": "a request that could not be checked",
    "analyze-refused": "a question about the query or the backend, such as explain() or inputFiles()",
    "command-refused": "something other than a query",
    "config-refused": "a setting that a metric may not change, or not here",
    "streaming-refused": "streaming",
    "udf-refused": "code that is not run here, or a function of the metric where it is not applied",
    "write-refused": "writing data",
    # what is read
    "catalog-refused": "the backend's catalog",
    "read-refused": "reading something other than the DataFrame",
    "table-refused": "a table that is not a view of the metric's own",
    "view-refused": "a view that cannot be made or is not there",
    "hidden-column": "a hidden column, such as _metadata",
    "server-name": "a name that tells about the server unless a column has it, such as user",
    # functions, types
    "function-qualified": "a function of a catalog or schema",
    "function-refused": "a function that is not on the list, or not in this form",
    "range-refused": "a range that is too large",
    "schema-refused": "a schema that is not plain built-in types",
    "type-refused": "a type that is not open to metrics",
    # SQL text
    "sql-ambiguous": "text that two readers understand differently",
    "sql-character": "a character that has no place in a query",
    "sql-hint": "a hint",
    "sql-parameter": "a parameter marker without a value",
    "sql-pipe": "pipe syntax",
    "sql-recursive": "a recursive query",
    "sql-refused": "a reserved name",
    "sql-statement": "a statement other than a query",
    "sql-statements": "more than one statement",
    "sql-subquery": "a subquery in an expression",
    "sql-substitution": "the substitution of variables, ${...}",
    "sql-syntax": "text that is not understood",
    "sql-too-deep": "text that nests too deeply",
    "sql-too-long": "text that is too long",
}


# What is wrong with parameters that a caller sets, before anything runs.
PARAMETERS: Final = {
    "parameter-unknown": "calc_metric has no such parameter",
    "parameter-fixed": "calc_metric has such a parameter, but not one that can be set",
    "parameter-value": "the value is not one that the parameter takes",
    "parameter-column": "the data has no such column",
}


# What is wrong with the baseline of a run, before anything runs.
BASELINES: Final = {
    "baseline-missing": "calc_metric takes a baseline, and none is given",
    "baseline-unused": "a baseline is given, and calc_metric takes none (warning)",
}


_LIMIT: Final = "limit-"


def limit_code(limit: str) -> str:
    """The code of a field of `Limits`: "limit-frame-seconds" for "frame_seconds"."""
    return _LIMIT + limit.replace("_", "-")


def limit_of(code: str) -> str:
    """The field of `Limits` that a code of a result with the status `limit` is for."""
    return code.removeprefix(_LIMIT).replace("-", "_")
