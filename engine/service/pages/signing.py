"""Who has signed in: a random token in a cookie, of which the database keeps the digest, for some hours.

A form's token is made from the cookie's, which no other site can read: what other sites send has no right
one. Signing in gives a new token, and signing out ends it for every process. A revoked key ends all that were
given for it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from engine.service.admission.keys import digest_key
from engine.service.store.database import Database, clock
from engine.service.store.scope import WorkspaceScope
from engine.service.store.tables import Key, SignIn

LASTS: Final = timedelta(hours=12)
# A browser honours the longer name for what was sent over TLS by this very host, and nobody else can set it.
COOKIE: Final = "calcmetric"
SECURE_COOKIE: Final = "__Host-calcmetric"
_BYTES: Final = 32
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever looks at a page.

    Attributes:
        token: what their cookie holds; a fresh one if it held none.
        scope: the workspace that they have signed in to; None: none.
        key_digest: of the key that they did it with.
    """

    token: str
    scope: WorkspaceScope | None = None
    key_digest: str = ""

    @property
    def form_token(self) -> str:
        """What their forms have to bring along."""
        return hmac.new(self.token.encode(), b"form", hashlib.sha256).hexdigest()

    def sent(self, form_token: str) -> bool:
        """Whether a form is one of theirs."""
        return hmac.compare_digest(self.form_token.encode(), form_token.encode("utf-8", "replace"))


def make_token() -> str:
    """A new token, that nobody can guess."""
    return secrets.token_urlsafe(_BYTES)


def sign_in(database: Database, key_digest: str) -> str:
    """Note that somebody has signed in with a key; return their token. Old ones are forgotten."""
    token = make_token()
    with database.session() as session:
        now = clock(session)
        session.execute(sa.delete(SignIn).where(SignIn.expires_at <= now))
        session.add(
            SignIn(digest=digest_key(token), key_digest=key_digest, created_at=now, expires_at=now + LASTS)
        )
    return token


def sign_out(database: Database, token: str) -> None:
    """Let a token be of no use from now on."""
    with database.session() as session:
        session.execute(sa.delete(SignIn).where(SignIn.digest == digest_key(token)))


def find_visitor(database: Database, token: str | None) -> Visitor:
    """Whose token it is; somebody new, if it is nobody's."""
    if not token or len(token) > _LONGEST:
        return Visitor(make_token())
    with database.reading() as session:
        query = sa.select(Key).join(SignIn, SignIn.key_digest == Key.digest)
        query = query.where(SignIn.digest == digest_key(token), SignIn.expires_at > clock(session))
        key = session.scalars(query.where(Key.revoked_at.is_(None))).one_or_none()
    if key is None:
        return Visitor(token)
    return Visitor(token, WorkspaceScope(key.account, key.workspace), key.digest)
