"""What rules tell the world: signed, retried, and only to where the operator allows.

    Calcmetric-Id: the delivery's id, the same each time that it is tried
    Calcmetric-Timestamp: seconds since 1970
    Calcmetric-Signature: v1=HEX, the HMAC-SHA256 of "ID.TIMESTAMP.BODY" with the rule's secret

A delivery is retried at increasing intervals, for three days, until it is answered with 2xx: so it comes at
least once. Names that lead to inner addresses are refused, for each attempt, at the address that is then
connected to; redirections and proxies are not followed. Turns go round the accounts and in each its rules,
and an account has one attempt at a time: what waits for a dead receiver of one delays no other.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import itertools
import logging
import queue
import secrets
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import SplitResult

import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.errors import UsageError
from engine.failures import describe
from engine.service.settings import Settings
from engine.service.store.database import Database, clock
from engine.service.store.tables import Delivery, Metric, Model, Rule
from engine.service.urls import check_url, port_of, read_url
from engine.service.work.leases import backoff
from engine.version import VERSION

logger = logging.getLogger(__name__)

_SECONDS: Final = 8.0
_LASTS: Final = timedelta(days=3)
_ERROR: Final = 300
# Attempts at a time, each of another account.
_TOGETHER: Final = 8
# Addresses that stand for others, which may be inner ones.
_TRANSLATED: Final = tuple(
    ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")
)


class Refused(Exception):
    """A URL leads to where nothing may be sent."""


def make_secret() -> str:
    """A new secret, to be shown once."""
    return f"whs_{secrets.token_urlsafe(32)}"


def sign(secret: str, delivery_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a delivery."""
    text = f"{delivery_id}.{timestamp}.".encode() + body
    return f"v1={hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()}"


def resolve(url: SplitResult) -> str:
    """The address to connect to.

    Raises:
        Refused: the name leads to an inner address; one that the operator has written is theirs to allow.
        OSError: there is no such name.
    """
    host = str(url.hostname)
    found = [str(one[4][0]) for one in socket.getaddrinfo(host, port_of(url), type=socket.SOCK_STREAM)]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        for address in found:
            if not is_outer(address):
                raise Refused("the host has an inner address") from None
    return found[0]


