"""The schedule: every minute, find silent devices, send what is due, and go on deleting what was asked for."""

from __future__ import annotations

import time
from collections.abc import Callable

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import telemetry
from chalicelib.services import deliver, digests, purging
from chalicelib.services import sweep as sweeping

blueprint = Blueprint(__name__)
DELIVERY_SECONDS, DIGEST_SECONDS, PURGE_SECONDS = 15.0, 5.0, 15.0
"""Shares of the minute that the function has. Each step may take up to ten seconds longer, for the call under way."""


@blueprint.schedule("rate(1 minute)", name="sweep")
def sweep(event: CloudWatchEvent) -> dict[str, int]:
    """Mark silent devices offline, make digests, deliver, and delete some of what is to be deleted."""
    with telemetry.invocation(telemetry.request_id(event.context)):
        done = _sweep()
        telemetry.measure({"SweepOffline": done["offline"], "SweepPurged": done["purged"]})
        return done


def _sweep() -> dict[str, int]:
    now_ms = time.time_ns() // 1_000_000
    return {
        "offline": sweeping.sweep(now_ms),
        "digests": digests.run(_out_of(DIGEST_SECONDS), now_ms),
        "delivered": deliver.run(_out_of(DELIVERY_SECONDS), now_ms),
        "purged": purging.run(_out_of(PURGE_SECONDS), now_ms),
    }


def _out_of(seconds: float) -> Callable[[], bool]:
    """Whether so many seconds from now are over."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() > deadline
