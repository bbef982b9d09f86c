"""Counted attempts, one item a subject and window."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.storage.base import Item, table_name


class ThrottleItem(Item):
    class Meta:
        table_name = table_name("throttles")

    subject = UnicodeAttribute(hash_key=True)
    attempts = NumberAttribute()
    expires_at = NumberAttribute()


def load(subject: str) -> int:
    """How many attempts are counted."""
    try:
        return int(ThrottleItem.get(subject, consistent_read=True).attempts)
    except ThrottleItem.DoesNotExist:
        return 0


def add(subject: str, attempts: int, expires_at: int) -> int:
    """Count so many more (or fewer); returns how many there are now. expires_at is in seconds, for the table's TTL."""
    item = ThrottleItem(subject)
    item.update(actions=[ThrottleItem.attempts.add(attempts), ThrottleItem.expires_at.set(expires_at)])
    return int(item.attempts)
