import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.contract.control import LEVELS, Ready
from sandbox.contract.framing import ChannelGarbage
from sandbox.contract.limits import Limits
from sandbox.contract.messages import (
    Call,
    Compiled,
    Named,
    NamedValue,
    Outcome,
    Problem,
    Raised,
    Returned,
    Start,
    decode,
    encode,
)
from sandbox.contract.signature import Argument, Parameter, Scalar, Signature, from_scalar, to_scalar

MESSAGES = [
    Start("def calc_metric(df): ...", 10, ("math",), True),
    Compiled((Problem(1, 2, "code", "message", "hint", "warning"),)),
    Compiled((), Signature(True, (Parameter("k", "literal", (Scalar("int", "-1"),), 2, 3),), ("other",))),
    Call(3, 1, "", (Argument("k", Scalar("float", "0x1p-1")), Argument("s", Scalar("str", "\u00e9\n")))),
    Outcome(3, Returned("float", "float", "0x1p+0"), None),
    Outcome(3, None, Raised("ValueError", "no", 4, "raise", "", False, Problem(1, 1, "c", "m"))),
    Outcome(3, None, None, Named("dict", 1, (NamedValue("auc", Returned("float", "float", "0x1p+0")),))),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_survives_the_journey(message):
    assert decode(type(message), encode(message)) == message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[" * 100_000,
        b'{"frame": 1, "returned": null}',
        b'{"frame": 1, "returned": null, "raised": null, "named": null, "extra": 1}',
        b'{"frame": 1.0, "returned": null, "raised": null, "named": null}',
        b'{"frame": true, "returned": null, "raised": null, "named": null}',
        b'{"frame": NaN, "returned": null, "raised": null, "named": null}',
        b'{"frame": 1, "raised": null, "named": null, "returned": {"type": "x", "kind": "evil", "text": ""}}',
        b'{"frame": 1, "returned": [], "raised": null, "named": null}',
        b"\xff\xfe",
    ],
)
def test_anything_else_is_garbage(data):
    with pytest.raises(ChannelGarbage):
        decode(Outcome, data)


@pytest.mark.parametrize("level", ["", "stronger", None, 0])
def test_a_level_of_isolation_that_nobody_knows_is_garbage(level):
    with pytest.raises(ChannelGarbage):
        decode(Ready, json.dumps({"level": level, "failure": ""}).encode())
    assert all(decode(Ready, encode(Ready(known, ""))).level == known for known in LEVELS)


KEYS = ["frame", "returned", "raised", "named", "type"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["frame", "returned", "raised", "named", "type"]), inner)
    ),
)


@given(json_values)
def test_any_json_decodes_to_a_true_message_or_is_garbage(value):
    try:
        message = decode(Outcome, json.dumps(value).encode())
    except ChannelGarbage:
        return
    assert dataclasses.asdict(message) == value


@pytest.mark.parametrize("value", [0, -1, float("nan"), True, "5", None])
def test_a_limit_that_limits_nothing_is_refused(value):
    with pytest.raises(ValueError, match=r"Limits\.plans"):
        Limits(plans=value)


def test_the_processor_limit_follows_the_wall_unless_given():
    assert Limits(wall_seconds=7).worker_cpu_seconds == 7
    assert Limits(wall_seconds=7, cpu_seconds=2).worker_cpu_seconds == 2


@pytest.mark.parametrize("line", [2**63, -(2**64), 10**4_000])
def test_an_integer_that_no_column_of_results_can_hold_is_garbage(line):
    with pytest.raises(ChannelGarbage):
        decode(Outcome, encode(Outcome(3, None, Raised("ValueError", "no", line, ""))))


@pytest.mark.parametrize("value", [True, False, 0, -(2**62), 0.1, -0.0, 5e-324, "", "\u00e9\n", "1"])
def test_a_value_of_a_parameter_travels_exactly(value):
    found = from_scalar(to_scalar(value))
    assert (type(found), repr(found)) == (type(value), repr(value))
