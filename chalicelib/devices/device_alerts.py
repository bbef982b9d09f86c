"""Alerts about devices: what an agent reports of itself, and the notifications about offline and flapping devices."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.core.times import HOUR_MS
from chalicelib.devices.liveness import FRESH_MS, MAX_CHANGES
from chalicelib.notifications.model import Notification, NotificationKind, time_ordered_id

CALM_MS = HOUR_MS
"""A spell of dropping ends when the total has stood still for an hour."""


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What a Pi last said of itself: its version, the running total of readings its spool dropped, when that rose."""

    version: str | None = None
    dropped_readings: int | None = None
    dropped_at_ms: int | None = None


def reported(known: AgentReport, version: str | None, total: int | None, now_ms: int) -> tuple[AgentReport, int]:
    """What is known after a report (None: not said), and how many lost readings begin a spell of dropping, mostly 0.

    A total that went down began anew. While it rises it is taken over once a minute, which loses nothing.
    """
    after = replace(known, version=version or known.version)
    if total is None or total == known.dropped_readings:
        return after, 0
    lost = total - (known.dropped_readings or 0)
    lost = total if lost < 0 else lost
    if not lost:
        return replace(after, dropped_readings=total), 0
    calm_ms = CALM_MS if known.dropped_at_ms is None else now_ms - known.dropped_at_ms
    if calm_ms < FRESH_MS:
        return after, 0
    return replace(after, dropped_readings=total, dropped_at_ms=now_ms), lost if calm_ms >= CALM_MS else 0


def device_offline(owner_id: str, device_id: str, uid: str, name: str, now_ms: int) -> Notification:
    """A device fell silent."""
    return _of_device(owner_id, device_id, "device_offline", f"offline-{uid}", f"{name} is offline", now_ms)


def device_flapping(owner_id: str, device_id: str, uid: str, name: str, now_ms: int) -> Notification:
    """A device goes online and offline all the time."""
    message = f"{name} keeps going online and offline: more than {MAX_CHANGES} changes within an hour"
    return _of_device(owner_id, device_id, "device_flapping", f"flapping-{uid}", message, now_ms)


def readings_dropped(owner_id: str, device_id: str, uid: str, name: str, lost: int, now_ms: int) -> Notification:
    """A Pi had to drop readings."""
    message = f"{name} lost {lost} readings: it could not send them before its buffer was full"
    return _of_device(owner_id, device_id, "spool_dropped", f"dropped-{uid}", message, now_ms)


def pairing_refused(owner_id: str, device_id: str, uid: str, name: str, now_ms: int) -> Notification:
    """Somebody wanted a device that is a person's own."""
    message = f"Somebody tried to pair {name}, which is yours, and was refused. If it was you, release it first"
    return _of_device(owner_id, device_id, "pairing_refused", f"pairing-{uid}", message, now_ms)


def _of_device(
    owner_id: str, device_id: str, kind: NotificationKind, about: str, message: str, now_ms: int
) -> Notification:
    return Notification(time_ordered_id(now_ms, about), owner_id, kind, message, now_ms, device_id=device_id)
