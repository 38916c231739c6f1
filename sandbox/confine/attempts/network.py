"""Attempts at networks, other sockets, and whoever is at the other end of the channel."""

from __future__ import annotations

import socket
import struct
from typing import Final

from sandbox.confine.attempts.base import Action, Attempt, Scene, any_of
from sandbox.confine.libc import raw_call

_PACKET, _FAMILIES, _PEER_PIDFD, _TO_ABSTRACT = 17, 46, 77, b"\1\0\0calcmetric"


def _socket(family: int, kind: int, protocol: int = 0) -> Action:
    return lambda _: socket.socket(family, kind, protocol).close()


def _option_of_peer(option: int) -> Action:
    return lambda scene: raw_call(
        "getsockopt", scene.channel, socket.SOL_SOCKET, option, bytes(16), struct.pack("<I", 16)
    )


def _receive_descriptors(scene: Scene) -> None:
    channel = socket.socket(fileno=scene.channel)
    try:
        channel.recvmsg(1, socket.CMSG_SPACE(4), socket.MSG_DONTWAIT)
    finally:
        channel.detach()


def _send_descriptors(scene: Scene) -> None:
    channel = socket.socket(fileno=scene.channel)
    try:
        channel.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", 0))])
    finally:
        channel.detach()


def _send_urgently(scene: Scene) -> None:
    raw_call("sendto", scene.channel, b"!", 1, socket.MSG_OOB | socket.MSG_DONTWAIT, None, 0)


def _receive_urgently(scene: Scene) -> None:
    raw_call("recvfrom", scene.channel, bytes(1), 1, socket.MSG_OOB | socket.MSG_DONTWAIT, None, None)


NETWORK: Final = (
    Attempt("open a TCP socket", _socket(socket.AF_INET, socket.SOCK_STREAM)),
    Attempt("open a TCP socket over IPv6", _socket(socket.AF_INET6, socket.SOCK_STREAM)),
    Attempt("open a UDP socket", _socket(socket.AF_INET, socket.SOCK_DGRAM)),
    Attempt("open a Unix socket", _socket(socket.AF_UNIX, socket.SOCK_STREAM)),
    Attempt("open a Unix datagram socket", _socket(socket.AF_UNIX, socket.SOCK_DGRAM)),
    Attempt("open a netlink socket", _socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    Attempt("open a raw socket", _socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)),
    Attempt("open a packet socket", _socket(_PACKET, socket.SOCK_RAW)),
    Attempt("open a virtual machine socket", _socket(socket.AF_VSOCK, socket.SOCK_STREAM)),
    Attempt(
        "open a socket of any family",
        any_of(*(_socket(f, kind) for f in range(_FAMILIES) for kind in (socket.SOCK_STREAM, 5))),
    ),
    Attempt("make a socket pair", lambda _: socket.socketpair()),
    Attempt("connect the channel elsewhere", lambda scene: raw_call(
        "connect", scene.channel, _TO_ABSTRACT, len(_TO_ABSTRACT))),
    Attempt("accept a connection", lambda scene: raw_call("accept4", scene.channel, None, None, 0)),
    Attempt("resolve a name", lambda _: socket.getaddrinfo("example.org", 80)),
    Attempt("see who made the channel", _option_of_peer(socket.SO_PEERCRED)),
    Attempt("hold who made the channel by descriptor", _option_of_peer(_PEER_PIDFD)),
    Attempt("receive a descriptor over the channel", _receive_descriptors),
    Attempt("send a descriptor over the channel", _send_descriptors),
    Attempt("send an urgent byte over the channel", _send_urgently),
    Attempt("receive an urgent byte from the channel", _receive_urgently),
)  # fmt: skip
