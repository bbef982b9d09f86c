"""A person's choices of notifications: channels by kind, quiet hours, the weekly digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chalicelib.core.errors import Invalid
from chalicelib.notifications.model import NOTIFICATION_KINDS, NotificationKind

Channel = Literal["page", "email", "webhook"]
Outbound = Literal["email", "webhook"]
"""The channels that the schedule delivers to."""
EVERY_CHANNEL: tuple[Channel, ...] = ("page", "email", "webhook")
DIGEST = "weekly_digest"
"""The kind of the weekly digest, which has a switch of its own."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Minutes of the local day, from from_minute until before to_minute; they may pass midnight."""

    from_minute: int
    to_minute: int

    def __post_init__(self) -> None:
        """Refuse hours that are none, or all of the day."""
        if self.from_minute == self.to_minute:
            raise Invalid("Quiet hours must begin and end at different times.", code="invalid", field="quietHours.to")

    def hold(self, minute: int) -> bool:
        """Say whether this minute of the day is quiet."""
        if self.from_minute < self.to_minute:
            return self.from_minute <= minute < self.to_minute
        return minute >= self.from_minute or minute < self.to_minute


@dataclass(frozen=True, slots=True)
class Webhook:
    """The URL that notifications are posted to, and the secret that signs them."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The last failure of a channel; gave_up when no more tries follow."""

    error: str
    at_ms: int
    gave_up: bool


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person chose. A kind that is not in `channels` goes to every channel."""

    channels: Mapping[NotificationKind, tuple[Channel, ...]] = field(default_factory=dict)
    email: bool = False
    webhook: Webhook | None = None
    quiet_hours: QuietHours | None = None
    weekly_digest: bool = False

    def channels_for(self, kind: str) -> tuple[Channel, ...]:
        """List the channels chosen for a kind, whether the person has them or not."""
        if kind == DIGEST:
            return ("page", "email")
        return next((channels for name, channels in self.channels.items() if name == kind), EVERY_CHANNEL)

    def outbound(self, kind: str) -> tuple[Outbound, ...]:
        """List the channels by which a notification of this kind is delivered."""
        channels = self.channels_for(kind)
        email: tuple[Outbound, ...] = ("email",) if self.email and "email" in channels else ()
        return (*email, "webhook") if self.webhook and "webhook" in channels else email

    def on_page(self, kind: str) -> bool:
        """Say whether the page draws attention to this kind; its list has all notifications."""
        return "page" in self.channels_for(kind)

    def all_kinds(self) -> dict[NotificationKind, tuple[Channel, ...]]:
        """List the channels chosen for each kind."""
        return {kind: self.channels_for(kind) for kind in NOTIFICATION_KINDS}


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """A person's settings as they are stored.

    Attributes:
        owner_id: The person.
        email: The address of the account.
        preferences: The choices.
        failures: The last failure of each channel that does not work.
        digest_due_at_ms: When the next digest is due (epoch ms), None without one.
        version: Counts the changes of choices.
    """

    owner_id: str
    email: str
    preferences: Preferences
    failures: Mapping[Outbound, Failure]
    digest_due_at_ms: int | None = None
    version: int = 0
