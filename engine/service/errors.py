"""What the service cannot do, whoever asks: a client of HTTP, the command line, or its own schedule.

The store and what works on it raise these, and `problems` answers them over HTTP.
"""

from __future__ import annotations


class ServiceError(Exception):
    """Something that cannot be done.

    Attributes:
        message: why not.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(ServiceError):
    """Nothing of that kind and id is in the workspace; the same whether it is elsewhere."""

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no such {what} in this workspace")


class NameTaken(ServiceError):
    """Another model of the workspace has that name."""

    def __init__(self, model_id: str) -> None:
        super().__init__(f"there is a model of that name in this workspace, with the id {model_id}")


class SourceNotAllowed(ServiceError):
    """A dataset may not name that source."""


class UrlNotAllowed(ServiceError):
    """Nothing may be sent to that URL."""


class TooManyRules(ServiceError):
    """A metric has as many rules as it may have."""


class QuotaReached(ServiceError):
    """An account would exceed one of its quotas.

    Attributes:
        account: the account whose quota it is.
        quota: its name.
    """

    def __init__(self, account: str, quota: str, message: str) -> None:
        super().__init__(message)
        self.account = account
        self.quota = quota
