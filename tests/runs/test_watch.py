"""Work that hangs is left to itself, and work that does not is waited for."""

import threading

import pytest

from engine.context import UNBOUNDED, QueryContext
from engine.runs import watch
from engine.runs.watch import Hangs, watched


def test_what_ends_is_returned_or_raised():
    assert watched(lambda: 7, UNBOUNDED.within(0)) == 7
    with pytest.raises(ZeroDivisionError):
        watched(lambda: 1 // 0, UNBOUNDED)


@pytest.mark.parametrize("cancelled", [True, False])
def test_what_hangs_is_told_with_its_reason(monkeypatch, cancelled):
    monkeypatch.setattr(watch, "ABANDON_SECONDS", 0.0)
    cancel, let_go = threading.Event(), threading.Event()
    context = QueryContext(cancel=cancel)
    if cancelled:
        cancel.set()
    else:
        context = context.within(0)
    with pytest.raises(Hangs) as raised:
        watched(let_go.wait, context)
    assert raised.value.cancelled is cancelled
    let_go.set()
