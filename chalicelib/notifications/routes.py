"""Routes of notifications and their settings."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.accounts.model import Account
from chalicelib.accounts.service import get_account
from chalicelib.core.http import route
from chalicelib.core.schemas import Done, PageQuery
from chalicelib.notifications import schemas, service
from chalicelib.notifications.preferences import NotificationSettings

blueprint = Blueprint(__name__)


@route(
    blueprint, "GET", "/notification/list", query=PageQuery, answers=schemas.NotificationList, who=SESSION, scope="read"
)
def list_notifications(call: SessionCall[None], query: PageQuery) -> schemas.NotificationList:
    """List notifications

    Answers your notifications, newest first.
    """
    page = service.list_notifications(call.owner_id, query.limit, query.cursor)
    shown = [schemas.notification_part(notification) for notification in page.notifications]
    return schemas.NotificationList(notifications=shown, cursor=page.cursor, unread=page.unread)


@route(blueprint, "POST", "/notification/read", body=schemas.MarkRead, answers=Done, who=SESSION)
def mark_notifications_read(call: SessionCall[schemas.MarkRead]) -> Done:
    """Mark notifications as read

    Marks some notifications, or all.
    """
    if call.body.all:
        service.mark_all_read(call.owner_id)
    else:
        service.mark_read(call.owner_id, call.body.notification_ids)
    return Done(message="read")


@route(blueprint, "GET", "/notification/settings", answers=schemas.NotificationSettings, who=SESSION)
def get_notification_settings(call: SessionCall[None]) -> schemas.NotificationSettings:
    """Get notification settings

    Answers your channels, quiet hours and digest, and the last failure of each channel.
    """
    account = get_account(call.session)
    return _settings_answer(account, service.get_settings(account))


@route(
    blueprint,
    "PUT",
    "/notification/settings",
    body=schemas.ChooseNotifications,
    answers=schemas.NotificationSettings,
    who=SESSION,
)
def choose_notifications(call: SessionCall[schemas.ChooseNotifications]) -> schemas.NotificationSettings:
    """Update notification settings

    Replaces all choices of channels, quiet hours and the weekly digest.
    """
    account = get_account(call.session)
    chosen = service.choose_settings(account, schemas.preferences_of(call.body), call.now_ms)
    return _settings_answer(account, chosen.settings, chosen.new_secret)


def _settings_answer(
    account: Account, stored: NotificationSettings, new_secret: str | None = None
) -> schemas.NotificationSettings:
    email_available = service.is_mail_available()
    return schemas.settings_answer(account, stored, new_secret, email_available=email_available)


@route(blueprint, "POST", "/notification/test", answers=schemas.TrialAnswer, who=SESSION)
def send_test_notification(call: SessionCall[None]) -> schemas.TrialAnswer:
    """Send a test notification

    Sends one notification by every channel that you chose, and answers the result of each.
    """
    account = get_account(call.session)
    return schemas.trial_answer(service.send_test_notification(account, call.now_ms))
