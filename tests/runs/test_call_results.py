import signal

import pytest

from engine.errors import LimitExceeded
from engine.models.codes import CODES, limit_of
from engine.models.frame import Frame
from engine.runs.call_results import BackendGone, Died, FinishedCall, Garbage, RunCancelled, to_results
from sandbox.contract.messages import Outcome, Returned

FRAME = Frame(0)


@pytest.mark.parametrize(
    ("ending", "status", "code"),
    [
        (LimitExceeded("frame_seconds", 60, 60), "limit", "limit-frame-seconds"),
        (Died(signal.SIGXCPU, -1), "limit", "limit-cpu-seconds"),
        (Died(signal.SIGSYS, -1), "lost", "worker-lost"),
        (Died(signal.SIGSEGV, -1), "lost", "worker-lost"),
        (Died(0, 3), "lost", "worker-lost"),
        (Garbage(), "lost", "worker-garbage"),
        (RunCancelled(), "cancelled", "cancelled"),
        (BackendGone(), "backend_error", "backend-lost"),
    ],
)
@pytest.mark.parametrize("rows", [None, 0, 5])
def test_every_ending_is_a_tagged_result_however_many_rows_there_are(ending, status, code, rows):
    (result,) = to_results(FRAME, rows, FinishedCall(ending, 1.5, "printed"), cpu_limit=9)
    assert result.error is not None
    assert (result.status, result.error.code, result.printed, result.seconds) == (
        status,
        code,
        "printed",
        1.5,
    )
    assert result.value != result.value


def test_a_crash_names_its_signal_and_a_limit_its_value():
    (crash,) = to_results(FRAME, 1, FinishedCall(Died(signal.SIGSEGV, -1)), cpu_limit=9)
    assert crash.error is not None and "SIGSEGV" in crash.error.message
    (cpu,) = to_results(FRAME, 1, FinishedCall(Died(signal.SIGXCPU, -1)), cpu_limit=9)
    assert cpu.error is not None
    assert "cpu_seconds" in cpu.error.message and "9 allowed" in cpu.error.message


def test_a_number_passes_through_the_validator():
    ended = FinishedCall(Outcome(0, Returned("float", "float", (0.25).hex()), None))
    (result,) = to_results(FRAME, 5, ended, cpu_limit=9)
    assert (result.value, result.name) == (0.25, None)


@pytest.mark.parametrize("code", [code for code in CODES if code.startswith("limit-")])
def test_every_limit_says_what_to_do(code):
    limit = LimitExceeded(limit_of(code), 1, 1)
    (result,) = to_results(FRAME, 5, FinishedCall(limit, 1.0, ""), cpu_limit=9)
    assert result.error is not None and result.error.code == code and result.error.hint
