"""The error codes of results, each with its meaning. A table, no logic; trusted side.

Refusals that the language layer or the gateway made while a metric ran keep their own code, which the
tables of those layers document.
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
    "returned-garbage": "the worker reported a number that is none",
    # raised
    "raised": "calc_metric raised an exception",
    # refused: without a code of the layer that refused
    "refused": "the language layer or the gateway refused what calc_metric did",
    # limit: one for each field of Limits that can end a call (print is cut, a source checked before)
    "limit-wall-seconds": "the run took too long",
    "limit-frame-seconds": "one call of calc_metric took too long",
    "limit-cpu-seconds": "a worker used too much processor time",
    "limit-memory-bytes": "a worker used too much memory",
    "limit-fetched-rows": "a frame fetched too many rows",
    "limit-fetched-bytes": "a frame fetched too many bytes",
    "limit-plans": "a frame sent too many queries",
    "limit": "a limit that the worker noticed by itself",
    # lost, backend_error, cancelled
    "worker-lost": "the worker process died by itself",
    "worker-garbage": "the worker sent what no honest worker sends, and was ended",
    "backend-error": "the data engine failed a query",
    "backend-lost": "the data engine died, or was restarted, while it was answering",
    "cancelled": "the caller cancelled the run",
}


def limit_code(limit: str) -> str:
    """The code of a field of `Limits`: "limit-frame-seconds" for "frame_seconds"."""
    return f"limit-{limit.replace('_', '-')}"
