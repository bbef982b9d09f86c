"""The schedule: every minute, find silent devices and go on deleting what was asked for."""

from __future__ import annotations

import time

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib.services import purge
from chalicelib.services import sweep as sweeping

blueprint = Blueprint(__name__)
PURGE_STEPS = 10


@blueprint.schedule("rate(1 minute)", name="sweep")
def sweep(event: CloudWatchEvent) -> dict[str, int]:
    """Mark silent devices offline; delete some of what released devices and closed accounts left."""
    offline = sweeping.sweep(time.time_ns() // 1_000_000)
    return {"offline": offline, "purged": purge.run(PURGE_STEPS)}
