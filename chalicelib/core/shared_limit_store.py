"""Counted attempts, one item a subject and window; and token buckets, one item a subject."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.dynamo import Item, table_name


class ThrottleItem(Item):
    class Meta:
        table_name = table_name("throttles")

    subject = UnicodeAttribute(hash_key=True)
    attempts = NumberAttribute(null=True)
    full_at_ms = NumberAttribute(null=True)
    expires_at = NumberAttribute()


def add(subject: str, attempts: int, expires_at: int) -> int:
    """Count so many more (or fewer); returns how many there are now. expires_at is in seconds, for the table's TTL."""
    item = ThrottleItem(subject)
    item.update(actions=[ThrottleItem.attempts.add(attempts), ThrottleItem.expires_at.set(expires_at)])
    return int(item.attempts)


def keep(subject: str, expires_at: int) -> None:
    """Write a subject's item without counting anything; expires_at is in seconds."""
    ThrottleItem(subject).update(actions=[ThrottleItem.expires_at.set(expires_at)])


def load_bucket(subject: str) -> int | None:
    """When a token bucket is full again (epoch ms); None if it has not been used."""
    try:
        full_at_ms = ThrottleItem.get(subject, consistent_read=True).full_at_ms
    except ThrottleItem.DoesNotExist:
        return None
    return None if full_at_ms is None else int(full_at_ms)


def swap_bucket(subject: str, before_ms: int | None, full_at_ms: int, expires_at: int) -> bool:
    """Store a bucket's next state; False when another call was quicker. expires_at is in seconds."""
    known = ThrottleItem.full_at_ms
    return ThrottleItem(subject).update_if(
        actions=[known.set(full_at_ms), ThrottleItem.expires_at.set(expires_at)],
        condition=known.does_not_exist() if before_ms is None else known == before_ms,
    )
