"""Whether a server that is not ours is Apache Spark, by what it says of itself.

Other servers speak Spark Connect, and compute some things otherwise, some of them without a word: what they
give is told with a warning, and each frame asks for itself there.
"""

from __future__ import annotations

import logging
import re
import threading
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.backends.tables import fetch
from engine.context import QueryContext
from engine.errors import BackendError
from sandbox.contract.messages import Problem

OTHER_SERVER: Final = "other-server"
# Spark tells its version, and the revision that it was made of.
_VERSION: Final = re.compile(r"\d+\.\d+\.\d\S* [0-9a-f]{7,64}", re.ASCII)
_MOST_KNOWN: Final = 1_000

_known: dict[str, bool] = {}
_lock = threading.Lock()

logger = logging.getLogger(__name__)


def is_apache_spark(address: str, session: BackendSession, context: QueryContext) -> bool:
    """Whether a server says that it is Apache Spark; asked once for each address.

    Args:
        address: of the server.
        session: a session on the server.
        context: how long the answer is waited for.

    Raises:
        BackendLost, Interrupted: as `BackendSession.execute`.
    """
    with _lock:
        known = _known.get(address)
    if known is None:
        known = _asked(session, context)
        with _lock:
            first = address not in _known
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[address] = known
        if first and not known:
            logger.warning("%s", _message(address))
    return known


def other_server(address: str) -> Problem:
    """What a run says that a server answered which does not say that it is Apache Spark."""
    return Problem(0, 0, OTHER_SERVER, _message(address), severity="warning")


def _message(address: str) -> str:
    return (
        f"the server at {address} does not say that it is Apache Spark: numbers may differ from Spark's, "
        "and each frame asks for itself"
    )


def _asked(session: BackendSession, context: QueryContext) -> bool:
    relation = pb.Relation(sql=pb.SQL(query="SELECT version()"))
    try:
        table = fetch(session, relation, context).table
    except BackendError:
        return False
    told = table.column(0).to_pylist() if table.num_columns else []
    return len(told) == 1 and isinstance(told[0], str) and _VERSION.fullmatch(told[0]) is not None
