"""Untrusted side. Every code that the language layer can report, and the exception of its guards.

`CODES` is the documented table: a test compiles or runs a source for each code and fails when one is
missing here or emitted by nothing. Codes are stable; texts are not.

`GuardRefused` derives from BaseException: `except Exception` is everyday code, and a metric that
swallowed a refusal would return a number that looks honest. A bare `except:`, a `return` in `finally`
and an `__exit__` that returns True can still swallow it; the loader therefore remembers the refusal and
raises it when `calc_metric` comes back (rejected: rewriting every handler, which changes the author's
tracebacks and still misses `finally` and `__exit__`).
"""

from __future__ import annotations

from typing import Final

from sandbox.contract.messages import Problem, Severity

CODES: Final[dict[str, str]] = {
    # The text as a whole.
    "source-empty": "the source contains no code",
    "source-too-long": "the source has more bytes than the limit `source_bytes`",
    "source-not-utf8": "the source is not UTF-8",
    "source-encoding": "a coding line declares an encoding other than UTF-8",
    "source-null-byte": "the source holds a null byte",
    "syntax-error": "Python cannot parse the source",
    "source-too-complex": "the source nests too deeply, or crashes Python's compiler",
    "python-warning": "Python's compiler warns, such as about an invalid escape sequence (warning)",
    # calc_metric.
    "metric-missing": "no function named calc_metric at the top level",
    "metric-parameters": "calc_metric cannot be called with the frame, or with the frame and a baseline",
    "metric-not-function": "calc_metric is something else than a function",
    "metric-generator": "calc_metric contains yield, so a call returns a generator instead of a number",
    "metric-no-return": "calc_metric never returns a value (warning)",
    "metric-returns": "calc_metric is annotated to return a dict of something other than numbers (warning)",
    "metric-other-frames": "the metric is written for PySpark where frames are Snowpark's, or vice versa",
    "metric-twice": "calc_metric is defined more than once; the last one wins (warning)",
    "metric-collects-frame": "calc_metric fetches every row and column of its frame (warning)",
    # The language.
    "name-underscore": "a name that begins with an underscore",
    "name-refused": "a builtin that reaches outside the metric, such as open or eval",
    "attribute-underscore": "an attribute that begins with an underscore",
    "attribute-inspection": "an attribute of frames, tracebacks, code or generators",
    "method-refused": "a special method that a metric's class may not define",
    "class-refused": "a base class or class keyword that a metric's class may not have",
    "async-refused": "async code",
    "syntax-refused": "a statement or pattern that the language layer has no rule for",
    # Libraries.
    "import-refused": "an import outside the allowed modules",
    "import-name-refused": "a name that an allowed module does not offer to metrics",
    "attribute-refused": "an attribute that is not on the allowlist of its module or type",
    "function-name-refused": "a function given by name that is not on the allowlist",
    "write-refused": "an attribute that a metric may not change",
    "call-refused": "a builtin called in a form that is not available",
}


class GuardRefused(BaseException):
    """A runtime guard said no.

    Attributes:
        problem_code: a key of `CODES`.
        message: what was refused, for the author.
        hint: what to do instead; may be empty.
    """

    def __init__(self, problem_code: str, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.problem_code = problem_code
        self.message = message
        self.hint = hint


def make_problem(
    line: int, column: int, code: str, message: str, hint: str = "", severity: Severity = "error"
) -> Problem:
    """A `Problem` whose code is in the table (KeyError otherwise, a bug of ours)."""
    CODES[code]
    return Problem(line, column, code, message, hint, severity)
