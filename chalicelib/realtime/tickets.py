"""One-time tickets, and the dashboards that they open."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.accounts.model import Session
from chalicelib.accounts.session_store import load_session
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.identifiers import digest, new_secret
from chalicelib.core.settings import settings
from chalicelib.realtime import connections, store
from chalicelib.realtime.store import Dashboard

TICKET_TTL_SECONDS = 60
CONNECTION_TTL_SECONDS = 2 * 3_600
"""API Gateway ends a WebSocket after two hours."""


def issue_ticket(session: Session, now_ms: int) -> tuple[str, str]:
    """Make a one-time ticket.

    Returns:
        The ticket, and the URL that opens the WebSocket with it.
    """
    ticket = new_secret()
    dashboard = Dashboard(session.user_id, session.session_id, now_ms // 1_000 + TICKET_TTL_SECONDS)
    store.save_ticket(digest(ticket), dashboard)
    return ticket, f"{settings().live_url}?ticket={ticket}"


def open_dashboard(connection_id: str, ticket: str, now_ms: int) -> None:
    """Open a dashboard for the owner of a ticket; past MAX_DASHBOARDS the oldest one is closed.

    The dashboard ends with its session, which is read once the dashboard is stored: a session that ends at the same
    moment finds it and closes it.

    Raises:
        Unauthenticated: The ticket is used, expired or unknown, or its session has ended.
    """
    now_seconds = now_ms // 1_000
    dashboard = store.take_ticket(digest(ticket), now_seconds)
    if dashboard is None:
        raise _bad_ticket()
    latest_end = now_seconds + CONNECTION_TTL_SECONDS
    store.save_connection(connection_id, replace(dashboard, opened_at=now_seconds, expires_at=latest_end))
    session = load_session(dashboard.session_id)
    if session is None or session.expired(now_ms):
        store.delete_connection(connection_id)
        raise _bad_ticket()
    session_end = session.expires_at_ms // 1_000
    if session_end < latest_end:
        store.save_connection(connection_id, replace(dashboard, opened_at=now_seconds, expires_at=session_end))
    others = [other_id for other_id in store.load_connections(dashboard.owner_id) if other_id != connection_id]
    connections.close_connections(others[connections.MAX_DASHBOARDS - 1 :])


def forget_dashboard(connection_id: str) -> None:
    """Forget a dashboard that its page has closed."""
    store.delete_connection(connection_id)


def _bad_ticket() -> Unauthenticated:
    return Unauthenticated("This ticket is not valid; ask for a new one.", code="bad_ticket", field="ticket")
