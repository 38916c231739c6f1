"""API keys in the database: made, listed, revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from engine.errors import UsageError
from engine.service.admission.keys import NAME, digest_key, make_key
from engine.service.store.database import Database
from engine.service.store.scope import OPERATOR, VALUES, WorkspaceScope
from engine.service.store.tables import Key, utc_now

# How much of a digest tells keys apart.
_ID_LENGTH: Final = 12


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What is known of a key. The key itself is not.

    Attributes:
        id: the beginning of its digest.
        account: whose it is; empty: an operator's.
        workspace: what it opens.
        created_at: when it was made.
        revoked_at: since when it opens nothing, or None.
    """

    id: str
    account: str
    workspace: str
    created_at: datetime
    revoked_at: datetime | None


def create_key(database_url: str, account: str, workspace: str) -> str:
    """Make a key for a workspace, keep its digest, and return it.

    Raises:
        UsageError: names that cannot stand in a URL, or no such database.
    """
    for what, name in (("account", account), ("workspace", workspace)):
        if not NAME.fullmatch(name):
            raise UsageError(f"--{what} {name!r}: use up to 64 letters, digits, '.', '_' and '-'")
    return _create(database_url, WorkspaceScope(account, workspace))


def create_operator_key(database_url: str) -> str:
    """Make a key for what operators see, keep its digest, and return it. It opens no workspace.

    Raises:
        UsageError: no such database.
    """
    return _create(database_url, OPERATOR)


def create_values_key(database_url: str) -> str:
    """Make a key for the newest values of all accounts, keep its digest, and return it.

    Raises:
        UsageError: no such database.
    """
    return _create(database_url, VALUES)


def _create(database_url: str, scope: WorkspaceScope) -> str:
    key = make_key()
    with Database.migrated(database_url) as database, database.session() as session:
        session.add(Key(account=scope.account, workspace=scope.workspace, digest=digest_key(key)))
    return key


def list_keys(database_url: str, account: str | None = None) -> list[KeyInfo]:
    """The keys, or those of an account, oldest first.

    Raises:
        UsageError: no such database.
    """
    query = sa.select(Key).order_by(Key.seq)
    if account is not None:
        query = query.where(Key.account == account)
    with Database.migrated(database_url) as database, database.reading() as session:
        return [_info(key) for key in session.scalars(query)]


def revoke_key(database_url: str, key: str) -> KeyInfo:
    """Let a key open nothing from now on.

    Args:
        database_url: of the service.
        key: the key itself, or its id.

    Raises:
        UsageError: there is no such key, or no such database.
    """
    whole, part = Key.digest == digest_key(key), sa.func.substr(Key.digest, 1, _ID_LENGTH) == key
    with Database.migrated(database_url) as database, database.session() as session:
        found = session.scalars(sa.select(Key).where(sa.or_(whole, part))).all()
        if len(found) != 1:
            raise UsageError("there is no such key; `calcmetric keys list` shows the ids of keys")
        found[0].revoked_at = found[0].revoked_at or utc_now()
        return _info(found[0])


def _info(key: Key) -> KeyInfo:
    return KeyInfo(key.digest[:_ID_LENGTH], key.account, key.workspace, key.created_at, key.revoked_at)
