"""Routes of what happened: phantom events, notifications, and the ticket for the live WebSocket."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.accounts.model import Account
from chalicelib.accounts.service import get_account
from chalicelib.core import views
from chalicelib.core.http import route
from chalicelib.core.query import PageQuery, PortPageQuery
from chalicelib.core.schemas import Done
from chalicelib.core.times import iso
from chalicelib.detection import phantom_event_service as phantom_events
from chalicelib.notifications import schemas as wire
from chalicelib.notifications import service as notifications
from chalicelib.notifications import settings_service as notification_settings
from chalicelib.notifications.preferences import (
    Failure,
    NotificationSettings,
    Preferences,
    QuietHours,
    Webhook,
    clock,
    minute_of_day,
)
from chalicelib.realtime import publisher as live

blueprint = Blueprint(__name__)


@route(
    blueprint,
    "GET",
    "/phantom-event/list",
    query=PortPageQuery,
    answers=wire.PhantomEventList,
    who=SESSION,
    scope="read",
)
def list_phantom_events(call: SessionCall[None], query: PortPageQuery) -> wire.PhantomEventList:
    """Stretches of standby and what was done, newest first"""
    events, cursor = phantom_events.of_owner(call.owner_id, query.port_id, query.limit, query.cursor)
    return wire.PhantomEventList(events=[views.phantom_event(event) for event in events], cursor=cursor)


@route(
    blueprint,
    "POST",
    "/phantom-event/{event_id}/feedback",
    body=wire.Feedback,
    answers=wire.PhantomEventAnswer,
    who=SESSION,
    scope="control",
)
def judge_phantom_event(call: SessionCall[wire.Feedback], event_id: str) -> wire.PhantomEventAnswer:
    """Say whether a phantom event was right; wrong switches its outlet on again"""
    event = phantom_events.judge(call.owner_id, event_id, call.body.verdict, call.now_ms)
    return wire.PhantomEventAnswer(event=views.phantom_event(event))


@route(
    blueprint, "GET", "/notification/list", query=PageQuery, answers=wire.NotificationList, who=SESSION, scope="read"
)
def list_notifications(call: SessionCall[None], query: PageQuery) -> wire.NotificationList:
    """What you were told, newest first"""
    page = notifications.of_owner(call.owner_id, query.limit, query.cursor)
    shown = [views.notification(notification) for notification in page.notifications]
    return wire.NotificationList(notifications=shown, cursor=page.cursor, unread=page.unread)


@route(blueprint, "POST", "/notification/read", body=wire.MarkRead, answers=Done, who=SESSION)
def mark_notifications_read(call: SessionCall[wire.MarkRead]) -> Done:
    """Mark notifications as read, some or all"""
    if call.body.all:
        notifications.mark_all_read(call.owner_id)
    else:
        notifications.mark_read(call.owner_id, call.body.notification_ids)
    return Done(message="read")


@route(blueprint, "GET", "/notification/settings", answers=wire.NotificationSettings, who=SESSION)
def get_notification_settings(call: SessionCall[None]) -> wire.NotificationSettings:
    """How you are told of what happens, and what last went wrong with it"""
    account = get_account(call.session)
    return _settings(account, notification_settings.of_account(account), None)


@route(
    blueprint,
    "PUT",
    "/notification/settings",
    body=wire.ChooseNotifications,
    answers=wire.NotificationSettings,
    who=SESSION,
)
def choose_notifications(call: SessionCall[wire.ChooseNotifications]) -> wire.NotificationSettings:
    """Choose channels, quiet hours and the weekly digest; this takes the place of all choices before"""
    account = get_account(call.session)
    chosen = notification_settings.choose(account, _preferences(call.body), call.now_ms)
    return _settings(account, chosen.settings, chosen.new_secret)


def _preferences(body: wire.ChooseNotifications) -> Preferences:
    quiet = body.quiet_hours
    return Preferences(
        channels={kind: tuple(dict.fromkeys(channels)) for kind, channels in body.kinds.items()},
        email=body.email,
        webhook=None if body.webhook is None else Webhook(body.webhook.url, body.webhook.secret or ""),
        quiet_hours=None if quiet is None else QuietHours(minute_of_day(quiet.from_), minute_of_day(quiet.to)),
        weekly_digest=body.weekly_digest,
    )


def _settings(account: Account, stored: NotificationSettings, new_secret: str | None) -> wire.NotificationSettings:
    chosen = stored.preferences
    quiet, webhook = chosen.quiet_hours, chosen.webhook
    return wire.NotificationSettings(
        kinds={kind: list(channels) for kind, channels in chosen.all_kinds().items()},
        email=chosen.email,
        email_address=account.email,
        email_available=notification_settings.is_mail_available(),
        email_confirmed=account.is_confirmed,
        webhook=None if webhook is None else wire.WebhookPart(url=webhook.url, secret=new_secret),
        quiet_hours=None
        if quiet is None
        else wire.QuietHours(from_=clock(quiet.from_minute), to=clock(quiet.to_minute)),
        timezone=account.timezone,
        weekly_digest=chosen.weekly_digest,
        last_errors=wire.LastErrors(
            email=_error(stored.failures.get("email")), webhook=_error(stored.failures.get("webhook"))
        ),
    )


def _error(failure: Failure | None) -> wire.ChannelError | None:
    if failure is None:
        return None
    return wire.ChannelError(error=failure.error, at=iso(failure.at_ms), gave_up=failure.gave_up)


@route(blueprint, "POST", "/notification/test", answers=wire.TrialAnswer, who=SESSION)
def send_test_notification(call: SessionCall[None]) -> wire.TrialAnswer:
    """Send one notification by every channel that you chose, now, and hear what became of it"""
    account = get_account(call.session)
    outcome = notification_settings.send_test(account, call.now_ms)
    results = [
        wire.TrialResult(
            channel=channel,
            status="failed" if failure else "delivered",
            error=failure.error if failure else None,
        )
        for channel, failure in outcome.items()
    ]
    return wire.TrialAnswer(results=[wire.TrialResult(channel="page", status="delivered", error=None), *results])


@route(blueprint, "POST", "/live/ticket", answers=wire.TicketAnswer, who=SESSION, scope="control")
def issue_live_ticket(call: SessionCall[None]) -> wire.TicketAnswer:
    """A one-time ticket that opens the live WebSocket"""
    ticket, url = live.issue_ticket(call.session, call.now_ms)
    return wire.TicketAnswer(ticket=ticket, url=url, expires_in=live.TICKET_TTL_SECONDS)
