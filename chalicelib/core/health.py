"""The health check: can the database be read and written?"""

from __future__ import annotations

from chalicelib.core import shared_limit_store
from chalicelib.core.errors import Unavailable
from chalicelib.core.times import DAY_MS

SUBJECT = "health-check"
"""One item, always the same: frequent checks neither fill a table nor cost more than one write unit each."""


def parts(now_ms: int) -> dict[str, str]:
    """Each part and its state: "ok", or what is wrong with it. The database is read and written once."""
    try:
        shared_limit_store.load_bucket(SUBJECT)
    except Unavailable:
        return {"database": "does not answer"}
    try:
        shared_limit_store.keep(SUBJECT, (now_ms + DAY_MS) // 1_000)
    except Unavailable:
        return {"database": "answers, but takes no writes"}
    return {"database": "ok"}