def is_outer(address: str) -> bool:
    """Whether an address is one of the open internet."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    translated = any(parsed in network for network in _TRANSLATED if network.version == parsed.version)
    return parsed.is_global and not parsed.is_multicast and not translated


@dataclass(frozen=True, slots=True)
class _Due:
    """A delivery that this process tries."""

    id: str
    account: str
    url: str
    secret: str
    body: bytes


class Courier:
    """Sends what is due, for several accounts at a time. Several processes may."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._stopped = threading.Event()
        self._going: set[str] = set()
        self._ended: queue.SimpleQueue[tuple[str, bool]] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        self._turns: dict[str, int] = {}
        self._thread = threading.Thread(target=self._run, name="calcmetric-webhooks", daemon=True)

    def start(self) -> None:
        """Send from now on, if the operator allows any webhook."""
        if self._settings.webhooks:
            self._thread.start()

    def stop(self) -> None:
        """Send nothing more; what is being sent may be sent again."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(2 * _SECONDS)

    def deliver_due(self) -> int:
        """Try everything that is due; return how many deliveries were answered well."""
        good = 0
        while True:
            while len(self._going) < _TOGETHER and not self._stopped.is_set():
                due = self._claim()
                if due is None:
                    break
                self._going.add(due.account)
                # Daemons: a name that is never resolved keeps no process from ending.
                name = f"calcmetric-webhook-{due.account}"
                threading.Thread(target=self._deliver, args=(due,), name=name, daemon=True).start()
            if not self._going:
                return good
            with contextlib.suppress(queue.Empty):  # others may have become due meanwhile
                account, answered = self._ended.get(timeout=self._settings.tick_seconds)
                self._going.discard(account)
                good += answered

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.deliver_due()
            except Exception as error:
                logger.error("webhooks cannot be sent: %s", describe(error))
            self._stopped.wait(self._settings.tick_seconds)

    def _claim(self) -> _Due | None:
        """What is due of the account, and in it of the rule, whose turn was longest ago.

        It is due again later, should this process die with it.
        """
        with self._database.session() as session:
            now = clock(session)
            for account, rule_id in self._in_turn(session, now):
                query = sa.select(Delivery, Rule).join(Rule, Rule.id == Delivery.rule_id)
                query = query.where(Rule.id == rule_id, Delivery.not_before <= now).order_by(Delivery.seq)
                found = session.execute(query.limit(1).with_for_update(skip_locked=True, of=Delivery)).first()
                if found is None:
                    continue  # another process has taken it just now
                delivery, rule = found
                self._turns[account] = self._turns[rule_id] = next(self._numbers)
                delivery.attempts += 1
                # Longer than an attempt may take, so that no other process tries meanwhile.
                delivery.not_before = now + backoff(delivery.attempts + 1)
                return _Due(delivery.id, account, rule.url or "", rule.secret or "", delivery.body.encode())
            return None

    def _in_turn(self, session: Session, now: datetime) -> list[tuple[str, str]]:
        """Accounts and rules with something due, those first whose turn was longest ago."""
        query = sa.select(Model.account, Rule.id).join(Metric, Metric.model_id == Model.id)
        query = query.join(Rule, Rule.metric_id == Metric.id).join(Delivery, Delivery.rule_id == Rule.id)
        rows = session.execute(query.where(Delivery.not_before <= now).distinct())
        waiting = [(account, rule) for account, rule in rows]
        known = {name for pair in waiting for name in pair} | self._going
        self._turns = {name: number for name, number in self._turns.items() if name in known}
        free = [pair for pair in waiting if pair[0] not in self._going]
        return sorted(free, key=lambda pair: [self._turns.get(name, 0) for name in pair])

    def _deliver(self, due: _Due) -> None:
        answered = False
        try:
            error = self._try(due)
            self._note(due, error)
            answered = error is None
        except Exception as error:
            logger.error("a webhook cannot be sent: %s", describe(error))
        finally:
            self._ended.put((due.account, answered))

    def _try(self, due: _Due) -> str | None:
        """Send it; return why that failed, in words that may be shown."""
        try:
            check_url(due.url, self._settings.webhooks)
            status = post(due.url, due.secret, due.id, due.body)
        except (Refused, UsageError) as error:
            return str(error)
        except (OSError, http.client.HTTPException) as error:
            return f"it could not be sent: {type(error).__name__}"
        return None if 200 <= status < 300 else f"it was answered with status {status}"

    def _note(self, due: _Due, error: str | None) -> None:
        with self._database.session() as session:
            now = clock(session)
            delivery = session.scalars(sa.select(Delivery).where(Delivery.id == due.id)).one_or_none()
            if delivery is None:
                return  # its rule was deleted meanwhile
            delivery.error = None if error is None else error[:_ERROR]
            if error is None:
                delivery.delivered_at, delivery.not_before = now, None
            elif now - delivery.created_at > _LASTS:
                delivery.not_before = None
        if error is not None:
            logger.warning("a webhook was not delivered", extra={"details": {"id": due.id, "error": error}})


def post(url: str, secret: str, delivery_id: str, body: bytes) -> int:
    """Send a delivery once; return the status of the answer, of which nothing else is read.

    Raises:
        Refused: it may not be sent there.
        OSError, http.client.HTTPException: it could not be sent, or took too long.
    """
    parts = read_url(url)
    address = resolve(parts)
    now = int(time.time())
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "User-Agent": f"calcmetric/{VERSION}",
        "Connection": "close",
        "Calcmetric-Id": delivery_id,
        "Calcmetric-Timestamp": str(now),
        "Calcmetric-Signature": sign(secret, delivery_id, now, body),
    }
    connected = socket.create_connection((address, port_of(parts)), timeout=_SECONDS)
    if parts.scheme == "https":  # which takes the socket over, so that it comes before the deadline
        connected = ssl.create_default_context().wrap_socket(
            connected, server_hostname=parts.hostname, do_handshake_on_connect=False
        )
    # Each read has its own timeout, of which a slow answer could have as many as it likes.
    deadline = threading.Timer(_SECONDS, _cut, (connected,))
    deadline.daemon = True
    deadline.start()
    try:
        if isinstance(connected, ssl.SSLSocket):
            connected.do_handshake()
        connection = http.client.HTTPConnection(str(parts.hostname), port_of(parts), timeout=_SECONDS)
        connection.sock = connected
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, headers)
        status = connection.getresponse().status
        connection.close()
        return status
    finally:
        deadline.cancel()
        connected.close()


def _cut(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has ended by itself
        # Not the one of TLS, which takes itself off before: whoever reads would read on without it.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
