"""The calls of a session while they go on: pumped into a queue, waited for, and thrown away.

gRPC's iterator has no timeout, so a thread of its own moves a call's responses into a short queue, where the
asking thread can look at its deadline and its cancel event every few milliseconds.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import Any, Final, Literal

import grpc

from engine.errors import Interrupted

POLL_SECONDS: Final = 0.02
_QUEUED_RESPONSES: Final = 4  # of up to 4 MiB each

Reason = Literal["deadline", "cancelled"]


class End:
    """The last item of a pumped call: how it ended."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error


def pumped(call: Any) -> queue.Queue[Any]:
    """The queue into which a thread of its own moves a call's responses; the last item is an `End`."""
    responses: queue.Queue[Any] = queue.Queue(_QUEUED_RESPONSES)
    threading.Thread(target=_pump, args=(call, responses), name="calcmetric-query", daemon=True).start()
    return responses


def _pump(call: Any, responses: queue.Queue[Any]) -> None:
    try:
        for response in call:
            responses.put(response)
    except (grpc.RpcError, ValueError) as error:
        responses.put(End(error))
    else:
        responses.put(End(None))


def drain(responses: queue.Queue[Any], until: float) -> bool:
    """Throw responses away up to the end; False if it did not come in time."""
    while (left := until - time.monotonic()) > 0:
        with contextlib.suppress(queue.Empty):
            if isinstance(responses.get(timeout=left), End):
                return True
    return False


def raise_end(end: End) -> None:
    """Raise what a call ended with, if that is an error."""
    if end.error is not None:
        raise end.error


def wait(call: Any, until: float | None, cancel: threading.Event | None) -> Reason | None:
    """Wait for a call's end; why it is not waited for any longer, or None once it has ended."""
    over = threading.Event()
    call.add_done_callback(lambda _: over.set())
    while not over.wait(POLL_SECONDS):
        if reason := due(until, cancel):
            return reason
    return None


def due(deadline: float | None, cancel: threading.Event | None) -> Reason | None:
    """Why nothing is waited for any longer, or None."""
    if cancel is not None and cancel.is_set():
        return "cancelled"
    return "deadline" if deadline is not None and time.monotonic() >= deadline else None


def refuse_due(deadline: float | None, cancel: threading.Event | None) -> None:
    """Raise `Interrupted` if nothing is waited for any longer."""
    if reason := due(deadline, cancel):
        raise Interrupted(reason)
