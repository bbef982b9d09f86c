"""What is still to be deleted: a subject a line, kept until all of it is gone."""

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


def add(subject: str, now_ms: int) -> None:
    """Ask for a subject (for example device#uid) to be purged."""
    PurgeItem(subject, asked_at_ms=now_ms).save()


def add_all(subjects: Iterable[str], now_ms: int) -> None:
    """Ask for many subjects to be purged, in batches."""
    with PurgeItem.batch_write() as batch:
        for subject in subjects:
            batch.save(PurgeItem(subject, asked_at_ms=now_ms))


def some(most: int, passing_over: Collection[str] = ()) -> list[str]:
    """Up to `most` subjects that wait, but not these."""
    waiting = (item.subject for item in PurgeItem.scan(page_size=most))
    return list(islice((subject for subject in waiting if subject not in passing_over), most))


def done(subject: str) -> None:
    """All of a subject is gone."""
    PurgeItem(subject).delete()
