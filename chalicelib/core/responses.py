"""Answers and errors as HTTP responses, and the HTTP status of each error."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from chalice.app import Response

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
from chalicelib.core.schemas import Failure

LOG = logging.getLogger("ghostwatt.api")
JSON = "application/json"
NO_STORE = {"Cache-Control": "no-store"}
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


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is more than a JSON object with the route's status.

    Attributes:
        answer: The body: a Struct or another value that is sent as JSON, or text of the content type.
        headers: More headers; several of one name as a list.
        content_type: The content type.
        status: The status, if it is not the route's own.
    """

    answer: object
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    content_type: str = JSON
    status: int | None = None


def respond(handle: Callable[[], object], status: int) -> Response:
    """Run a handler and answer what it returns, with this status, or the error that it raises."""
    try:
        return success(handle(), status)
    except GhostwattError as error:
        return failure(error)
    except Exception:
        LOG.exception("unexpected")
        return _json(Failure(error="Something went wrong on our side.", code="internal_error"), 500, {})


def success(answer: object, status: int) -> Response:
    """A successful answer: a Reply, or what is sent as JSON with this status."""
    reply = answer if isinstance(answer, Reply) else Reply(answer)
    status = reply.status or status
    if reply.content_type == JSON:
        return _json(reply.answer, status, reply.headers)
    headers: dict[str, Any] = {"Content-Type": reply.content_type, **NO_STORE, **reply.headers}
    return Response(reply.answer, headers, status)


def failure(error: GhostwattError) -> Response:
    """An error as its status and the JSON that the contract promises."""
    seconds = error.retry_after_seconds
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    return _json(Failure(error=error.message, code=error.code, field=error.field), status_of_error(error), headers)


def _json(answer: object, status: int, headers: Mapping[str, str | list[str]]) -> Response:
    return Response(msgspec.json.encode(answer).decode(), {"Content-Type": JSON, **NO_STORE, **headers}, status)


def status_of_error(error: GhostwattError) -> int:
    """Return the HTTP status of an error; 500 for one that STATUS does not know."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
