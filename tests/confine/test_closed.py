"""The policy as this kernel carries it out: every call that it does not allow is refused."""

from __future__ import annotations

import json

import pytest

from sandbox.confine.bpf import Action
from sandbox.confine.libc import architecture
from sandbox.confine.numbers import NUMBERS, X86_64
from sandbox.confine.worker_policy import WORKER_POLICY
from tests.confine.harness import Job, run_confined, run_each
from tests.confine.kernel import decide

# Beyond the newest call of any kernel so far, about 470.
LAST = 600
# uretprobe and uprobe, x86 only: the kernel lets them past every filter, for traced programs; whoever calls
# them by hand ends itself with SIGILL, where the kernel has them at all.
UPROBES = (335, 336)
ERRORS = {Action.EPERM: 1, Action.ENOSYS: 38}
KILLING = [row.call for row in WORKER_POLICY.rows if row.action is Action.KILL]

SWEEP = """
import json
from sandbox.confine.libc import call_number
answers = {}
for number in NUMBERS:
    try:
        answers[number] = call_number(number, 0, 0, 0, 0, 0, 0)
    except OSError as error:
        answers[number] = -error.errno
say(json.dumps(answers))
"""


@pytest.mark.parametrize("namespaces", [True, False])
def test_every_call_that_is_not_allowed_is_refused(namespaces: bool) -> None:
    """All numbers with zeros as arguments, the unnamed ones included; what kills is tried below."""
    decided = {number: decide(WORKER_POLICY, architecture(), number) for number in range(LAST)}
    refused = {number: -ERRORS[action] for number, action in decided.items() if action in ERRORS}
    if architecture() is X86_64:
        for number in UPROBES:
            del refused[number]
    assert len(refused) > 450
    ending = run_confined(Job(f"NUMBERS = {list(refused)}\n{SWEEP}", namespaces=namespaces))
    assert ending.code == 0, ending
    assert {int(number): answer for number, answer in json.loads(ending.said[0]).items()} == refused


@pytest.mark.skipif(architecture() is not X86_64, reason="only x86 has them")
@pytest.mark.parametrize("number", UPROBES)
def test_what_passes_every_filter_is_refused_or_ends_the_worker(number: int) -> None:
    source = f"from sandbox.confine.libc import call_number\ncall_number({number}, 0, 0, 0, 0, 0, 0)"
    ending = run_confined(Job(source))
    assert ending.code == -4 or ending.said[0].startswith("OSError"), ending


def test_what_nothing_honest_calls_kills() -> None:
    numbers = {call: NUMBERS[call][architecture().column] for call in KILLING}
    jobs = {
        call: Job(
            f"from sandbox.confine.libc import call_number\ncall_number({number}, 0, 0, 0, 0, 0, 0)",
            namespaces=False,
        )
        for call, number in numbers.items()
        if number is not None
    }
    endings = dict(zip(jobs, run_each(list(jobs.values())), strict=True))
    assert len(endings) > 40
    ended = {call: (ending.error, ending.said, ending.code) for call, ending in endings.items()}
    assert ended == dict.fromkeys(jobs, ("", [], -31))
