"""Open dashboards, and the one-time tickets that open them."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.storage.base import Item, condition_failed, table_name


class ByOwner(GlobalSecondaryIndex["ConnectionItem"]):
    class Meta:
        index_name = "by_owner"
        projection = KeysOnlyProjection()

    owner_id = UnicodeAttribute(hash_key=True)
    connection_id = UnicodeAttribute(range_key=True)


class ConnectionItem(Item):
    class Meta:
        table_name = table_name("connections")

    connection_id = UnicodeAttribute(hash_key=True)
    owner_id = UnicodeAttribute()
    expires_at = NumberAttribute()
    by_owner = ByOwner()


class TicketItem(Item):
    class Meta:
        table_name = table_name("tickets")

    ticket_sha256 = UnicodeAttribute(hash_key=True)
    owner_id = UnicodeAttribute()
    expires_at = NumberAttribute()


def add_ticket(ticket_sha256: str, owner_id: str, expires_at: int) -> None:
    """Store a ticket by its digest; expires_at is in epoch seconds."""
    TicketItem(ticket_sha256, owner_id=owner_id, expires_at=expires_at).save()


def take_ticket(ticket_sha256: str, now_seconds: int) -> str | None:
    """Use a ticket up: its owner for the first caller, None for a second one, an unknown or an expired ticket."""
    try:
        ticket = TicketItem.get(ticket_sha256, consistent_read=True)
        ticket.delete(condition=TicketItem.ticket_sha256.exists())
    except TicketItem.DoesNotExist:
        return None
    except DeleteError as error:
        if condition_failed(error):
            return None
        raise
    return ticket.owner_id if now_seconds < ticket.expires_at else None


def add(connection_id: str, owner_id: str, expires_at: int) -> None:
    """Remember an open dashboard; expires_at is in epoch seconds."""
    ConnectionItem(connection_id, owner_id=owner_id, expires_at=expires_at).save()


def remove(connection_id: str) -> None:
    """Forget a dashboard that was closed."""
    ConnectionItem(connection_id).delete()


def of_owner(owner_id: str) -> list[str]:
    """The ids of a person's open dashboards."""
    return [item.connection_id for item in ConnectionItem.by_owner.query(owner_id)]
