"""Starting a local server: its process is launched, and waited for until it answers."""

from __future__ import annotations

import logging
import time
import uuid
from typing import Final, Protocol

import grpc

from engine.backends.connect.rpc import Connection
from engine.backends.local.generation import Generation
from engine.backends.local.process import ServerProcess
from engine.backends.local.slot import ServerSlot
from engine.backends.local.why import complaints, why_ended
from engine.effort import Grace
from engine.endings import tell_ending
from engine.errors import BackendStartError, EngineClosed, OpenNetworkError
from engine.results.text import clean_text
from engine.wording import worded

_ATTEMPTS: Final = 3
_POLL_SECONDS: Final = 0.01
_ANSWER_SECONDS: Final = 1.0
_START_TIMES: Final = 5.0

logger = logging.getLogger(__name__)


class Startable(Protocol):
    """A kind of local server, as far as it has to be known to start one.

    Attributes:
        name: as people know it.
        start_seconds: for how long a start is waited for.
    """

    name: str
    start_seconds: float

    def launch(self) -> tuple[ServerProcess, Connection]:
        """Start a process on free ports; return it, and a connection to what it will listen on."""
        ...

    def can_retry(self, detail: str) -> bool:
        """Whether another attempt to start may go better, after one that ended so."""
        ...


def start_generation(server: Startable, slot: ServerSlot[Generation]) -> Generation:
    """Start a generation, on other ports if somebody was quicker to take those chosen.

    Args:
        server: the kind of server.
        slot: what it is started for; it is told of the process.

    Raises:
        BackendStartError: it cannot be started.
        EngineClosed: the slot was closed meanwhile.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        process, connection = server.launch()
        slot.note_starting(process)
        try:
            wait_answer(server.name, server.start_seconds, process, connection)
            return Generation(process, connection)
        except BackendStartError as error:
            _give_up(server, process, connection, str(error))
            if slot.is_closed:
                raise EngineClosed("the backend was closed while it started") from None
            if attempt == _ATTEMPTS or isinstance(error, OpenNetworkError):
                raise
            if not server.can_retry(error.detail):
                raise
        except BaseException as error:
            _give_up(server, process, connection, type(error).__name__)
            raise
    raise AssertionError("unreachable")


def wait_answer(
    name: str,
    seconds: float,
    process: ServerProcess,
    connection: Connection,
    grace: Grace | None = None,
) -> None:
    """Wait until a launched server answers.

    Args:
        name: of the kind of server.
        seconds: for how long, not counting those that other programs take from it.
        process: the server.
        connection: a connection to the server.
        grace: these seconds, if they have begun already.

    Raises:
        BackendStartError: it ended, or does not answer.
    """
    began = time.monotonic()
    grace = grace or process.grace(seconds, times=_START_TIMES)
    called = f"the local {name} server"
    while not process.is_listening():
        if not process.is_alive(_POLL_SECONDS):
            raise start_error(called, "it ended while starting", process)
        if not grace.left():
            waited = _waited(time.monotonic() - began, seconds)
            raise start_error(called, f"it did not answer within {waited}", process)
    session_id = str(uuid.uuid4())
    version = ""
    while not version:
        try:
            version = connection.server_version(session_id, max(grace.left(), _ANSWER_SECONDS))
        except grpc.RpcError as error:
            if process.is_alive() and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and grace.left():
                continue  # others keep it from the processors
            raise start_error(called, "it does not answer", process, str(error)) from None
    connection.release(session_id)
    logger.info("local %s server %s answers after %.1f s", name, version, time.monotonic() - began)
    if process.is_open:
        logger.warning("nothing confines the network of the local %s server; its files are", name)
    elif not process.is_private:
        logger.info("other users of this machine can reach the local %s server's ports", name)


def start_error(server: str, what: str, process: ServerProcess, said: str = "") -> BackendStartError:
    """Why a local server could not be started, and what to do.

    Args:
        server: as people know it.
        what: what was seen of it from outside.
        process: its process, which has ended or is about to be.
        said: what the attempt to talk to it gave.
    """
    log = process.log_tail()
    detail = f"{said}\n{log}".strip()
    # For the log of a service: at the command line a warning would stand in front of the message.
    logger.info("%s did not start (%s); its last output:\n%s", server, what, detail)
    if (network := complaints(log).get("open-network")) is not None:
        return OpenNetworkError(
            worded(
                "{server} is not started, because {network}. Permit network namespaces (as root, or "
                "unprivileged user namespaces), run Linux 6.7 or newer, or {accept_files_only}",
                server=server,
                network=clean_text(network),
            ),
            detail=detail,
        )
    reason = why_ended(log, process.exit_status)
    return BackendStartError(
        f"{server} could not be started: {what}: {reason}; `calcmetric doctor` shows what this machine lacks",
        detail=detail,
    )


def _waited(seconds: float, counting: float) -> str:
    """How long a server was waited for, and how much of that counts."""
    if seconds < 1.5 * counting:
        return f"{counting:g} s"
    return f"{seconds:.0f} s, of which other programs left it less than {counting:g}"


def _give_up(server: Startable, process: ServerProcess, connection: Connection, reason: str) -> None:
    """End a server that was launched, and is not used."""
    tell_ending(f"a local {server.name} server that starts", reason, level=logging.INFO)
    connection.close()
    process.end()
