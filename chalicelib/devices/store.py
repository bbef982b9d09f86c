"""Devices: one item a Pi, by its public id; indexes by owner and, while online, by the time it may fall due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.accounts.retention import Retention
from chalicelib.core.due_index import shard
from chalicelib.core.dynamo import DataAttribute, Item, Transaction, table_name
from chalicelib.devices.list_order import Calls
from chalicelib.devices.liveness import Presence, due_entry_ms
from chalicelib.devices.model import AgentReport, Device, Keys, PortName


class ByOwner(GlobalSecondaryIndex["DeviceItem"]):
    class Meta:
        index_name = "by_owner"
        projection = AllProjection()

    owner_id = UnicodeAttribute(hash_key=True)
    device_id = UnicodeAttribute(range_key=True)


class ByDue(GlobalSecondaryIndex["DeviceItem"]):
    class Meta:
        index_name = "by_due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_at_ms = NumberAttribute(range_key=True)


class DeviceItem(Item):
    class Meta:
        table_name = table_name("devices")

    device_id = UnicodeAttribute(hash_key=True)
    device_uid = UnicodeAttribute()
    owner_id = UnicodeAttribute()
    name = UnicodeAttribute()
    created_at_ms = NumberAttribute()
    keys = DataAttribute(Keys)
    online = BooleanAttribute(default=False)
    last_seen_ms = NumberAttribute(null=True)
    previous_seen_ms = NumberAttribute(null=True)
    sensors = DataAttribute(dict[str, float], null=True)
    sensors_at_ms = NumberAttribute(null=True)
    ports = DataAttribute(tuple[PortName, ...])
    ports_version = NumberAttribute(default=0)
    presence = DataAttribute(Presence, null=True)
    agent = DataAttribute(AgentReport, null=True)
    retention = DataAttribute(Retention, null=True)
    due_shard = UnicodeAttribute(null=True)
    due_at_ms = NumberAttribute(null=True)
    mqtt_clients = DataAttribute(tuple[str, ...], null=True)
    pairing_told_at_ms = NumberAttribute(null=True)
    by_owner = ByOwner()
    by_due = ByDue()


def _device(item: DeviceItem) -> Device:
    return Device(
        device_id=item.device_id,
        device_uid=item.device_uid,
        owner_id=item.owner_id,
        name=item.name,
        created_at_ms=int(item.created_at_ms),
        keys=item.keys or Keys(),
        online=item.online,
        last_seen_ms=_whole(item.last_seen_ms),
        previous_seen_ms=_whole(item.previous_seen_ms),
        sensors=item.sensors,
        sensors_at_ms=None if item.sensors_at_ms is None else int(item.sensors_at_ms),
        ports=item.ports,
        ports_version=int(item.ports_version),
        presence=item.presence or Presence(),
        agent=item.agent or AgentReport(),
        retention=item.retention or Retention(),
        due_at_ms=None if item.due_at_ms is None else int(item.due_at_ms),
        mqtt_clients=item.mqtt_clients or (),
        pairing_told_at_ms=None if item.pairing_told_at_ms is None else int(item.pairing_told_at_ms),
    )


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _item(device: Device) -> DeviceItem:
    return DeviceItem(
        device_id=device.device_id,
        device_uid=device.device_uid,
        owner_id=device.owner_id,
        name=device.name,
        created_at_ms=device.created_at_ms,
        keys=device.keys,
        ports=device.ports,
        retention=device.retention,
    )


def load(device_id: str) -> Device | None:
    """The device of this public id, None if there is none."""
    try:
        return _device(DeviceItem.get(device_id, consistent_read=True))
    except DeviceItem.DoesNotExist:
        return None


LISTED = (
    "device_id",
    "device_uid",
    "owner_id",
    "name",
    "created_at_ms",
    "online",
    "last_seen_ms",
    "previous_seen_ms",
    "sensors",
    "sensors_at_ms",
    "ports",
    "presence",
    "agent",
    "retention",
)
"""What a list shows: a thousand devices are decoded a third faster without the rest."""


def of_owner(owner_id: str, *more: str) -> list[Device]:
    """All devices of a person (at most 1,000), by id, without their keys; with more attributes than a list shows."""
    return [_device(item) for item in DeviceItem.by_owner.query(owner_id, attributes_to_get=[*LISTED, *more])]


def some_of_owner(owner_id: str, most: int) -> tuple[list[Device], bool]:
    """Up to so many devices of a person, by id, without their keys; and whether these are all."""
    found = DeviceItem.by_owner.query(owner_id, limit=most + 1, attributes_to_get=list(LISTED))
    devices = [_device(item) for item in found]
    return devices[:most], len(devices) <= most


def calls_of_owner(owner_id: str) -> list[Calls]:
    """When each of a person's devices last called."""
    names = ["device_id", "last_seen_ms", "previous_seen_ms"]
    return [
        Calls(item["device_id"]["S"], _plain_ms(item, "last_seen_ms"), _plain_ms(item, "previous_seen_ms"))
        for item in DeviceItem.plain(owner_id, ByOwner.Meta.index_name, names)
    ]


