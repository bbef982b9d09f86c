"""Delete the data of closed accounts and released devices, a batch at a time.

The schedule runs it for some seconds of every minute; each run goes on where the last one stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from chalicelib.accounts.sessions import end_all_sessions
from chalicelib.core.deadlines import Deadline
from chalicelib.deletion.service import finish_closing, remove_devices
from chalicelib.deletion.store import load_deletion_requests, remove_deletion_request
from chalicelib.detection import phantom_event_store
from chalicelib.detection.store import delete_device_state
from chalicelib.energy.store import remove_some_usage, remove_tariffs
from chalicelib.exports.service import remove_exports
from chalicelib.notifications.settings_store import remove_settings
from chalicelib.notifications.store import remove_some_notifications
from chalicelib.ports.store import load_ports_of_device, remove_port
from chalicelib.readings.store import remove_some_readings
from chalicelib.realtime import device_channel

BATCH = 500
"""Items deleted in one step."""
SUBJECTS_PER_ROUND = 50
"""Subjects that get a step in turn, so that a large one does not delay the others."""
LOG = logging.getLogger("ghostwatt.purging")
Step = Callable[[str, int], bool]
"""Deletes some data of a subject, given the id in its name and the current time; True when none is left."""


def delete_requested(deadline: Deadline, now_ms: int) -> int:
    """Delete until nothing is left or the time is over. A subject that fails waits for the next run.

    Returns:
        How many subjects are completely deleted.

    Raises:
        Exception: The first error, after all other subjects had their turn.
    """
    finished = 0
    failed: dict[str, Exception] = {}
    while subjects := load_deletion_requests(SUBJECTS_PER_ROUND, excluding=failed):
        for subject in subjects:
            try:
                finished += _step(subject, now_ms)
            except Exception as error:  # no error of one subject may delay the others
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
    remove_deletion_request(subject)
    return True


def _finish_closing(email: str, now_ms: int) -> bool:
    finish_closing(email, now_ms)
    return True


def _end_sessions(owner_id: str, _now_ms: int) -> bool:
    """Again, since the index of sessions may have lagged when the account was closed."""
    end_all_sessions(owner_id)
    return True


def _remove_devices(owner_id: str, now_ms: int) -> bool:
    """Again, for the same reason."""
    return remove_devices(owner_id, now_ms) == 0


def _end_connection(client_id: str, _now_ms: int) -> bool:
    """End the MQTT connection of a client id; a valid one under the same id is cut as well, and signs in again.

    A connection that cannot be ended ends when AWS IoT asks for its rights again, within five minutes.
    """
    device_channel.abort_mqtt_connections([client_id])
    return True


def _remove_readings(device_uid: str, _now_ms: int) -> bool:
    return remove_some_readings(device_uid, BATCH) < BATCH


def _remove_rollups(device_uid: str, _now_ms: int) -> bool:
    return remove_some_usage(device_uid, BATCH) == 0


def _remove_ports(device_uid: str, _now_ms: int) -> bool:
    for port in load_ports_of_device(device_uid):
        if phantom_event_store.remove_phantom_events_of_port(port.port_id, BATCH) >= BATCH:
            return False
        remove_port(port)
    delete_device_state(device_uid)
    return True


def _remove_events(owner_id: str, _now_ms: int) -> bool:
    return phantom_event_store.remove_phantom_events_of_owner(owner_id, BATCH) < BATCH


def _remove_notifications(owner_id: str, _now_ms: int) -> bool:
    remove_settings(owner_id)
    return remove_some_notifications(owner_id, BATCH) < BATCH


def _remove_tariffs(owner_id: str, _now_ms: int) -> bool:
    remove_tariffs(owner_id)
    return True


def _remove_exports(owner_id: str, _now_ms: int) -> bool:
    remove_exports(owner_id)
    return True


_STEPS: dict[str, list[Step]] = {
    "account": [_finish_closing],
    "mqtt": [_end_connection],
    "device": [_remove_readings, _remove_rollups, _remove_ports],
    "owner": [_end_sessions, _remove_devices, _remove_events, _remove_notifications, _remove_tariffs, _remove_exports],
}
