"""The schedule: every minute, find silent devices, send and compute what is due, and delete what was asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib.core import clock, telemetry
from chalicelib.core.deadlines import Deadline
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.deletion.worker import delete_requested
from chalicelib.devices.presence import mark_silent_devices
from chalicelib.energy import roll_up
from chalicelib.notifications import delivery, weekly_digest

blueprint = Blueprint(__name__)
LOG = logging.getLogger("ghostwatt.schedule")
OFFLINE_SECONDS, DELIVERY_SECONDS, DIGEST_SECONDS, PURGE_SECONDS, ROLL_UP_SECONDS = 15.0, 15.0, 5.0, 10.0, 10.0
"""Shares of the minute that the function has. Each step may take up to ten seconds longer, for the call under way."""


@blueprint.schedule("rate(1 minute)", name="sweep")
def sweep(event: CloudWatchEvent) -> dict[str, int]:
    """Mark silent devices offline, make digests, deliver, compute what is left, and delete some of what is to go."""
    with telemetry.invocation(telemetry.request_id(event.context)):
        done = _sweep()
        telemetry.measure({"SweepOffline": done["offline"], "SweepPurged": done["purged"]})
        return done


def _sweep() -> dict[str, int]:
    """Take each step, whatever became of the one before; the first error is raised in the end, for the alarm."""
    now_ms = clock.now_ms()
    steps: dict[str, Callable[[], int]] = {
        "offline": lambda: mark_silent_devices(now_ms, Deadline(OFFLINE_SECONDS)),
        "digests": lambda: weekly_digest.make_due_digests(Deadline(DIGEST_SECONDS), now_ms),
        "delivered": lambda: delivery.deliver_due(Deadline(DELIVERY_SECONDS), now_ms),
        "rolled_up": lambda: roll_up.roll_up_silent_devices(Deadline(ROLL_UP_SECONDS), now_ms),
        "purged": lambda: delete_requested(Deadline(PURGE_SECONDS), now_ms),
    }
    done: dict[str, int] = {}
    with ErrorCollector(LOG) as errors:
        for name, step in steps.items():
            with errors.collect(f"the step {name}"):
                done[name] = step()
    return done
