"""Notifications, and their kinds."""

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
"""Kinds that a person chooses channels for.

device_offline, device_flapping: the connection of a device. phantom: standby was found. cut: and its outlet was cut.
cut_failed: it still draws power. always_on: an outlet is never off and never idle. spool_dropped: the agent's buffer
was full, and readings were dropped. outlet_silent: a meter sends nothing. relay_failed: a relay does not obey.
protected_off: an outlet that must keep its power was switched off at the plug. pairing_refused: somebody else tried to
pair the device.
"""
NOTIFICATION_RETENTION_MS = 90 * DAY_MS


@dataclass(frozen=True, slots=True)
class Notification:
    """One sentence for a person.

    Attributes:
        notification_id: Sorts by time.
        owner_id: The person.
        kind: Its subject: a NotificationKind, the weekly digest or a test.
        message: The sentence, without a full stop.
        at_ms: When it was written (epoch ms).
        port_id: The outlet that it is about, None without one.
        device_id: The device that it is about, None without one.
        read: Whether the person has read it.
        details: The text of its mail; None for the sentence alone.
    """

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
    """A domain event: a notification is stored, as read where its owner did not choose the page for its kind."""

    notification: Notification

    @property
    def owner_id(self) -> str:
        """The owner of the notification."""
        return self.notification.owner_id


def time_ordered_id(at_ms: int, about: str) -> str:
    """Make an id that sorts by time and is the same whenever the same fact is found again."""
    return f"{at_ms:013d}-{about}"
