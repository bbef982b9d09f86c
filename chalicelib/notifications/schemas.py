"""Phantom events and notifications."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from chalicelib.core.schemas import END, Answer, Iso, Part, Request

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
Channel = Literal["page", "email", "webhook"]
Clock = Annotated[str, msgspec.Meta(pattern=rf"^([01][0-9]|2[0-3]):[0-5][0-9]{END}")]
WebhookSecret = Annotated[str, msgspec.Meta(min_length=16, max_length=128, pattern=rf"^[!-~]+{END}")]
NotificationId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class PhantomEventPart(Part, frozen=True, kw_only=True):
    """A stretch of standby and what was done.

    outcome: none yet (null), sent, obeyed, confirmed (the watts fell), contradicted (the watts stayed),
    refused (the Pi saw the appliance in use, or the command was stale), undone (by the person).
    """

    event_id: str
    port_id: str
    port_name: str
    device_id: str
    detected_power: float
    detected_at: Iso
    started_at: Iso
    action_taken: Literal["auto_cut", "notified", "observed"]
    reason: str
    outcome: str | None
    ended_at: Iso | None
    verdict: Literal["right", "wrong"] | None


class PhantomEventList(Answer, frozen=True, kw_only=True):
    events: list[PhantomEventPart]
    cursor: str | None


class PhantomEventAnswer(Answer, frozen=True, kw_only=True):
    event: PhantomEventPart


class Feedback(Request, frozen=True):
    verdict: Literal["right", "wrong"]


class NotificationPart(Part, frozen=True, kw_only=True):
    notification_id: str
    kind: str
    message: str
    at: Iso
    read: bool
    port_id: str | None
    device_id: str | None


class NotificationList(Answer, frozen=True, kw_only=True):
    notifications: list[NotificationPart]
    cursor: str | None
    unread: int


class MarkRead(Request, frozen=True):
    """Which to mark as read: the ids, or all."""

    notification_ids: Annotated[list[NotificationId], msgspec.Meta(max_length=200)] = []
    all: bool = False


class QuietHours(Request, frozen=True, kw_only=True):
    """Local time, HH:MM; from is in them, to is not; they may go over midnight."""

    from_: Clock = msgspec.field(name="from")
    to: Clock


class GivenWebhook(Request, frozen=True):
    """Where to post. Without a secret the webhook keeps the one it has, or is given one, which is shown once."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    secret: WebhookSecret | None = None


class ChooseNotifications(Request, frozen=True):
    """All choices at once: what is left out is switched off, and a kind that is left out goes to every channel."""

    kinds: dict[NotificationKind, list[Channel]] = {}
    email: bool = False
    webhook: GivenWebhook | None = None
    quiet_hours: QuietHours | None = None
    weekly_digest: bool = False


class WebhookPart(Part, frozen=True, kw_only=True):
    """Where notifications are posted; secret is there in the one answer that follows its making."""

    url: str
    secret: str | None


class ChannelError(Part, frozen=True, kw_only=True):
    """What last went wrong on a channel, until it works again; gave_up: there were no more tries."""

    error: str
    at: Iso
    gave_up: bool


class LastErrors(Part, frozen=True, kw_only=True):
    email: ChannelError | None
    webhook: ChannelError | None


class NotificationSettings(Answer, frozen=True, kw_only=True):
    """How you are told.

    email_available: this place can send mail at all. email_confirmed: it may send it to the address of the account,
    whose timezone this is.
    """

    kinds: dict[NotificationKind, list[Channel]]
    email: bool
    email_address: str
    email_available: bool
    email_confirmed: bool
    webhook: WebhookPart | None
    quiet_hours: QuietHours | None
    timezone: str
    weekly_digest: bool
    last_errors: LastErrors


class TrialResult(Part, frozen=True, kw_only=True):
    """What became of the test on one channel."""

    channel: Channel
    status: Literal["delivered", "failed"]
    error: str | None


class TrialAnswer(Answer, frozen=True, kw_only=True):
    results: list[TrialResult]


class TicketAnswer(Answer, frozen=True, kw_only=True):
    """A one-time ticket for the WebSocket: open `url` within expires_in seconds."""

    ticket: str
    url: str
    expires_in: int
