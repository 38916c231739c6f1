"""What can be wrong with object stores: codes with their meanings, and which may pass by themselves."""

from __future__ import annotations

import re
from typing import Final

from engine.errors import DataError

STORE_REFUSED: Final = "store-refused"
STORE_MISSING: Final = "store-missing"
STORE_FAILED: Final = "store-failed"
STORE_CHANGED: Final = "store-changed"
STORE_BYTES: Final = "store-bytes"
STORE_FULL: Final = "store-full"
STORE_CODES: Final = {
    STORE_REFUSED: "an object store that refuses the engine's credentials, or there are none",
    STORE_MISSING: "a bucket or an object that does not exist",
    STORE_FAILED: "an object store that cannot be reached, throttles, or breaks off, several times over",
    STORE_CHANGED: "an object that was replaced while it was fetched",
    STORE_BYTES: "an object whose bytes do not match its etag",
    STORE_FULL: "more bytes to fetch than the spool may hold, or than the disk has room for",
}
_REFUSALS: Final = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY|SIGNATURE|UNRECOGNIZED_CLIENT|INVALID_CLIENT_TOKEN|MISSING_AUTHENTICATION"
    r"|EXPIRED_TOKEN|TOKEN_REFRESH|HTTP status 40[13]|status code 40[13]|PERMISSION_DENIED|UNAUTHENTICATED"
    r"|Authori[sz]ation|AuthenticationFailed|no credentials|Could not find.*credentials",
    re.IGNORECASE,
)
_MISSING: Final = re.compile(
    r"NO_SUCH_BUCKET|NO_SUCH_KEY|RESOURCE_NOT_FOUND|HTTP status 404|404 Not Found|NOT_FOUND"
)
_REQUEST_ID: Final = re.compile(r" \(Request ID: [^)]*\)")
_REASON_CHARS: Final = 200
_USER: Final = re.compile(r"://[^/\s@]*@")
_SECRET: Final = re.compile(
    r"\b((?:sig|signature|token|credential|password|secret|x-amz-[a-z-]+)=)[^&\s]+", re.IGNORECASE
)


def reason_of(error: Exception) -> str:
    """What an error of a store says, in one line, without what an address may hold of keys and passwords."""
    plain = _REQUEST_ID.sub("", str(error)).partition("\n")[0]
    return _SECRET.sub(r"\1...", _USER.sub("://", plain))[:_REASON_CHARS]


def is_refusal(error: Exception) -> bool:
    """Whether a store says that it does not want to, and would say so again."""
    return isinstance(error, PermissionError) or bool(_REFUSALS.search(str(error)))


def is_missing(error: Exception) -> bool:
    """Whether a store says that there is nothing."""
    return isinstance(error, FileNotFoundError) or bool(_MISSING.search(str(error)))


def store_error(error: Exception, what: str, times: int = 1, doing: str = "fetched") -> DataError:
    """What to raise of an error of a store.

    Args:
        error: the store's.
        what: was wanted, as a message begins.
        times: how often it was tried.
        doing: what was to be done with it.
    """
    may = "read" if doing == "fetched" else "write"
    reason = reason_of(error)
    if is_missing(error):
        return DataError(
            f"{what} was not found; check its name, and run it again if it was just removed",
            code=STORE_MISSING,
        )
    if is_refusal(error):
        return DataError(
            f"{what} is refused by its store ({reason}); the engine's own credentials are used, as the "
            f"environment or the machine has them: see that they may list and {may} there",
            code=STORE_REFUSED,
        )
    tries = f" {times} times" if times > 1 else ""
    return DataError(
        f"{what} could not be {doing}{tries} ({reason}); nothing of it is kept: see that the store is "
        "reached from here, and run it again",
        code=STORE_FAILED,
    )
