"""What a person chose of notifications: channels by kind, quiet hours, the weekly digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chalicelib.core.errors import Invalid
from chalicelib.notifications.model import NOTIFICATION_KINDS, NotificationKind

Channel = Literal["page", "email", "webhook"]
Outbound = Literal["email", "webhook"]
"""The channels that leave the house, which the schedule serves."""
EVERY_CHANNEL: tuple[Channel, ...] = ("page", "email", "webhook")
DIGEST = "weekly_digest"
"""The kind of the weekly mail; it has a switch of its own."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Minutes of the local day, from the first to before the second; it may go over midnight."""

    from_minute: int
    to_minute: int

    def __post_init__(self) -> None:
        """The hours must leave some of the day."""
        if self.from_minute == self.to_minute:
            raise Invalid("Quiet hours that end when they begin are none.", code="invalid", field="quietHours.to")

    def hold(self, minute: int) -> bool:
        """Whether this minute of the day is quiet."""
        if self.from_minute < self.to_minute:
            return self.from_minute <= minute < self.to_minute
        return minute >= self.from_minute or minute < self.to_minute


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where notifications are posted, and what they are signed with."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The last thing that went wrong on a channel; gave_up when no more tries followed."""

    error: str
    at_ms: int
    gave_up: bool


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person chose. A kind that is not in `channels` goes to every channel that is there."""

    channels: Mapping[NotificationKind, tuple[Channel, ...]] = field(default_factory=dict)
    email: bool = False
    webhook: Webhook | None = None
    quiet_hours: QuietHours | None = None
    weekly_digest: bool = False

    def chosen(self, kind: str) -> tuple[Channel, ...]:
        """The channels that are chosen for a kind, whether they are there or not."""
        if kind == DIGEST:
            return ("page", "email")
        return next((channels for known, channels in self.channels.items() if known == kind), EVERY_CHANNEL)

    def outbound(self, kind: str) -> tuple[Outbound, ...]:
        """The channels that a notification of this kind leaves by."""
        chosen = self.chosen(kind)
        email: tuple[Outbound, ...] = ("email",) if self.email and "email" in chosen else ()
        return (*email, "webhook") if self.webhook and "webhook" in chosen else email

    def on_page(self, kind: str) -> bool:
        """Whether the page points a person to a notification of this kind; its list of notifications has them all."""
        return "page" in self.chosen(kind)

    def all_kinds(self) -> dict[NotificationKind, tuple[Channel, ...]]:
        """The channels chosen for each kind."""
        return {kind: self.chosen(kind) for kind in NOTIFICATION_KINDS}


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """A person's choices, the address of the account, what last went wrong; version counts the changes of choices."""

    owner_id: str
    email: str
    preferences: Preferences
    failures: Mapping[Outbound, Failure]
    digest_due_at_ms: int | None = None
    version: int = 0


def minute_of_day(clock: str) -> int:
    """The minute of the day of HH:MM, 00:00 to 23:59 (checked where it came in)."""
    hours, _, minutes = clock.partition(":")
    return 60 * int(hours) + int(minutes)


def clock(minute: int) -> str:
    """A minute of the day as HH:MM."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
