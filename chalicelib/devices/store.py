"""Storage of devices: one item each, by public id; indexes by owner and by due time (presence_store.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import msgspec
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.accounts.retention import Retention
from chalicelib.core.dynamo import DataAttribute, Item, Transaction, table_name
from chalicelib.core.read_cache import ReadCache
from chalicelib.devices.liveness import Presence
from chalicelib.devices.model import AgentReport, Calls, Device, Keys, PortName

Plain = Mapping[str, Mapping[str, Any]]
"""An item as DynamoDB sends it. Models of a thousand items take longer to make than to read."""
Data = TypeVar("Data")


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


class StoredDevice(NamedTuple):
    """A device of a long list: when it called, and a function that decodes the rest."""

    calls: Calls
    decode: Callable[[], Device]


class FewDevices(NamedTuple):
    """Some devices of a person, and whether the person has no others."""

    devices: list[Device]
    are_all: bool


def load_device(device_id: str) -> Device | None:
    """The device of a public id; None if there is none."""
    return _cached_device(device_id)


def _read_device(device_id: str) -> Device | None:
    try:
        return _device(DeviceItem.get(device_id, consistent_read=True))
    except DeviceItem.DoesNotExist:
        return None


_cached_device = ReadCache(DeviceItem.Meta.table_name, _read_device)


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
"""The attributes that a list shows: a thousand devices are decoded a third faster without the others."""


def load_devices_of_owner(owner_id: str, *more_attributes: str) -> list[Device]:
    """All devices of a person (at most 1,000), by id, with the attributes of a list and these more."""
    return [
        _device(item) for item in DeviceItem.by_owner.query(owner_id, attributes_to_get=[*LISTED, *more_attributes])
    ]


def load_few_devices_of_owner(owner_id: str, most: int) -> FewDevices:
    """Up to `most` devices of a person, by id, with the attributes of a list."""
    items = DeviceItem.by_owner.query(owner_id, limit=most + 1, attributes_to_get=list(LISTED))
    devices = [_device(item) for item in items]
    return FewDevices(devices[:most], are_all=len(devices) <= most)


def load_calls_of_owner(owner_id: str) -> list[Calls]:
    """The last calls of each of a person's devices, without reading the devices whole."""
    names = ["device_id", "last_seen_ms", "previous_seen_ms"]
    return [_calls(item) for item in DeviceItem.plain(owner_id, ByOwner.Meta.index_name, names)]


def load_stored_devices_of_owner(owner_id: str) -> dict[str, StoredDevice]:
    """All devices of a person by id, with the attributes of a list; whoever shows one decodes it."""
    items = DeviceItem.plain(owner_id, ByOwner.Meta.index_name, LISTED)
    return {item["device_id"]["S"]: StoredDevice(_calls(item), partial(_listed, item)) for item in items}


def _calls(item: Plain) -> Calls:
    return Calls(item["device_id"]["S"], _plain_ms(item, "last_seen_ms"), _plain_ms(item, "previous_seen_ms"))


def _plain_ms(item: Plain, name: str) -> int | None:
    return int(item[name]["N"]) if "N" in item.get(name, ()) else None


def _listed(item: Plain) -> Device:
    """A device with the attributes of a list, as _device makes it of a whole item."""
    return Device(
        device_id=item["device_id"]["S"],
        device_uid=item["device_uid"]["S"],
        owner_id=item["owner_id"]["S"],
        name=item["name"]["S"],
        created_at_ms=int(item["created_at_ms"]["N"]),
        online=item["online"]["BOOL"],
        last_seen_ms=_plain_ms(item, "last_seen_ms"),
        previous_seen_ms=_plain_ms(item, "previous_seen_ms"),
        sensors=_data(item, "sensors", dict[str, float], None),
        sensors_at_ms=_plain_ms(item, "sensors_at_ms"),
        ports=_data(item, "ports", tuple[PortName, ...], ()),
        presence=_data(item, "presence", Presence, Presence()),
        agent=_data(item, "agent", AgentReport, AgentReport()),
        retention=_data(item, "retention", Retention, Retention()),
    )


def _data(item: Plain, name: str, data_type: type[Data], missing: Data) -> Data:
    return msgspec.json.decode(item[name]["S"], type=data_type) if "S" in item.get(name, ()) else missing


def load_last_calls(device_ids: Iterable[str]) -> dict[str, int | None]:
    """When each device last called (epoch ms, None for never), by id; unknown ids are left out."""
    items = DeviceItem.batch_get(list(device_ids), attributes_to_get=["device_id", "last_seen_ms"])
    return {item.device_id: None if item.last_seen_ms is None else int(item.last_seen_ms) for item in items}


