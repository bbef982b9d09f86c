"""Deleting what was asked for, a batch at a time, resumable: the schedule gives it some seconds of every minute."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from chalicelib.accounts import deletion_requests as purge
from chalicelib.accounts import deletion_store as purges
from chalicelib.accounts import service as accounts
from chalicelib.accounts import sessions
from chalicelib.core.deadlines import Deadline
from chalicelib.detection import phantom_event_store as phantom_events
from chalicelib.detection import store as states
from chalicelib.energy import store as energy
from chalicelib.exports import service as exports
from chalicelib.notifications import settings_store as notification_settings
from chalicelib.notifications import store as notifications
from chalicelib.ports import store as ports
from chalicelib.readings import store as readings
from chalicelib.realtime import commands

BATCH = 500
"""Items deleted in one step."""
SUBJECTS = 50
"""Subjects looked at in one round: each gets a step in turn, so that a large one does not hold up the others."""
LOG = logging.getLogger("ghostwatt.purging")
Step = Callable[[str, int], bool]
"""Deletes some of a subject by its name, at epoch ms; True when nothing of it is left."""


def run(deadline: Deadline, now_ms: int) -> int:
    """Delete until nothing is left or the time is over; returns how many subjects are wholly gone.

    Each subject stands for itself: one that fails waits for the next run, and the first error is raised in the end.
    """
    finished = 0
    failed: dict[str, Exception] = {}
    while subjects := purges.some(SUBJECTS, passing_over=failed):
        for subject in subjects:
            try:
                finished += _step(subject, now_ms)
            except Exception as error:  # whatever it is, it must not keep the others from going
                LOG.exception("a %s cannot be purged", subject.partition("#")[0])
                failed[subject] = error
            if deadline.expired:
                return _outcome(finished, failed)
    return _outcome(finished, failed)


def _outcome(finished: int, failed: Mapping[str, Exception]) -> int:
    if failed:
        raise next(iter(failed.values()))
    return finished


def _step(subject: str, now_ms: int) -> bool:
    kind, _, name = subject.partition("#")
    if not all(step(name, now_ms) for step in _STEPS[kind]):
        return False
    purges.done(subject)
    return True


def _closed_account(email: str, now_ms: int) -> bool:
    accounts.finish_closing(email, now_ms)
    return True


def _no_sessions(owner_id: str, _now_ms: int) -> bool:
    """Again, since the index of sessions may have lagged when the account was closed."""
    sessions.end_all(owner_id)
    return True


def _no_devices(owner_id: str, now_ms: int) -> bool:
    """Again, for the same reason."""
    return purge.end_devices(owner_id, now_ms) == 0


def _no_connection(client_id: str, _now_ms: int) -> bool:
    """A good one under the same client id is cut as well, and signs in again.

    One that cannot be ended now either ends when AWS IoT asks for its rights again, within five minutes.
    """
    commands.hang_up([client_id])
    return True


def _no_readings(device_uid: str, _now_ms: int) -> bool:
    return readings.remove_some(device_uid, BATCH) < BATCH


def _no_rollups(device_uid: str, _now_ms: int) -> bool:
    return energy.remove_some_usage(device_uid, BATCH) == 0


def _no_ports(device_uid: str, _now_ms: int) -> bool:
    for port in ports.of_device(device_uid):
        if phantom_events.remove_some_of_port(port.port_id, BATCH) >= BATCH:
            return False
        ports.remove(port)
    states.remove(device_uid)
    return True


def _no_events(owner_id: str, _now_ms: int) -> bool:
    return phantom_events.remove_some(owner_id, BATCH) < BATCH


def _no_notifications(owner_id: str, _now_ms: int) -> bool:
    notification_settings.remove(owner_id)
    return notifications.remove_some(owner_id, BATCH) < BATCH


def _no_tariffs(owner_id: str, _now_ms: int) -> bool:
    energy.remove_tariffs(owner_id)
    return True


def _no_exports(owner_id: str, _now_ms: int) -> bool:
    exports.remove_exports(owner_id)
    return True


_STEPS: dict[str, list[Step]] = {
    "account": [_closed_account],
    "mqtt": [_no_connection],
    "device": [_no_readings, _no_rollups, _no_ports],
    "owner": [_no_sessions, _no_devices, _no_events, _no_notifications, _no_tariffs, _no_exports],
}
