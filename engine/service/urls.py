"""URLs that something may be sent to: read strictly, and beneath what an operator allows. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

from engine.errors import UsageError

_PLAIN: Final = re.compile(r"[!-~]{1,2000}", re.ASCII)
_CLIMBS: Final = re.compile(r"(^|/)(\.|%2e){1,2}(/|$)|\\|%2f|%5c", re.IGNORECASE)


def check_url(url: str, allowed: Sequence[str]) -> None:
    """See that something may be sent to a URL, as far as its text tells.

    Raises:
        UsageError: it is beneath none of the operator's beginnings of URLs.
    """
    try:
        wanted = read_url(url)
        fits = any(_beneath(wanted, read_url(one)) for one in allowed)
    except ValueError as error:
        raise UsageError(f"{url[:200]!r} cannot be used as the URL of a webhook: {error}") from None
    if not fits:
        known = ", ".join(allowed) or "none"
        raise UsageError(f"the service's operator allows webhooks only beneath these URLs: {known}")


def read_url(url: str) -> SplitResult:
    """The parts of a URL that something may be sent to.

    Raises:
        ValueError: it is none; with the reason.
    """
    if not _PLAIN.fullmatch(url):
        raise ValueError("it is empty, longer than 2,000 characters, or has characters that no URL has")
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("it must begin with https:// and a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("it must not have a user, password or fragment")
    if _CLIMBS.search(parts.path):
        raise ValueError("its path must not contain . or .. as a part, backslashes or encoded slashes")
    _ = parts.port  # raises ValueError
    return parts


def _beneath(url: SplitResult, allowed: SplitResult) -> bool:
    same = [(one.scheme, one.hostname, port_of(one)) for one in (url, allowed)]
    root = allowed.path.rstrip("/")
    return same[0] == same[1] and (url.path == root or url.path.startswith(f"{root}/") or not root)


def port_of(url: SplitResult) -> int:
    """The port of a URL."""
    return url.port or (443 if url.scheme == "https" else 80)
