"""The HTTP status of each error: the one place where errors become statuses."""

from __future__ import annotations

from chalicelib.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    GhostwattError,
    Invalid,
    NotFound,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)

STATUS = {
    BadRequest: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}
"""The HTTP status of each error; an error derived from one of these has the status of its nearest base."""


def status_of_error(error: GhostwattError) -> int:
    """Return the HTTP status of an error; 500 for one that STATUS does not know."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
