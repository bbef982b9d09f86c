"""Close accounts and release devices: unusable at once, their data deleted by the worker (deletion/worker.py).

The request for deletion is stored before anything is made unusable, so that a crash in between loses no request.
"""

from __future__ import annotations

import time

from chalicelib.accounts.model import Account, Session
from chalicelib.accounts.service import confirm_person
from chalicelib.accounts.sessions import end_all_sessions, end_session
from chalicelib.accounts.store import load_account, mark_account_closed, remove_account
from chalicelib.core.dynamo import Transaction
from chalicelib.core.event_bus import publish
from chalicelib.deletion.store import remove_deletion_request, request_deletion, request_deletions
from chalicelib.detection.event_endings import mark_port_removed
from chalicelib.detection.port_state import PortState
from chalicelib.detection.store import load_device_state
from chalicelib.devices.model import Device, DeviceRemoved
from chalicelib.devices.service import get_owned_device
from chalicelib.devices.store import delete_device, delete_devices, load_devices_of_owner
from chalicelib.ports.store import load_ports_of_device
from chalicelib.realtime import device_channel

DISCONNECT_SECONDS = 5.0
"""How long closing an account may take to end MQTT connections; the worker ends the others."""


def release_owned_device(owner_id: str, device_id: str, now_ms: int) -> None:
    """Release a person's device: its key is invalid at once, the worker deletes what it recorded.

    Raises:
        NotFound: The person has no such device.
    """
    device = get_owned_device(owner_id, device_id)
    request_device_deletion(device, now_ms)
    delete_device(device)
    device_channel.abort_mqtt_connections(device.mqtt_client_ids)
    port_states = load_device_state(device.device_uid).ports
    for port in load_ports_of_device(device.device_uid):
        write = Transaction()
        mark_port_removed(write, port, port_states.get(port.port_id, PortState()), now_ms)
        write.commit()  # a port that changes at this moment is deleted with the rest
    publish(DeviceRemoved(device))


def request_device_deletion(device: Device, now_ms: int) -> None:
    """Request the deletion of what a device recorded, and the end of its MQTT connections."""
    request_deletions(_subjects(device), now_ms)


def close_account_of_session(session: Session, current_password: str, now_ms: int, code: str | None = None) -> None:
    """Close an account: it, its sessions and its devices' keys are invalid at once; the worker deletes the rest.

    The worker finishes a closing that a crash interrupted: its request comes first and is removed last.

    Args:
        session: The log-in of the person who asks.
        current_password: As typed.
        now_ms: The current time.
        code: Of the second factor; needed where the account has one.

    Raises:
        Invalid: wrong_password; code_required or wrong_code.
        TooMany: One of them was wrong too often.
    """
    account = _closing_account(session) or confirm_person(session, current_password, code, now_ms)
    request_deletion(_closing_request(account), now_ms)
    mark_account_closed(account, now_ms)
    _finish_closing(account, now_ms)
    end_session(session)


def _closing_account(session: Session) -> Account | None:
    """The account if an earlier closing, which the password confirmed, was interrupted."""
    account = load_account(session.email)
    is_own = account is not None and account.user_id == session.user_id
    return account if account is not None and is_own and account.closed_at_ms is not None else None


def finish_closing(email: str, now_ms: int) -> None:
    """Finish a closing that was interrupted; an open account stays as it is. `email` is normalized."""
    account = load_account(email)
    if account is not None and account.closed_at_ms is not None:
        _finish_closing(account, now_ms)


def _finish_closing(account: Account, now_ms: int) -> None:
    end_all_sessions(account.user_id)
    remove_devices(account.user_id, now_ms, f"owner#{account.user_id}")
    remove_account(account)
    remove_deletion_request(_closing_request(account))


def _closing_request(account: Account) -> str:
    return f"account#{account.email}"


def remove_devices(owner_id: str, now_ms: int, *more_subjects: str) -> int:
    """Make the keys of all devices of a person invalid, and request the deletion of their data and of more subjects.

    Returns:
        How many devices there were.
    """
    owned = load_devices_of_owner(owner_id, "mqtt_clients")
    subjects = [subject for device in owned for subject in _subjects(device)]
    request_deletions([*more_subjects, *subjects], now_ms)
    delete_devices(owned)
    until = time.monotonic() + DISCONNECT_SECONDS
    for device in owned:
        if time.monotonic() < until:
            device_channel.abort_mqtt_connections(device.mqtt_client_ids)
    return len(owned)


def _subjects(device: Device) -> list[str]:
    """The device's data, and its MQTT connections: a sign-in may have been granted just before they were ended."""
    return [f"device#{device.device_uid}", *(f"mqtt#{client_id}" for client_id in device.mqtt_client_ids)]
