"""limit, cursor, from, to, portId and choices of a query string."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from chalicelib.core.errors import Invalid, not_found
from chalicelib.core.times import LATEST_MS, epoch_ms

PLUS_AS_BLANK = re.compile(r"(T\S+) (?=\d\d:?\d\d$)")
"""In a query a plus that is not percent-encoded means a blank: 2026-11-21T12:00:00+01:00 comes with one inside."""
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_ID_LENGTH = 128
"""No id of ours is longer; DynamoDB refuses keys over two kilobytes with an error of its own."""


def limit(query: Mapping[str, str]) -> int:
    """How many to answer; raises Invalid unless it is a whole number from 1 to 200."""
    return whole(query, "limit", DEFAULT_LIMIT, MAX_LIMIT)


def whole(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`; raises Invalid, naming it, for anything else."""
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(most)) or not 1 <= int(text) <= most:
        raise Invalid(f"{name} is a whole number from 1 to {most}.", code="invalid", field=name)
    return int(text)


def choice(query: Mapping[str, str], name: str, choices: Sequence[str]) -> str | None:
    """One of some words, None if it is not given; raises Invalid, naming it, for anything else."""
    chosen = query.get(name)
    if chosen is not None and chosen not in choices:
        raise Invalid(f"{name} is one of {', '.join(choices)}.", code="invalid", field=name)
    return chosen


def cursor(query: Mapping[str, str]) -> str | None:
    """Where to go on, None from the start."""
    return query.get("cursor") or None


def moment_ms(query: Mapping[str, str], name: str, default: int) -> int:
    """A time (ISO 8601 or epoch milliseconds); raises Invalid, naming it. The plus of an offset may come as a blank."""
    text = query.get(name)
    return epoch_ms(PLUS_AS_BLANK.sub(r"\1+", text), name) if text else default


def span_ms(query: Mapping[str, str]) -> tuple[int, int]:
    """From and to (ISO 8601 or epoch milliseconds), both included; raises Invalid, also when they are the wrong way."""
    first_ms, last_ms = moment_ms(query, "from", 0), moment_ms(query, "to", LATEST_MS)
    if first_ms > last_ms:
        raise Invalid("from lies after to.", code="invalid", field="from")
    return first_ms, last_ms


def port_id(query: Mapping[str, str]) -> str | None:
    """Which port, None for all; raises NotFound for what is longer than any id."""
    wanted = query.get("portId")
    if wanted is not None and not 1 <= len(wanted) <= MAX_ID_LENGTH:
        raise not_found("port")
    return wanted
