"""Phantom events and notifications."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from chalicelib.wire.base import Answer, Iso, Part, Request

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


class TicketAnswer(Answer, frozen=True, kw_only=True):
    """A one-time ticket for the WebSocket: open `url` within expires_in seconds."""

    ticket: str
    url: str
    expires_in: int


class HealthAnswer(Answer, frozen=True, kw_only=True):
    status: Literal["ok", "degraded"]
    parts: dict[str, str]
    version: str
