"""Notifications and their settings in JSON, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from chalicelib.accounts.model import Account
from chalicelib.core.schemas import END, Answer, Iso, Part, Request
from chalicelib.core.times import iso
from chalicelib.notifications import preferences
from chalicelib.notifications.model import Notification, NotificationKind
from chalicelib.notifications.preferences import Channel, Failure, Outbound, Preferences

Clock = Annotated[str, msgspec.Meta(pattern=rf"^([01][0-9]|2[0-3]):[0-5][0-9]{END}")]
WebhookSecret = Annotated[str, msgspec.Meta(min_length=16, max_length=128, pattern=rf"^[!-~]+{END}")]
NotificationId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


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
    """The last failure of a channel, until it works again; gave_up: no more tries follow."""

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
    """The result of the test on one channel."""

    channel: Channel
    status: Literal["delivered", "failed"]
    error: str | None


class TrialAnswer(Answer, frozen=True, kw_only=True):
    results: list[TrialResult]


def notification_part(notification: Notification) -> NotificationPart:
    """Show a notification."""
    return NotificationPart(
        notification_id=notification.notification_id,
        kind=notification.kind,
        message=notification.message,
        at=iso(notification.at_ms),
        read=notification.read,
        port_id=notification.port_id,
        device_id=notification.device_id,
    )


def preferences_of(body: ChooseNotifications) -> Preferences:
    """Read a person's choices.

    Raises:
        Invalid: The quiet hours are none (field quietHours.to).
    """
    return Preferences(
        channels={kind: tuple(dict.fromkeys(channels)) for kind, channels in body.kinds.items()},
        email=body.email,
        webhook=None if body.webhook is None else preferences.Webhook(body.webhook.url, body.webhook.secret or ""),
        quiet_hours=None if body.quiet_hours is None else _quiet_hours(body.quiet_hours),
        weekly_digest=body.weekly_digest,
    )


def settings_answer(
    account: Account, stored: preferences.NotificationSettings, new_secret: str | None, *, email_available: bool
) -> NotificationSettings:
    """Show a person's choices.

    Args:
        account: The person's account.
        stored: The choices.
        new_secret: The secret of the webhook, in the one answer that follows its making.
        email_available: Whether mail can be sent at all.
    """
    choices = stored.preferences
    return NotificationSettings(
        kinds={kind: list(channels) for kind, channels in choices.all_kinds().items()},
        email=choices.email,
        email_address=account.email,
        email_available=email_available,
        email_confirmed=account.is_confirmed,
        webhook=None if choices.webhook is None else WebhookPart(url=choices.webhook.url, secret=new_secret),
        quiet_hours=None if choices.quiet_hours is None else _quiet_hours_part(choices.quiet_hours),
        timezone=account.timezone,
        weekly_digest=choices.weekly_digest,
        last_errors=LastErrors(
            email=_channel_error(stored.failures.get("email")), webhook=_channel_error(stored.failures.get("webhook"))
        ),
    )


def trial_answer(failures: Mapping[Outbound, Failure | None]) -> TrialAnswer:
    """Show the result of a test on each channel; the page always shows it."""
    results = [
        TrialResult(
            channel=channel,
            status="failed" if failure else "delivered",
            error=failure.error if failure else None,
        )
        for channel, failure in failures.items()
    ]
    return TrialAnswer(results=[TrialResult(channel="page", status="delivered", error=None), *results])


def _quiet_hours(hours: QuietHours) -> preferences.QuietHours:
    return preferences.QuietHours(_minute_of_day(hours.from_), _minute_of_day(hours.to))


def _quiet_hours_part(hours: preferences.QuietHours) -> QuietHours:
    return QuietHours(from_=_wall_clock(hours.from_minute), to=_wall_clock(hours.to_minute))


def _minute_of_day(wall_clock: str) -> int:
    hours, _, minutes = wall_clock.partition(":")
    return 60 * int(hours) + int(minutes)


def _wall_clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _channel_error(failure: Failure | None) -> ChannelError | None:
    return (
        None if failure is None else ChannelError(error=failure.error, at=iso(failure.at_ms), gave_up=failure.gave_up)
    )
