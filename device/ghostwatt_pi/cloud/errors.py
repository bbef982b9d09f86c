"""The errors of a call to the cloud, over HTTP or MQTT."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class CloudError(Exception):
    """A call did not succeed."""


class CloudAway(CloudError):
    """There was no answer, or one that says to come back later: then the same call may succeed."""

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class RateLimited(CloudAway):
    """The device sends more than the cloud takes (429): the same call is right, but later."""


class Refused(CloudError):
    """The cloud understood and refused: the same call will fail again. `code` is the reason."""

    def __init__(self, message: str, status: int, code: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.field = status, code, field


class KeyRefused(CloudError):
    """The API key is not valid, or no longer (401)."""


@contextmanager
def parsing() -> Iterator[None]:
    """Count an answer that breaks the contract as no answer. Raises CloudAway."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CloudAway(f"unexpected answer: {error!r}") from error
