"""What a call to the cloud can end in, whatever carries it: one small tree of errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class CloudError(Exception):
    """A call did not succeed."""


class CloudAway(CloudError):
    """No answer, or one that says to come back later: the same call may succeed then."""

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class RateLimited(CloudAway):
    """The device sends more than the cloud takes (429): nothing is wrong with the call, and it is to come later."""


class Refused(CloudError):
    """The cloud understood and said no: the same call will fail again. `code` is its word for why."""

    def __init__(self, message: str, status: int, code: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.field = status, code, field


class KeyRefused(CloudError):
    """401: the API key is not, or no longer, valid."""


@contextmanager
def parsing() -> Iterator[None]:
    """An answer that is not what the contract says counts as no answer."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CloudAway(f"unexpected answer: {error!r}") from error