def load_devices(device_ids: Sequence[str]) -> list[Device]:
    """Devices in the order of their ids, with the attributes of a list; unknown ids are left out."""
    found = {item["device_id"]["S"]: item for item in DeviceItem.plain_by_hash_keys(device_ids, LISTED)}
    return [_listed(found[device_id]) for device_id in device_ids if device_id in found]


def put_new_device(write: Transaction, device: Device) -> None:
    """Add a new device to a transaction, on the condition that its id is free."""
    write.save(_item(device), condition=DeviceItem.device_id.does_not_exist())


def put_device_keys(write: Transaction, device: Device, keys: Keys, name: str | None = None) -> None:
    """Add new keys and a name to a transaction, on the condition that the keys are as they were read."""
    actions: list[Action] = [DeviceItem.keys.set(keys)]
    if name is not None:
        actions.append(DeviceItem.name.set(name))
    item = DeviceItem(device_id=device.device_id)
    write.update(item, actions=actions, condition=same_device(device) & (DeviceItem.keys == device.keys))


def put_pairing_notice(write: Transaction, device: Device, now_ms: int) -> None:
    """Add the time of a notice about a pairing to a transaction, on the condition that there was none since."""
    told = DeviceItem.pairing_told_at_ms
    as_it_was = told.does_not_exist() if device.pairing_told_at_ms is None else told == device.pairing_told_at_ms
    item = DeviceItem(device_id=device.device_id)
    write.update(item, actions=[told.set(now_ms)], condition=same_device(device) & as_it_was)


def delete_device(device: Device) -> bool:
    """Delete a device: its key is invalid at once. False when it has a new owner since it was read."""
    return DeviceItem(device_id=device.device_id).delete_if(same_device(device))


def delete_devices(devices: Iterable[Device]) -> None:
    """Delete many devices, in batches."""
    with DeviceItem.batch_write() as batch:
        for device in devices:
            batch.delete(DeviceItem(device_id=device.device_id))


def save_device_name(device: Device, name: str) -> bool:
    """Store a name; False when the device has a new owner since it was read."""
    return update_device(device, [DeviceItem.name.set(name)])


def save_device_retention(device: Device, retention: Retention) -> bool:
    """Store how long raw readings are kept; False when the device has a new owner since it was read."""
    return update_device(device, [DeviceItem.retention.set(retention)])


def save_device_keys(device: Device, keys: Keys) -> bool:
    """Store new keys; False when the device or its keys changed since it was read."""
    return update_device(device, [DeviceItem.keys.set(keys)], DeviceItem.keys == device.keys)


def save_mqtt_clients(device: Device, client_ids: tuple[str, ...]) -> bool:
    """Store MQTT client ids; False when the device or its client ids changed since it was read."""
    stored = DeviceItem.mqtt_clients
    as_they_were = stored == device.mqtt_clients if device.mqtt_clients else stored.does_not_exist()
    return update_device(device, [stored.set(client_ids)], as_they_were)


def save_latest_sensors(device: Device, values: Mapping[str, float], at_ms: int) -> bool:
    """Store the newest values of custom sensors; False when newer ones are stored already.

    Values of the same time replace those that were read.
    """
    newer = DeviceItem.sensors_at_ms.does_not_exist() | (DeviceItem.sensors_at_ms < at_ms)
    if device.sensors_at_ms == at_ms and device.sensors is not None:
        newer |= (DeviceItem.sensors_at_ms == at_ms) & (DeviceItem.sensors == dict(device.sensors))
    actions = [DeviceItem.sensors.set(dict(values)), DeviceItem.sensors_at_ms.set(at_ms)]
    return update_device(device, actions, newer)


def put_device_ports(write: Transaction, device: Device, ports: tuple[PortName, ...]) -> None:
    """Add the ports of a device to a transaction, on the condition that they are as they were read."""
    write.update(
        DeviceItem(device_id=device.device_id),
        actions=[DeviceItem.ports.set(ports), DeviceItem.ports_version.set(device.ports_version + 1)],
        condition=same_device(device) & (DeviceItem.ports_version == device.ports_version),
    )


def same_device(device: Device) -> Condition:
    """The condition that a device has the owner with whom it was read."""
    return DeviceItem.device_uid == device.device_uid


def update_device(device: Device, actions: Sequence[Action], condition: Condition | None = None) -> bool:
    """Update a device; False when it has a new owner since it was read, or another condition does not hold."""
    same = same_device(device)
    return DeviceItem(device_id=device.device_id).update_if(
        actions=list(actions), condition=same if condition is None else same & condition
    )
