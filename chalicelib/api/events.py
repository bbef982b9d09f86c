"""Routes of what happened: phantom events, notifications, and the ticket for the live WebSocket."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib import views
from chalicelib.api import paging
from chalicelib.api.http import Call, Who, route
from chalicelib.services import live, notifications, phantom_events
from chalicelib.wire import events as wire
from chalicelib.wire.base import Done

blueprint = Blueprint(__name__)


@route(blueprint, "GET", "/phantom-event/list", answers=wire.PhantomEventList, who=Who.SESSION)
def list_phantom_events(call: Call[None]) -> wire.PhantomEventList:
    """Stretches of standby and what was done, newest first"""
    events, cursor = phantom_events.of_owner(
        call.owner_id, paging.port_id(call.query), paging.limit(call.query), paging.cursor(call.query)
    )
    return wire.PhantomEventList(events=[views.phantom_event(event) for event in events], cursor=cursor)


@route(
    blueprint,
    "POST",
    "/phantom-event/{event_id}/feedback",
    body=wire.Feedback,
    answers=wire.PhantomEventAnswer,
    who=Who.SESSION,
)
def judge_phantom_event(call: Call[wire.Feedback], event_id: str) -> wire.PhantomEventAnswer:
    """Say whether a phantom event was right; wrong switches its outlet on again"""
    event = phantom_events.judge(call.owner_id, event_id, call.body.verdict, call.now_ms)
    return wire.PhantomEventAnswer(event=views.phantom_event(event))


@route(blueprint, "GET", "/notification/list", answers=wire.NotificationList, who=Who.SESSION)
def list_notifications(call: Call[None]) -> wire.NotificationList:
    """What you were told, newest first"""
    page = notifications.of_owner(call.owner_id, paging.limit(call.query), paging.cursor(call.query))
    shown = [views.notification(notification) for notification in page.notifications]
    return wire.NotificationList(notifications=shown, cursor=page.cursor, unread=page.unread)


@route(blueprint, "POST", "/notification/read", body=wire.MarkRead, answers=Done, who=Who.SESSION)
def mark_notifications_read(call: Call[wire.MarkRead]) -> Done:
    """Mark notifications as read, some or all"""
    if call.body.all:
        notifications.mark_all_read(call.owner_id)
    else:
        notifications.mark_read(call.owner_id, call.body.notification_ids)
    return Done(message="read")


@route(blueprint, "POST", "/live/ticket", answers=wire.TicketAnswer, who=Who.SESSION)
def issue_live_ticket(call: Call[None]) -> wire.TicketAnswer:
    """A one-time ticket that opens the live WebSocket"""
    ticket, url = live.issue_ticket(call.session, call.now_ms)
    return wire.TicketAnswer(ticket=ticket, url=url, expires_in=live.TICKET_TTL_SECONDS)
