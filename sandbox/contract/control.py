"""Packets between the engine and the zygote: one JSON object each, with descriptors where needed.

The zygote is as trusted as the engine until its children run, but what comes from it is decoded as
strictly as what comes from a worker.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from sandbox.contract.framing import ChannelClosed, ChannelGarbage
from sandbox.contract.messages import decode, encode

# Exit status of a worker that could not be confined; it has run nothing of the guest.
CONFINEMENT_FAILED: Final = 71
_PACKET_BYTES: Final = 64 << 10

# The libraries of frames that a zygote has preloaded: one (see `Frames`), both, or none, so that its workers
# can only compile.
Client = Literal["pyspark", "snowpark", "both", "none"]


# How workers are confined (see `sandbox.confine.offers.Level`), from the strongest level to the weakest.
IsolationLevel = Literal["full", "landlock", "none"]
LEVELS: Final[tuple[IsolationLevel, ...]] = get_args(IsolationLevel)


@dataclass(frozen=True, slots=True)
class ZygoteOptions:
    """Engine to zygote, first: how to confine, and what to preload.

    Attributes:
        jail: whether to enter namespaces, where the host permits.
        confined: False runs workers without any confinement, for a person's own code only.
        client: what to preload of the libraries that frames are of.
        imports: modules and presets that the site opens to metrics, to preload as well.
        science: whether to preload scipy and statsmodels, which can also be had later (`LoadScience`).
    """

    jail: bool
    confined: bool
    client: Client
    imports: tuple[str, ...] = ()
    science: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """Zygote to engine, once: it is preloaded, and confined as `level` says."""

    level: IsolationLevel
    failure: str


@dataclass(frozen=True, slots=True)
class LoadScience:
    """Engine to zygote: load scipy and statsmodels, for the workers that are forked from now on."""


@dataclass(frozen=True, slots=True)
class ScienceLoaded:
    """Zygote to engine, for each `LoadScience`. With a failure, which is a sentence, the zygote ends."""

    failure: str


@dataclass(frozen=True, slots=True)
class ForkRequest:
    """Engine to zygote, with the worker's end of the channel as the one descriptor."""

    worker: int
    memory_bytes: int
    cpu_seconds: int


@dataclass(frozen=True, slots=True)
class Forked:
    """Zygote to engine, with the worker's pidfd as the one descriptor (none if the fork failed).

    Attributes:
        worker: as in the request.
        failure: why it failed; else "".
        science: whether the worker has scipy and statsmodels.
    """

    worker: int
    failure: str
    science: bool


@dataclass(frozen=True, slots=True)
class Exited:
    """Zygote to engine: a worker ended.

    Attributes:
        worker: as in the request.
        status: the wait status of waitpid(2).
        peak_bytes: its largest resident size, what it shares with the zygote included.
        cpu_milliseconds: its user and system time.
    """

    worker: int
    status: int
    peak_bytes: int
    cpu_milliseconds: int


Packet: TypeAlias = ZygoteOptions | Ready | LoadScience | ScienceLoaded | ForkRequest | Forked | Exited
_KINDS: Final[dict[str, type[Packet]]] = {
    kind.__name__: kind
    for kind in (ZygoteOptions, Ready, LoadScience, ScienceLoaded, ForkRequest, Forked, Exited)
}


def send_packet(sock: socket.socket, packet: Packet, descriptors: tuple[int, ...] = ()) -> None:
    """Send one packet.

    Raises:
        ChannelClosed: the other side is gone.
    """
    name = type(packet).__name__
    data = json.dumps([name, encode(packet).decode()]).encode()
    try:
        socket.send_fds(sock, [data], descriptors)
    except OSError as error:
        raise ChannelClosed(str(error)) from None


def receive_packet(sock: socket.socket) -> tuple[Packet, list[int]]:
    """Wait for one packet; return it with its descriptors, which the caller then owns.

    Raises:
        ChannelClosed: the other side is gone.
        ChannelGarbage: it sent something else.
    """
    try:
        data, descriptors, _, _ = socket.recv_fds(sock, _PACKET_BYTES, 4)
    except OSError as error:
        raise ChannelClosed(str(error)) from None
    if not data:
        raise ChannelClosed("end of stream")
    try:
        name, body = json.loads(data)
        kind = _KINDS[name]
    except (ValueError, TypeError, KeyError):
        raise ChannelGarbage("not a control packet") from None
    return decode(kind, body.encode()), descriptors
