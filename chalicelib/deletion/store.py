"""Storage of deletion requests: one item a subject, kept until everything of the subject is deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.dynamo import Item, table_name


class PurgeItem(Item):
    class Meta:
        table_name = table_name("purges")

    subject = UnicodeAttribute(hash_key=True)
    asked_at_ms = NumberAttribute()


def request_deletion(subject: str, now_ms: int) -> None:
    """Request the deletion of a subject, for example device#uid."""
    PurgeItem(subject, asked_at_ms=now_ms).save()


def request_deletions(subjects: Iterable[str], now_ms: int) -> None:
    """Request the deletion of many subjects, in batches."""
    with PurgeItem.batch_write() as batch:
        for subject in subjects:
            batch.save(PurgeItem(subject, asked_at_ms=now_ms))


def load_deletion_requests(limit: int, excluding: Collection[str] = ()) -> list[str]:
    """Up to `limit` subjects that wait for their deletion, without those of `excluding`."""
    waiting = (item.subject for item in PurgeItem.scan(page_size=limit))
    return list(islice((subject for subject in waiting if subject not in excluding), limit))


def remove_deletion_request(subject: str) -> None:
    """Remove the request for a subject of which everything is deleted."""
    PurgeItem(subject).delete()
