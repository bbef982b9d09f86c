"""The schedule: every minute, find silent devices and go on deleting what was asked for."""

from __future__ import annotations

import time

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib.services import purging
from chalicelib.services import sweep as sweeping

blueprint = Blueprint(__name__)
PURGE_SECONDS = 20.0
"""A third of the minute; the function's time-out is a minute."""


@blueprint.schedule("rate(1 minute)", name="sweep")
def sweep(event: CloudWatchEvent) -> dict[str, int]:
    """Mark silent devices offline; delete some of what released devices and closed accounts left."""
    deadline = time.monotonic() + PURGE_SECONDS
    now_ms = time.time_ns() // 1_000_000
    offline = sweeping.sweep(now_ms)
    return {"offline": offline, "purged": purging.run(lambda: time.monotonic() > deadline, now_ms)}
