"""Notification settings, one item a person, with the last failures; an index by the next digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.core.due_index import shard
from chalicelib.core.dynamo import DataAttribute, Item, Transaction, table_name
from chalicelib.notifications.preferences import Failure, NotificationSettings, Outbound, Preferences


class ByDigest(GlobalSecondaryIndex["NotificationSettingsItem"]):
    class Meta:
        index_name = "by_digest"
        projection = KeysOnlyProjection()

    digest_shard = UnicodeAttribute(hash_key=True)
    digest_due_at_ms = NumberAttribute(range_key=True)


class NotificationSettingsItem(Item):
    class Meta:
        table_name = table_name("notification-settings")

    owner_id = UnicodeAttribute(hash_key=True)
    email = UnicodeAttribute()
    version = NumberAttribute()
    preferences = DataAttribute(Preferences)
    failures = DataAttribute(dict[Outbound, Failure])
    digest_shard = UnicodeAttribute(null=True)
    digest_due_at_ms = NumberAttribute(null=True)
    by_digest = ByDigest()


def load_settings(owner_id: str) -> NotificationSettings | None:
    """Load a person's settings, None when nothing was chosen yet."""
    try:
        item = NotificationSettingsItem.get(owner_id, consistent_read=True)
    except NotificationSettingsItem.DoesNotExist:
        return None
    due_at_ms = item.digest_due_at_ms
    return NotificationSettings(
        owner_id=item.owner_id,
        email=item.email,
        preferences=item.preferences,
        failures=item.failures,
        digest_due_at_ms=None if due_at_ms is None else int(due_at_ms),
        version=int(item.version),
    )


def save_settings(settings: NotificationSettings) -> bool:
    """Store settings as the next version; False when others were stored since these were read."""
    item = NotificationSettingsItem(
        settings.owner_id,
        email=settings.email,
        version=settings.version + 1,
        preferences=settings.preferences,
        failures=dict(settings.failures),
        digest_shard=None if settings.digest_due_at_ms is None else shard(settings.owner_id),
        digest_due_at_ms=settings.digest_due_at_ms,
    )
    version = NotificationSettingsItem.version
    return item.save_if(version.does_not_exist() if settings.version == 0 else version == settings.version)


def save_failures(settings: NotificationSettings, failures: Mapping[Outbound, Failure]) -> bool:
    """Store the last failures; False when the person has changed the choices meanwhile, or is gone."""
    return NotificationSettingsItem(settings.owner_id).update_if(
        actions=[NotificationSettingsItem.failures.set(dict(failures))],
        condition=NotificationSettingsItem.version == settings.version,
    )


def load_owners_of_due_digests(due_shard: str, now_ms: int) -> Iterator[str]:
    """Find the persons of one shard whose weekly digest is due; reads only those."""
    due = NotificationSettingsItem.digest_due_at_ms <= now_ms
    for item in NotificationSettingsItem.by_digest.query(due_shard, due):
        yield item.owner_id


def put_next_digest(write: Transaction, settings: NotificationSettings, due_at_ms: int) -> None:
    """Add to a transaction: the digest that was due is made, and the next one is due at due_at_ms; it succeeds once."""
    write.update(
        NotificationSettingsItem(settings.owner_id),
        actions=[NotificationSettingsItem.digest_due_at_ms.set(due_at_ms)],
        condition=NotificationSettingsItem.digest_due_at_ms == settings.digest_due_at_ms,
    )


def remove_settings(owner_id: str) -> None:
    """Delete a person's settings."""
    NotificationSettingsItem(owner_id).delete()
