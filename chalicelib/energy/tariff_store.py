"""The dated tariffs of a person, one item."""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.dynamo import DataAttribute, Item, table_name
from chalicelib.energy.tariffs import Tariff


class TariffsItem(Item):
    class Meta:
        table_name = table_name("tariffs")

    owner_id = UnicodeAttribute(hash_key=True)
    tariffs = DataAttribute(list[Tariff])


def load(owner_id: str) -> list[Tariff]:
    """A person's dated tariffs, as they were given."""
    try:
        return TariffsItem.get(owner_id, consistent_read=True).tariffs
    except TariffsItem.DoesNotExist:
        return []


def save(owner_id: str, tariffs: Sequence[Tariff]) -> None:
    """Store these tariffs in place of all before."""
    TariffsItem(owner_id, tariffs=list(tariffs)).save()


def remove(owner_id: str) -> None:
    """Forget a person's tariffs."""
    TariffsItem(owner_id).delete()
