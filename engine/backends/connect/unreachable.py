"""Why an endpoint of Spark Connect does not answer, and what to do about it.

gRPC says little more than "unavailable". So its failure is looked into by hand: the name is resolved, a TCP
connection made, and TLS tried, with a timeout each. That tells a wrong address from a server that is down,
and both from one that speaks something else.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from dataclasses import dataclass
from typing import Final

import grpc

from engine.context import UNBOUNDED
from engine.errors import Interrupted
from engine.threads import Pending

_LOOK_SECONDS: Final = 5.0
_REFUSED_CODES: Final = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})
# What gRPC says of a certificate that it does not trust, or that is somebody else's.
_CERTIFICATE: Final = ("CERTIFICATE_VERIFY_FAILED", "not in peer certificate", "Hostname Verification")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server is expected.

    Attributes:
        host: name or address, IPv6 without brackets.
        port: TCP port.
        tls: whether it is spoken to with TLS.
        token: whether it is given a token.
    """

    host: str
    port: int
    tls: bool
    token: bool


def explain_silence(endpoint: ServerAddress, error: grpc.RpcError) -> str:
    """What is wrong with an endpoint that did not answer, and what to do; takes a few seconds at most.

    Args:
        endpoint: where the server was expected.
        error: what the first call of all met.
    """
    code, text = error.code(), str(error.details() or "")
    if code in _REFUSED_CODES:
        return _explain_token(endpoint)
    if (reason := _explain_address(endpoint)) or (reason := _explain_tls(endpoint, text)):
        return reason
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return (
            "something accepts connections there, but did not answer for seconds: it is not a Spark Connect "
            "server (whose port is 15002 by default), or it hangs or is very busy"
        )
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNKNOWN):
        return (
            "what listens there does not speak Spark Connect: check the port, which is 15002 by default "
            "(those of the Spark master, of web pages and of Thrift servers are others), and that the "
            "cluster runs a Spark Connect server"
        )
    return f"it answers with the error {code.name}; see the server's log"


def _explain_token(endpoint: ServerAddress) -> str:
    if endpoint.token:
        return "it refused the token: give the one that the server was started with, as ;token=..."
    return "it wants a token: give it as ;token=... at the end of the address"


def _explain_address(endpoint: ServerAddress) -> str:
    """What keeps a TCP connection from being made; empty if nothing does."""
    resolving = Pending(
        lambda: socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM),
        "calcmetric-resolve",
    )
    try:
        resolving.wait(UNBOUNDED.within(_LOOK_SECONDS))
    except (OSError, UnicodeError):
        return f"the name {endpoint.host!r} does not resolve: check its spelling, and this machine's DNS"
    except Interrupted:
        return f"the name {endpoint.host!r} was not resolved in {_LOOK_SECONDS:g} s: check this machine's DNS"
    try:
        _connect(endpoint).close()
    except ConnectionRefusedError:
        return (
            f"the connection was refused, nothing listens on port {endpoint.port}: check its address and "
            "port, and that the Spark Connect server runs"
        )
    except TimeoutError:
        return (
            f"no connection was made in {_LOOK_SECONDS:g} s: check its address, and that no firewall is "
            "between this machine and it"
        )
    except OSError as error:
        return f"this machine cannot reach it ({error.strerror or error}): check its address and the network"
    return ""


def _explain_tls(endpoint: ServerAddress, text: str) -> str:
    """Whether both sides expect the same of TLS; empty if they do."""
    speaks = _speaks_tls(endpoint)
    if not endpoint.tls:
        return "it speaks TLS: add ;use_ssl=true to the address" if speaks else ""
    if not speaks:
        return (
            "it does not speak TLS, which use_ssl=true and every token need: leave both out, or put TLS in "
            "front of the server; without TLS, a token is sent to the name localhost only"
        )
    if any(sign in text for sign in _CERTIFICATE):
        return (
            "its TLS certificate is not trusted, or is for another name: use the name that the certificate "
            "is for, and name a file with the authority that signed it in GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
        )
    return ""


def _speaks_tls(endpoint: ServerAddress) -> bool:
    """Whether a TLS handshake succeeds, whoever signed the certificate: nothing secret is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with contextlib.suppress(OSError, ValueError), _connect(endpoint) as sock:
        context.wrap_socket(sock, server_hostname=endpoint.host).close()
        return True
    return False


def _connect(endpoint: ServerAddress) -> socket.socket:
    return socket.create_connection((endpoint.host, endpoint.port), timeout=_LOOK_SECONDS)
