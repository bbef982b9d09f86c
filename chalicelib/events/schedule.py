"""The schedule: every minute, find silent devices, send and compute what is due, and delete what was asked for."""

from __future__ import annotations

import time

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import telemetry
from chalicelib.services import deliver, digests, purging, roll_up
from chalicelib.services import sweep as sweeping
from chalicelib.services.deadline import out_of

blueprint = Blueprint(__name__)
DELIVERY_SECONDS, DIGEST_SECONDS, PURGE_SECONDS, ROLL_UP_SECONDS = 15.0, 5.0, 10.0, 10.0
"""Shares of the minute that the function has. Each step may take up to ten seconds longer, for the call under way."""


@blueprint.schedule("rate(1 minute)", name="sweep")
def sweep(event: CloudWatchEvent) -> dict[str, int]:
    """Mark silent devices offline, make digests, deliver, compute what is left, and delete some of what is to go."""
    with telemetry.invocation(telemetry.request_id(event.context)):
        done = _sweep()
        telemetry.measure({"SweepOffline": done["offline"], "SweepPurged": done["purged"]})
        return done


def _sweep() -> dict[str, int]:
    now_ms = time.time_ns() // 1_000_000
    return {
        "offline": sweeping.sweep(now_ms),
        "digests": digests.run(out_of(DIGEST_SECONDS), now_ms),
        "delivered": deliver.run(out_of(DELIVERY_SECONDS), now_ms),
        "rolled_up": roll_up.run(out_of(ROLL_UP_SECONDS), now_ms),
        "purged": purging.run(out_of(PURGE_SECONDS), now_ms),
    }
