"""Ports: one item an outlet, under its device; index by owner.

Every write counts the revision, and stands only if that is unchanged.
"""

from __future__ import annotations

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.core.dynamo import DataAttribute, Item, Transaction, table_name
from chalicelib.core.pagination import load_page, start_key
from chalicelib.core.read_cache import ReadCache
from chalicelib.ports.model import Port, device_uid_of
from chalicelib.ports.relay_commands import Relay


class ByOwner(GlobalSecondaryIndex["PortItem"]):
    class Meta:
        index_name = "by_owner"
        projection = AllProjection()

    owner_id = UnicodeAttribute(hash_key=True)
    port_id = UnicodeAttribute(range_key=True)


class PortItem(Item):
    class Meta:
        table_name = table_name("ports")

    device_uid = UnicodeAttribute(hash_key=True)
    port_id = UnicodeAttribute(range_key=True)
    owner_id = UnicodeAttribute()
    device_id = UnicodeAttribute()
    name = UnicodeAttribute()
    channel = NumberAttribute()
    kind = UnicodeAttribute()
    threshold_watts = NumberAttribute(null=True)
    dwell_seconds = NumberAttribute(null=True)
    policy = UnicodeAttribute()
    never_cut = BooleanAttribute()
    relay = DataAttribute(Relay)
    revision = NumberAttribute()
    by_owner = ByOwner()


def _port(item: PortItem) -> Port:
    return Port(
        port_id=item.port_id,
        device_uid=item.device_uid,
        device_id=item.device_id,
        owner_id=item.owner_id,
        name=item.name,
        channel=int(item.channel),
        kind=item.kind,
        threshold_watts=item.threshold_watts,
        dwell_seconds=None if item.dwell_seconds is None else int(item.dwell_seconds),
        policy=item.policy,  # type: ignore[arg-type]  # only Policy is ever stored
        never_cut=item.never_cut,
        relay=item.relay,
        revision=int(item.revision),
    )


def _item(port: Port) -> PortItem:
    return PortItem(
        device_uid=port.device_uid,
        port_id=port.port_id,
        owner_id=port.owner_id,
        device_id=port.device_id,
        name=port.name,
        channel=port.channel,
        kind=port.kind,
        threshold_watts=port.threshold_watts,
        dwell_seconds=port.dwell_seconds,
        policy=port.policy,
        never_cut=port.never_cut,
        relay=port.relay,
        revision=port.revision + 1,
    )


def load_port(port_id: str) -> Port | None:
    """The port of this id, None if there is none."""
    if not device_uid_of(port_id):
        return None
    try:
        return _port(PortItem.get(device_uid_of(port_id), port_id, consistent_read=True))
    except PortItem.DoesNotExist:
        return None


def load_ports_of_device(device_uid: str) -> list[Port]:
    """All ports of a device (at most 32), as they are at this moment."""
    return list(_cached_ports(device_uid))


_cached_ports = ReadCache(
    PortItem.Meta.table_name,
    lambda device_uid: tuple(_port(item) for item in PortItem.query(device_uid, consistent_read=True)),
)


def load_ports_of_owner(owner_id: str, limit: int, cursor: str | None) -> tuple[list[Port], str | None]:
    """A page of a person's ports, and the cursor to go on."""
    pages = PortItem.by_owner.query(owner_id, limit=limit, last_evaluated_key=start_key(cursor))
    items, after = load_page(pages)
    return [_port(item) for item in items], after


def put_port(write: Transaction, port: Port, replacing: Port | None = None) -> None:
    """Add to a transaction: this port, new, or in place of what was read, unless that has changed since."""
    condition = PortItem.port_id.does_not_exist() if replacing is None else _unchanged(replacing)
    write.save(_item(port), condition=condition)


def put_removed_port(write: Transaction, port: Port) -> None:
    """Add to a transaction: the port is gone, unless it has changed since it was read."""
    write.delete(PortItem(port.device_uid, port.port_id), condition=_unchanged(port))


def remove_port(port: Port) -> None:
    """Forget a port."""
    PortItem(port.device_uid, port.port_id).delete()


def put_cut(write: Transaction, port: Port, relay: Relay) -> None:
    """Add to a transaction: the detector's cut, which stands only if the port may still be cut and nobody switched."""
    may_be_cut = (PortItem.policy == "cut") & (PortItem.never_cut == False)  # noqa: E712  # PynamoDB's condition
    write.update(
        PortItem(port.device_uid, port.port_id), actions=_relay(port, relay), condition=may_be_cut & _unchanged(port)
    )


def put_relay(write: Transaction, port: Port, relay: Relay) -> None:
    """Add to a transaction: a changed relay."""
    write.update(PortItem(port.device_uid, port.port_id), actions=_relay(port, relay), condition=_unchanged(port))


def _relay(port: Port, relay: Relay) -> list[Action]:
    return [PortItem.relay.set(relay), PortItem.revision.set(port.revision + 1)]


def _unchanged(port: Port) -> Condition:
    return PortItem.revision == port.revision
