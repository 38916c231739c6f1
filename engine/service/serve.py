"""What the commands of the service do."""

from __future__ import annotations

import re

import uvicorn

from engine.errors import UsageError
from engine.service.app import make_app
from engine.service.keys import NAME, digest_key, make_key
from engine.service.observe import log_to_stderr
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.tables import Key

_LISTEN = re.compile(r"[0-9A-Za-z.:_-]+", re.ASCII)


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until a signal ends it.

    Raises:
        UsageError: a setting makes no sense.
    """
    if not _LISTEN.fullmatch(host):
        raise UsageError(f"--host {host!r} is no address")
    app = make_app(settings)
    log_to_stderr()
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, server_header=False)


def create_key(database_url: str, account: str, workspace: str) -> str:
    """Make a key for a workspace, keep its digest, and return it.

    Raises:
        UsageError: names that cannot stand in a URL, or no such database.
    """
    for what, name in (("account", account), ("workspace", workspace)):
        if not NAME.fullmatch(name):
            raise UsageError(f"--{what} {name!r}: use up to 64 letters, digits, '.', '_' and '-'")
    database, key = Database(database_url), make_key()
    try:
        database.migrate()
        with database.session() as session:
            session.add(Key(account=account, workspace=workspace, digest=digest_key(key)))
    finally:
        database.close()
    return key
