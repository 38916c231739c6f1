"""PySpark's docstrings through the sandbox, as they are written; those that do not hold have a stated reason.

All hold on Spark but for those in the tables, answered natively or not.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest

from engine import Dataset, Engine, SourceRefused
from tests.servers import engine_on, plain_session
from tests.tiers import DEEP
from tests.verbatim.docstrings import LIMITS, Docstring, collect, judge, lines_of, split, write_source
from tests.verbatim.reasons import NOT_ON_SPARK, REASONS

pytestmark = pytest.mark.slow

DOCSTRINGS: Final = collect()
# Spark alone, which answers what is not native in the others, too, is asked for one.
PARTS: Final = 6
# Of those that are clean on Spark itself at least so many of so many hold.
AT_LEAST, OF = 615, 669
_TOGETHER: Final = 25


def run_plainly(docstrings: Sequence[Docstring], spark: Any) -> dict[str, str]:
    """What is wrong with each on plain PySpark."""
    found = {}
    df = spark.createDataFrame([(1,)], ["x"])
    for docstring in docstrings:
        namespace: dict[str, Any] = {"__name__": __name__}
        with contextlib.redirect_stdout(io.StringIO()) as out:
            try:
                exec(write_source([docstring]), namespace)
                namespace["calc_metric"](df)
            except (Exception, SystemExit) as error:
                found[docstring.name] = repr(error)
                continue
        found[docstring.name] = judge(docstring, split(out.getvalue())[0])
    return found


def told(found: Mapping[str, str]) -> str:
    """What is wrong, a line each."""
    return "\n".join(f"{name}: {why}" for name, why in sorted(found.items()) if why)


class Sandbox:
    """Runs docstrings in an engine, several in one metric."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._data = Dataset(pa.table({"x": [1]}))
        self.found: dict[str, str] = {}

    def run_all(self, docstrings: Sequence[Docstring]) -> None:
        """Note what is wrong with each."""
        for at in range(0, len(docstrings), _TOGETHER):
            self._run(docstrings[at : at + _TOGETHER])

    def _run(self, docstrings: Sequence[Docstring]) -> None:
        """Note what is wrong with each. One that is refused ends its metric; the others run without it."""
        left = list(docstrings)
        while left:
            source = write_source(left)
            try:
                result = self._engine.evaluate(source, self._data, limits=LIMITS).overall
            except SourceRefused as refused:
                lines = lines_of(source)
                wrong = {
                    number: problem.message
                    for problem in reversed(refused.problems)
                    if problem.severity == "error"
                    for number, span in lines.items()
                    if problem.line in span
                }
                assert wrong, refused
                self.found.update({left[number].name: message for number, message in wrong.items()})
                left = [one for number, one in enumerate(left) if number not in wrong]
                continue
            shown = split(result.printed)
            last = max(shown, default=0)
            done = len(left) if result.status == "ok" else last
            for number in range(done):
                self.found[left[number].name] = judge(left[number], shown.get(number, ""))
            if result.status == "ok":
                return
            assert result.error is not None
            self.found[left[last].name] = result.error.message
            left = left[last + 1 :]


@pytest.fixture
def sandbox_on(spool_dir: Path, data_dir: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    with contextlib.ExitStack() as stack:

        def open_on(backend: str) -> Sandbox:
            server = request.getfixturevalue(f"{backend}_backend")
            options = {"roots": (data_dir,), "extra_imports": ("standard",)}
            return Sandbox(stack.enter_context(engine_on(server, spool_dir, **options)))

        yield open_on


@pytest.mark.spark
@pytest.mark.parametrize(
    ("backend", "part"),
    [
        ("native", 0),
        *(pytest.param("native", part, marks=DEEP) for part in range(1, PARTS)),
        pytest.param("spark", 0, marks=DEEP),
    ],
)
def test_docstrings_hold_but_for_those_with_a_reason(sandbox_on, part, backend):
    """Plain PySpark is not asked again: what holds here shows what the docstring shows."""
    known, sandbox = REASONS.keys() | NOT_ON_SPARK.keys(), sandbox_on(backend)
    sandbox.run_all([one for one in DOCSTRINGS[part::PARTS] if one.name not in known])
    assert not any(sandbox.found.values()), told(sandbox.found)


@pytest.mark.spark
def test_some_do_not_hold_on_spark_itself(spark_backend):
    with plain_session(spark_backend) as spark:
        plainly = run_plainly([one for one in DOCSTRINGS if one.name in NOT_ON_SPARK], spark)
    assert {name for name, why in plainly.items() if not why} == set()


def test_most_docstrings_have_no_reason():
    clean = {one.name for one in DOCSTRINGS} - NOT_ON_SPARK.keys()
    held = len(clean - REASONS.keys())
    assert held >= AT_LEAST and held * OF >= AT_LEAST * len(clean)
    assert (REASONS.keys() | NOT_ON_SPARK.keys()) <= {one.name for one in DOCSTRINGS}
