"""Open dashboards, and the one-time tickets that open them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from chalicelib.core.dynamo import Item, table_name
from chalicelib.core.read_cache import ReadCache

NEVER = 2**40
"""Later than any connection lives."""


class ByOwner(GlobalSecondaryIndex["ConnectionItem"]):
    class Meta:
        index_name = "by_owner"
        projection = IncludeProjection(["session_id"])

    owner_id = UnicodeAttribute(hash_key=True)
    connection_id = UnicodeAttribute(range_key=True)
    session_id = UnicodeAttribute()


class ConnectionItem(Item):
    class Meta:
        table_name = table_name("connections")

    connection_id = UnicodeAttribute(hash_key=True)
    owner_id = UnicodeAttribute()
    session_id = UnicodeAttribute()
    expires_at = NumberAttribute()
    by_owner = ByOwner()


class TicketItem(Item):
    class Meta:
        table_name = table_name("tickets")

    ticket_sha256 = UnicodeAttribute(hash_key=True)
    owner_id = UnicodeAttribute()
    session_id = UnicodeAttribute()
    expires_at = NumberAttribute()


@dataclass(frozen=True, slots=True)
class Dashboard:
    """An open page, or a ticket for one: whose, and of which session. Times are in epoch seconds."""

    owner_id: str
    session_id: str
    expires_at: int
    opened_at: int = 0


def save_ticket(ticket_sha256: str, dashboard: Dashboard) -> None:
    """Store a ticket by its digest."""
    TicketItem(
        ticket_sha256,
        owner_id=dashboard.owner_id,
        session_id=dashboard.session_id,
        expires_at=dashboard.expires_at,
    ).save()


def take_ticket(ticket_sha256: str, now_seconds: int) -> Dashboard | None:
    """Use a ticket up: what it is for, for the first caller; None for a second, an unknown or an expired one."""
    try:
        ticket = TicketItem.get(ticket_sha256, consistent_read=True)
    except TicketItem.DoesNotExist:
        return None
    if not ticket.delete_if(TicketItem.ticket_sha256.exists()) or now_seconds >= ticket.expires_at:
        return None
    return Dashboard(ticket.owner_id, ticket.session_id, int(ticket.expires_at))


def save_connection(connection_id: str, dashboard: Dashboard) -> None:
    """Store an open dashboard."""
    ConnectionItem(
        connection_id,
        owner_id=dashboard.owner_id,
        session_id=_packed(dashboard),
        expires_at=dashboard.expires_at,
    ).save()


def delete_connection(connection_id: str) -> None:
    """Forget a dashboard that was closed."""
    ConnectionItem(connection_id).delete()


def load_connections(owner_id: str) -> dict[str, Dashboard]:
    """Load a person's dashboards by connection id, the newest first."""
    return dict(_cached_connections(owner_id))


def _read_connections(owner_id: str) -> Mapping[str, Dashboard]:
    items = ConnectionItem.by_owner.query(owner_id)
    dashboards = {item.connection_id: _unpacked(owner_id, item.session_id) for item in items}
    return dict(sorted(dashboards.items(), key=lambda pair: pair[1].opened_at, reverse=True))


_cached_connections = ReadCache(ConnectionItem.Meta.table_name, _read_connections, by_key=False)


def _packed(dashboard: Dashboard) -> str:
    """Session and times in one attribute: the index holds only session_id, and cannot be changed in place."""
    return f"{dashboard.session_id}#{dashboard.opened_at}#{dashboard.expires_at}"


def _unpacked(owner_id: str, packed: str) -> Dashboard:
    """What _packed made; a bare session id is of a connection that was opened before it held times."""
    session_id, _, times = packed.partition("#")
    opened_at, _, expires_at = times.partition("#")
    return Dashboard(owner_id, session_id, int(expires_at or NEVER), int(opened_at or 0))
