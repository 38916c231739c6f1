"""API keys: made at random, shown once, kept as a digest. Pure but for the randomness.

A key has 256 random bits, so a plain SHA-256 of it cannot be searched, and needs no salt or slow hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

PREFIX: Final = "cm_"
# What accounts and workspaces may be called: they are parts of a URL.
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_BYTES: Final = 32


def make_key() -> str:
    """A new key: `PREFIX`, and 256 random bits."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def digest_key(key: str) -> str:
    """What is kept of a key: the hex digest of its SHA-256."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def read_bearer(header: str | None) -> str | None:
    """The key of an Authorization header, or None if there is none."""
    scheme, _, key = (header or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.strip() else None
