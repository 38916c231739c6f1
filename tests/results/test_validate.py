"""The validator: the table of statuses, and its laws for hostile reports."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models import FrameError, Result
from engine.models.codes import CODES
from engine.models.frame import Frame
from engine.results import validate_outcome
from engine.results.validate import Validated
from sandbox.contract.messages import Outcome, Problem, Raised, Returned
from tests.waiting import within

KINDS = ("int", "float", "decimal", "fraction", "none", "bool", "other")


def returned(kind: Any, text: str = "", type_: str = "object", rows: int | None = 5) -> Validated:
    return validate_outcome(Outcome(0, Returned(type_, kind, text), None), rows=rows)


def raised(*, rows: int | None = 5, fault: Any = None, **fields: Any) -> Validated:
    report: dict[str, Any] = {
        "type": "ZeroDivisionError",
        "message": "division by zero",
        "line": 7,
        "source": "return 1 / 0",
    }
    return validate_outcome(Outcome(0, None, Raised(**(report | fields))), rows=rows, fault=fault)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "42", 42.0),
        ("int", "-7", -7.0),
        ("int", str(2**1023), 2.0**1023),
        ("int", str(2**53 + 1), float(2**53 + 1)),
        ("float", (0.1).hex(), 0.1),
        ("float", (5e-324).hex(), 5e-324),
        ("decimal", "1.50", 1.5),
        ("decimal", "1E+5", 1e5),
        ("decimal", "-1E-400", -0.0),
        ("fraction", "1/3", 1 / 3),
        ("fraction", "5", 5.0),
        ("fraction", f"{10**390}/{10**389}", 10.0),
    ],
)
def test_numbers_are_ok(kind, text, value):
    for rows in (5, 0, None):
        status, got, error = returned(kind, text, rows=rows)
        assert (status, error) == ("ok", None)
        assert got.hex() == value.hex()


def test_negative_zero_stays():
    assert math.copysign(1, returned("float", (-0.0).hex()).value) == -1


@pytest.mark.parametrize(("kind", "text"), [("float", "nan"), ("decimal", "NaN"), ("decimal", "-NaN12")])
def test_nan_is_nan_or_no_data(kind, text):
    assert returned(kind, text, rows=3).status == "nan"
    assert returned(kind, text, rows=None).status == "nan"
    assert returned(kind, text, rows=0).status == "no_data"


def test_none_is_invalid_or_no_data():
    judged = returned("none", type_="NoneType")
    assert judged.error is not None
    assert (judged.status, judged.error.code) == ("invalid_output", "returned-none")
    assert judged.error.hint == 'return float("nan") if v is None else v'
    assert returned("none", rows=0).status == "no_data"
    assert returned("none", rows=None).status == "invalid_output"


@pytest.mark.parametrize(
    ("kind", "text", "type_", "code", "hint"),
    [
        ("bool", "True", "bool", "returned-bool", "float(v)"),
        ("bool", "False", "numpy.bool", "returned-bool", "float(v)"),
        ("float", "inf", "float", "returned-infinity", "np.isfinite"),
        ("float", "-inf", "numpy.float64", "returned-infinity", "np.isfinite"),
        ("decimal", "Infinity", "decimal.Decimal", "returned-infinity", "np.isfinite"),
        ("int", "9" * 400, "int", "returned-too-large", "1.8e308"),
        ("int", str(2**1024), "int", "returned-too-large", "1.8e308"),
        ("decimal", "1E+400", "decimal.Decimal", "returned-too-large", "1.8e308"),
        ("fraction", f"{10**390}/3", "fractions.Fraction", "returned-too-large", "1.8e308"),
        ("decimal", "sNaN", "decimal.Decimal", "returned-signalling-nan", 'float("nan")'),
        ("other", "length 1", "pyspark.Row", "returned-collection", "[0]"),
        ("other", "shape (1,)", "numpy.ndarray", "returned-collection", "[0]"),
        ("other", "length 1", "list", "returned-collection", "[0]"),
        ("other", "shape (1,)", "pandas.Series", "returned-collection", ".iloc[0]"),
        ("other", "shape (3, 2)", "pandas.DataFrame", "returned-frame", "first()[0]"),
        ("other", "", "pyspark.DataFrame", "returned-frame", "first()[0]"),
        ("other", "", "pyspark.Column", "returned-frame", "agg"),
        ("other", "length 3", "str", "returned-text", "float(v)"),
        ("other", "", "complex", "returned-complex", "abs(v)"),
        ("other", "", "pandas.NAType", "returned-missing", "pd.isna"),
        ("other", "", "pandas.NaTType", "returned-missing", "pd.isna"),
        ("other", "shape ()", "numpy.MaskedConstant", "returned-missing", "is_masked"),
        ("other", "", "Thing", "returned-other", "return a number"),
    ],
)
def test_what_is_not_a_number_is_refused_with_the_fix(kind, text, type_, code, hint):
    for rows in (5, 0):
        status, value, error = returned(kind, text, type_, rows)
        assert error is not None and error.hint is not None
        assert (status, error.code) == ("invalid_output", code)
        assert math.isnan(value)
        assert hint in error.hint
        assert code in CODES


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("float", "1.5"), ("float", "NaN"), ("float", "0x1.8p+9999"), ("float", "1e999999"), ("float", ""),
        ("float", " 0x1.8p+1"), ("float", "0x1.8p+1\n"), ("float", "infinity"),
        ("int", "1_000"), ("int", "٣"), ("int", "+1"), ("int", "1.0"), ("int", ""), ("int", "0x10"),
        ("decimal", "1_0"), ("decimal", "1e5"), ("decimal", ".5"), ("decimal", "nan"),
        ("fraction", "1/0"), ("fraction", "1/-2"), ("fraction", "1/2/3"), ("fraction", "½"),
    ],
)  # fmt: skip
def test_texts_that_no_honest_worker_writes_are_garbage(kind, text):
    judged = returned(kind, text)
    assert judged.error is not None
    assert (judged.status, judged.error.code) == ("invalid_output", "returned-garbage")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unit", ["9", "1/", "1E+9", "NaN", "0x1.", "\x1b[31m", "/a", "é", "\ud800"])
def test_enormous_texts_are_refused_quickly(kind, unit):
    text = unit * 100_000
    with within(1):
        assert returned(kind, text, type_=text).status == "invalid_output"
        assert raised(message=text, source=text, type=text).status == "raised"


@pytest.mark.parametrize(
    ("kind", "text"), [("decimal", "0." + "3" * 398), ("fraction", "1" * 400 + "/" + "3" * 399)]
)
def test_a_number_that_may_have_been_cut_is_not_read(kind, text):
    error = returned(kind, text).error
    assert error is not None and error.code == "returned-too-large"


def test_an_exception_has_its_line_and_source():
    status, value, error = raised()
    assert status == "raised"
    assert math.isnan(value)
    assert error == FrameError("raised", "ZeroDivisionError: division by zero\n  line 7: return 1 / 0", 7)


def test_an_exception_without_a_line():
    assert raised(line=0, source="", message="").error == FrameError("raised", "ZeroDivisionError")


def test_an_exception_on_an_empty_frame_is_no_data():
    status, value, error = raised(rows=0)
    assert (status, error) == ("no_data", None) and math.isnan(value)
    assert raised(rows=None).status == "raised"


def test_a_refusal_stays_one_on_an_empty_frame():
    problem = Problem(4, 2, "attribute-refused", "no", "use that")
    for rows in (5, 0):
        judged = raised(rows=rows, refusal=problem)
        assert judged.status == "refused"
        assert judged.error == FrameError("attribute-refused", "no", 4, "use that")


def test_running_out_of_memory_is_a_limit():
    judged = raised(type="MemoryError", memory=True, rows=0)
    assert judged.error is not None
    assert (judged.status, judged.error.code) == ("limit", "limit-memory-bytes")


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("CALCMETRIC_REFUSED", "refused"),
        ("CALCMETRIC_LIMIT", "raised"),
        ("CALCMETRIC_BACKEND", "backend_error"),
        ("DIVIDE_BY_ZERO", "raised"),
    ],
)
def test_conditions_of_the_engine_keep_their_status(condition, status):
    assert raised(condition=condition).status == status


def test_the_gateways_own_word_comes_before_the_workers():
    known = FrameError("function-refused", "reflect is refused", None, "leave it out")
    judged = raised(condition="CALCMETRIC_REFUSED", message="lies", fault=("refused", known))
    assert judged.error == FrameError("function-refused", "reflect is refused", 7, "leave it out")
    assert raised(fault=("refused", known)).status == "raised"  # the guest caught the refusal, then failed


def test_neither_value_nor_exception_is_garbage():
    error = validate_outcome(Outcome(0, None, None), rows=1).error
    assert error is not None and error.code == "worker-garbage"


@given(st.sampled_from(KINDS), st.text(max_size=60), st.text(max_size=30), st.sampled_from([None, 0, 9]))
def test_only_ok_carries_a_number_and_nothing_raises(kind, text, type_, rows):
    status, value, error = returned(kind, text, type_, rows)
    result = Result(Frame(0), status, value, rows, error)  # refuses contradictions
    assert (result.status == "ok") == math.isfinite(result.value)


@given(
    st.text(), st.text(), st.integers(), st.text(), st.text(), st.booleans(), st.sampled_from([None, 0, 9])
)
def test_no_exception_carries_a_number(type_, message, line, source, condition, memory, rows):
    status, value, error = validate_outcome(
        Outcome(0, None, Raised(type_, message, line, source, condition, memory)), rows=rows
    )
    assert math.isnan(Result(Frame(0), status, value, rows, error).value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_come_back_exactly(number):
    assert returned("float", number.hex()).value.hex() == number.hex()


@given(st.integers(-(10**300), 10**300))
def test_integers_come_back_as_the_nearest_float(number):
    assert returned("int", str(number)).value == float(number)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_decimals_come_back_as_the_nearest_float(number):
    assert returned("decimal", str(number)).value == float(number)


@given(st.fractions())
def test_fractions_come_back_as_the_nearest_float(number):
    assert returned("fraction", str(number)).value == float(number)
    assert returned("fraction", str(Fraction(Decimal("0.1")))).value == 0.1