def _plain_ms(item: Mapping[str, Mapping[str, str]], name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None


def last_calls(device_ids: Iterable[str]) -> dict[str, int | None]:
    """When each of these devices last called (epoch ms, None for never); those that are gone are left out."""
    found = DeviceItem.batch_get(list(device_ids), attributes_to_get=["device_id", "last_seen_ms"])
    return {item.device_id: None if item.last_seen_ms is None else int(item.last_seen_ms) for item in found}


def load_some(device_ids: Sequence[str]) -> list[Device]:
    """Devices in the order of these ids, without their keys; those that are gone are left out."""
    found = {item.device_id: _device(item) for item in DeviceItem.batch_get(device_ids, attributes_to_get=list(LISTED))}
    return [found[device_id] for device_id in device_ids if device_id in found]


def put_new(write: Transaction, device: Device) -> None:
    """Add to a transaction: a new device, unless its id is taken."""
    write.save(_item(device), condition=DeviceItem.device_id.does_not_exist())


def put_keys(write: Transaction, device: Device, keys: Keys, name: str | None = None) -> None:
    """Add to a transaction: these keys, and a name, unless the device or its keys have changed since it was read."""
    actions: list[Action] = [DeviceItem.keys.set(keys)]
    if name is not None:
        actions.append(DeviceItem.name.set(name))
    item = DeviceItem(device_id=device.device_id)
    write.update(item, actions=actions, condition=_same(device) & (DeviceItem.keys == device.keys))


def put_pairing_told(write: Transaction, device: Device, now_ms: int) -> None:
    """Add to a transaction: its owner is told of a pairing, unless somebody else does that since it was read."""
    known = DeviceItem.pairing_told_at_ms
    as_it_was = known.does_not_exist() if device.pairing_told_at_ms is None else known == device.pairing_told_at_ms
    item = DeviceItem(device_id=device.device_id)
    write.update(item, actions=[known.set(now_ms)], condition=_same(device) & as_it_was)


def remove(device: Device) -> bool:
    """Forget a device, so that its key is dead at once; False when it has changed hands meanwhile."""
    return DeviceItem(device_id=device.device_id).delete_if(_same(device))


def remove_all(devices: Iterable[Device]) -> None:
    """Forget many devices, in batches."""
    with DeviceItem.batch_write() as batch:
        for device in devices:
            batch.delete(DeviceItem(device_id=device.device_id))


def save_name(device: Device, name: str) -> bool:
    """Rename; False when the device has changed hands meanwhile."""
    return _update(device, [DeviceItem.name.set(name)])


def save_retention(device: Device, retention: Retention) -> bool:
    """Store how long raw readings are kept; False when the device has changed hands meanwhile."""
    return _update(device, [DeviceItem.retention.set(retention)])


def save_keys(device: Device, keys: Keys) -> bool:
    """Store new keys; False when the device or its keys have changed meanwhile."""
    return _update(device, [DeviceItem.keys.set(keys)], DeviceItem.keys == device.keys)


def save_mqtt_clients(device: Device, client_ids: tuple[str, ...]) -> bool:
    """Remember MQTT client ids; False when the device or these have changed meanwhile."""
    known = DeviceItem.mqtt_clients
    as_they_were = known == device.mqtt_clients if device.mqtt_clients else known.does_not_exist()
    return _update(device, [known.set(client_ids)], as_they_were)


def save_sensors(device: Device, values: Mapping[str, float], at_ms: int) -> bool:
    """Remember the newest values of free sensors; False when newer ones are known already.

    Values of the time that is known replace those that were read.
    """
    newer = DeviceItem.sensors_at_ms.does_not_exist() | (DeviceItem.sensors_at_ms < at_ms)
    if device.sensors_at_ms == at_ms and device.sensors is not None:
        newer |= (DeviceItem.sensors_at_ms == at_ms) & (DeviceItem.sensors == dict(device.sensors))
    actions = [DeviceItem.sensors.set(dict(values)), DeviceItem.sensors_at_ms.set(at_ms)]
    return _update(device, actions, newer)


def touch(device: Device, presence: Presence, now_ms: int) -> bool:
    """Remember that a device called, and when it may fall due; False when it has changed hands or state meanwhile."""
    return _update(device, _call(device, presence, now_ms), _as_it_was(device))


def put_touch(write: Transaction, device: Device, presence: Presence, now_ms: int) -> None:
    """Add to a transaction: what touch does, with this presence."""
    condition = _same(device) & _as_it_was(device)
    write.update(DeviceItem(device_id=device.device_id), actions=_call(device, presence, now_ms), condition=condition)


def _call(device: Device, presence: Presence, now_ms: int) -> list[Action]:
    return [
        DeviceItem.last_seen_ms.set(now_ms),
        *([] if device.last_seen_ms is None else [DeviceItem.previous_seen_ms.set(device.last_seen_ms)]),
        DeviceItem.online.set(True),
        DeviceItem.presence.set(presence),
        DeviceItem.due_shard.set(shard(device.device_id)),
        DeviceItem.due_at_ms.set(due_entry_ms(device.due_at_ms, now_ms, presence)),
    ]


def _as_it_was(device: Device) -> Condition:
    """Nobody has noted a call or a silence since the device was read."""
    seen = DeviceItem.last_seen_ms
    unseen = seen.does_not_exist() if device.last_seen_ms is None else seen == device.last_seen_ms
    condition: Condition = unseen & (DeviceItem.online == device.online)
    return condition


def due(due_shard: str, now_ms: int) -> Iterator[str]:
    """The ids of devices in one shard whose next call is late, if not too late yet; reads only those."""
    for item in DeviceItem.by_due.query(due_shard, DeviceItem.due_at_ms <= now_ms):
        yield item.device_id


def put_offline(write: Transaction, device: Device, presence: Presence, due_ms: int | None) -> None:
    """Add to a transaction: the device is offline, with this presence, unless it has called since it was read.

    due_ms is when it is to be looked at again, None for not at all.
    """
    due = (
        [DeviceItem.due_shard.remove(), DeviceItem.due_at_ms.remove()]
        if due_ms is None
        else [DeviceItem.due_shard.set(shard(device.device_id)), DeviceItem.due_at_ms.set(due_ms)]
    )
    write.update(
        DeviceItem(device_id=device.device_id),
        actions=[DeviceItem.online.set(False), DeviceItem.presence.set(presence), *due],
        condition=_same(device) & _as_it_was(device),
    )


def put_agent(write: Transaction, device: Device, agent: AgentReport) -> None:
    """Add to a transaction: what the Pi said of itself, unless it said something else since it was read."""
    write.update(
        DeviceItem(device_id=device.device_id),
        actions=[DeviceItem.agent.set(agent)],
        condition=_same(device) & _agent_as_it_was(device),
    )


def save_agent(device: Device, agent: AgentReport) -> bool:
    """Store what the Pi said of itself; False when it said something else since it was read."""
    return _update(device, [DeviceItem.agent.set(agent)], _agent_as_it_was(device))


def _agent_as_it_was(device: Device) -> Condition:
    unsaid = DeviceItem.agent.does_not_exist()
    condition: Condition = unsaid if device.agent == AgentReport() else DeviceItem.agent == device.agent
    return condition


def put_ports(write: Transaction, device: Device, ports: tuple[PortName, ...]) -> None:
    """Add to a transaction: the device's ports, unless somebody else changed them since it was read."""
    write.update(
        DeviceItem(device_id=device.device_id),
        actions=[DeviceItem.ports.set(ports), DeviceItem.ports_version.set(device.ports_version + 1)],
        condition=_same(device) & (DeviceItem.ports_version == device.ports_version),
    )


def _same(device: Device) -> Condition:
    return DeviceItem.device_uid == device.device_uid


def _update(device: Device, actions: Sequence[Action], condition: Condition | None = None) -> bool:
    same = _same(device)
    return DeviceItem(device_id=device.device_id).update_if(
        actions=list(actions), condition=same if condition is None else same & condition
    )
