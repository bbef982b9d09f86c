"""Query strings as typed structs: what a route takes beside its path, from which OpenAPI's parameters are made."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from chalicelib.core.errors import Invalid, not_found
from chalicelib.core.times import LATEST_MS, epoch_ms

PLUS_AS_BLANK = re.compile(r"(T\S+) (?=\d\d:?\d\d$)")
"""In a query a plus that is not percent-encoded means a blank: 2026-11-21T12:00:00+01:00 comes with one inside."""
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_ID_LENGTH = 128
"""No id of ours is longer; DynamoDB refuses keys over two kilobytes with an error of its own."""

Limit = Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str, msgspec.Meta(description="opaque; where the page before ended")]
Moment = Annotated[str, msgspec.Meta(description="ISO 8601 or epoch milliseconds")]


class Query(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The parameters of a query string. Unknown ones are ignored; core/decoding.py names those that are wrong."""


class PageQuery(Query, frozen=True, kw_only=True):
    """Which page of a list."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class PortPageQuery(PageQuery, frozen=True, kw_only=True):
    """Which page of a list, of one outlet or of all. Raises NotFound for what cannot be the id of an outlet."""

    port_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse an id that is longer than any."""
        check_port_id(self.port_id)


class SpanQuery(Query, frozen=True, kw_only=True):
    """The time between two moments, both included. Raises Invalid for what is no time, and when from lies after to."""

    from_: Moment | None = msgspec.field(default=None, name="from")
    to: Moment | None = None

    def __post_init__(self) -> None:
        """Refuse what is no span."""
        check_span(*self.span_ms)

    @property
    def span_ms(self) -> tuple[int, int]:
        """The first and the last moment, epoch ms; without one, from 1970 or to 2100."""
        return moment_ms(self.from_, "from", 0), moment_ms(self.to, "to", LATEST_MS)


def moment_ms(text: str | None, name: str, default: int) -> int:
    """Epoch milliseconds of a moment in a query.

    Args:
        text: ISO 8601 (the plus of its offset may come as a blank) or epoch milliseconds; None or "" is the default.
        name: The parameter's name.
        default: Epoch ms.

    Raises:
        Invalid: It is no time; the error names the parameter.
    """
    return epoch_ms(PLUS_AS_BLANK.sub(r"\1+", text), name) if text else default


def check_port_id(port_id: str | None) -> None:
    """Raise NotFound for text that cannot be the id of an outlet."""
    if port_id is not None and not 1 <= len(port_id) <= MAX_ID_LENGTH:
        raise not_found("port")


def check_span(first_ms: int, last_ms: int) -> None:
    """Raise Invalid, naming from, when a span ends before it begins."""
    if first_ms > last_ms:
        raise Invalid("from lies after to.", code="invalid", field="from")
