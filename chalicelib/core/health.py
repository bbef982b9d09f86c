"""Whether the parts that a request needs do their work."""

from __future__ import annotations

from chalicelib.accounts import throttle_store as throttles
from chalicelib.core.errors import Unavailable
from chalicelib.core.times import DAY_MS
from chalicelib.devices import store as devices

SUBJECT = "health-check"
"""One item, always the same: looking often neither fills a table nor costs more than one write unit a look."""


def parts(now_ms: int) -> dict[str, str]:
    """Each part and its state: "ok", or what is wrong with it. The database is read and written once."""
    try:
        devices.load(SUBJECT)
    except Unavailable:
        return {"database": "does not answer"}
    try:
        throttles.keep(SUBJECT, (now_ms + DAY_MS) // 1_000)
    except Unavailable:
        return {"database": "answers, but takes no writes"}
    return {"database": "ok"}
