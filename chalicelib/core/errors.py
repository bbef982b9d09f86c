"""The errors, as a small tree. Each class has one meaning; core/responses.py gives each its HTTP status."""

from __future__ import annotations


class GhostwattError(Exception):
    """Base of all errors of a request.

    Attributes:
        message: A sentence for people.
        code: A word for programs.
        field: The field at fault, if there is one.
        retry_after_seconds: When to try again, if that may help.
    """

    def __init__(
        self, message: str, *, code: str, field: str | None = None, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field
        self.retry_after_seconds = retry_after_seconds


class BadRequest(GhostwattError):
    """The request cannot be understood at all, or a protocol step is not yet due."""


class Unauthenticated(GhostwattError):
    """No valid session or device key."""


class Forbidden(GhostwattError):
    """The caller is known, but may not do this with the credential that was shown."""


class NotFound(GhostwattError):
    """It does not exist, or it is another user's: nobody can tell which."""


class Conflict(GhostwattError):
    """It contradicts what is stored."""


class TooLarge(GhostwattError):
    """More bytes than the contract allows."""


class Invalid(GhostwattError):
    """Understood, but a field breaks a rule."""


class TooMany(GhostwattError):
    """Too many attempts; try again after retry_after_seconds."""


class Unavailable(GhostwattError):
    """A part of the service is down; nothing was lost, and the call is safe to retry."""


class Busy(Unavailable):
    """Others keep changing the same data; the call is safe to retry."""


class Undeliverable(Exception):
    """A mail or a webhook was not taken; the text says why, in one sentence without secrets."""


def not_found(thing: str) -> NotFound:
    """The same message for missing and foreign ids, so that ids cannot be probed."""
    return NotFound(f"There is no such {thing}.", code="not_found")
