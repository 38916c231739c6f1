"""How what lies in an object store is named: store, bucket and key. Pure.

Only plain names are taken. What other readers of such URLs understand beside them (options after a question
mark, users and passwords, addresses of servers) would let a dataset choose whom the engine talks to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from engine.errors import UsageError

Scheme = Literal["s3", "gs", "abfs"]

SPOOL_BYTES: Final = 16 << 30  # of what is fetched, to be kept at most, if nobody says more

_SCHEMES: Final[Mapping[str, Scheme]] = {
    "s3": "s3", "s3a": "s3", "s3n": "s3", "gs": "gs", "gcs": "gs", "abfs": "abfs", "abfss": "abfs",
}  # fmt: skip
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/]*)(?:/(.*))?", re.DOTALL)
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,221}", re.ASCII)
# A container, and the account that it belongs to, whose server has this name.
_CONTAINER: Final = re.compile(
    r"([a-z0-9$][a-z0-9\-]{0,62})@([a-z0-9]{3,24})(?:\.dfs\.core\.windows\.net)?", re.ASCII
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """A place in an object store.

    Attributes:
        scheme: of the store.
        bucket: its name; of Azure the container.
        key: below it, without slashes at its ends; "" is all of the bucket.
        account: of Azure; else "".
    """

    scheme: Scheme
    bucket: str
    key: str
    account: str = ""

    def __str__(self) -> str:
        """As it is named."""
        host = f"{self.bucket}@{self.account}.dfs.core.windows.net" if self.account else self.bucket
        return f"{self.scheme}://{host}" + (f"/{self.key}" if self.key else "")

    @property
    def path(self) -> str:
        """Bucket and key, as file systems of Arrow name it."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket

    def below(self, key: str) -> StoreUrl:
        """A place below this one."""
        return replace(self, key=f"{self.key}/{key}" if self.key else key)

    def at(self, key: str) -> StoreUrl:
        """Another place in the same bucket."""
        return replace(self, key=key)

    def is_within(self, root: StoreUrl) -> bool:
        """Whether it is a place, or lies below it."""
        if (self.scheme, self.bucket, self.account) != (root.scheme, root.bucket, root.account):
            return False
        return not root.key or self.key == root.key or self.key.startswith(f"{root.key}/")


def is_store_url(text: str) -> bool:
    """Whether a text says of itself that it is a place in an object store."""
    found = _URL.fullmatch(text)
    return found is not None and found[1].lower() in _SCHEMES


def parse_store_url(text: str) -> StoreUrl:
    """The place that a text such as "s3://bucket/folder" names.

    Raises:
        UsageError: it names none, or says more than that.
    """
    found = _URL.fullmatch(text)
    scheme = None if found is None else _SCHEMES.get(found[1].lower())
    if found is None or scheme is None:
        raise UsageError(f"{text!r} is not an object store URL; write s3://, gs:// or abfs://")
    key = (found[3] or "").strip("/")
    if _CONTROL.search(key) or any(part in ("", ".", "..") for part in key.split("/") if key):
        raise UsageError(
            f"{text!r} is not a plain name; remove empty parts, . and .., and unusual characters"
        )
    if scheme == "abfs":
        container = _CONTAINER.fullmatch(found[2])
        if container is None:
            raise UsageError(
                f"{text!r} names no container; write abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH"
            )
        return StoreUrl(scheme, container[1], key, container[2])
    if not _BUCKET.fullmatch(found[2]):
        raise UsageError(
            f"{text!r} names no bucket; write {scheme}://BUCKET/PATH, without a user or a server"
        )
    return StoreUrl(scheme, found[2], key)
