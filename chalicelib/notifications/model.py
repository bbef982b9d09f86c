"""Notifications: what a person is told, and the kinds of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from chalicelib.core.times import DAY_MS

NotificationKind = Literal[
    "device_offline",
    "device_flapping",
    "phantom",
    "cut",
    "cut_failed",
    "always_on",
    "spool_dropped",
    "outlet_silent",
    "relay_failed",
    "protected_off",
    "pairing_refused",
]
NOTIFICATION_KINDS: tuple[NotificationKind, ...] = get_args(NotificationKind)
"""device_offline and device_flapping; phantom (standby was found), cut (and its outlet was cut), cut_failed (it still
draws power); always_on (it is never off and never idle); spool_dropped (the Pi had no room for readings);
outlet_silent (its meter sends nothing); relay_failed (its relay does not obey); protected_off (an outlet that must keep
its power was switched off at the plug);
pairing_refused (somebody wanted a device that is taken)."""
NOTIFICATION_RETENTION_MS = 90 * DAY_MS


@dataclass(frozen=True, slots=True)
class Notification:
    """One sentence for a person; kind says what it is about, details is what a mail says beyond the sentence."""

    notification_id: str
    owner_id: str
    kind: str
    message: str
    at_ms: int
    port_id: str | None = None
    device_id: str | None = None
    read: bool = False
    details: str | None = None


@dataclass(frozen=True, slots=True)
class NotificationAdded:
    """A notification is stored; it stands as read where the owner did not choose the page for its kind."""

    notification: Notification

    @property
    def owner_id(self) -> str:
        """Whose notification it is."""
        return self.notification.owner_id


def time_ordered_id(at_ms: int, about: str) -> str:
    """An id that sorts by time and is the same whenever the same thing is found again."""
    return f"{at_ms:013d}-{about}"
