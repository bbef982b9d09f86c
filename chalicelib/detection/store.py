"""What is known of all ports of a device, packed into one item, so that a request costs one write."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

import msgspec
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.core.due_index import shard
from chalicelib.core.dynamo import Item, Transaction, table_name
from chalicelib.core.read_cache import ReadCache
from chalicelib.detection.detector_state import State
from chalicelib.detection.model import Outcome, Status
from chalicelib.detection.port_state import DeviceState, PortState
from chalicelib.energy import dirty_hours
from chalicelib.ports.model import Port
from chalicelib.readings.model import MeterReading


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """A PortState in MessagePack; a new field goes at the end, with a default."""

    detector: bytes
    status: Status
    latest: tuple[int, float | None, float | None, float] | None
    open_event_id: str | None
    outcome: Outcome | None
    always_on: bool = False
    is_counted: bool = False
    contradicted_version: int | None = None
    silent_since_ms: int | None = None
    pace_ms: float | None = None
    latest_held_ms: int = 0
    tells_held: bool = False


ZLIB = b"\x78"
"""How zlib's bytes begin. States stored before they were deflated are a MessagePack map, which never begins so."""
LEVEL = 1
"""zlib's fastest: four outlets that have learnt are 1.8 KB, and 0.7 KB deflated, which is one write unit, not two."""
_DECODER = msgspec.msgpack.Decoder(dict[str, _Packed])
_NOTHING_LEARNT = State()
_HOURS = msgspec.msgpack.Decoder(dict[int, int])


class ByDue(GlobalSecondaryIndex["StateItem"]):
    class Meta:
        index_name = "by_due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_at_ms = NumberAttribute(range_key=True)
    device_uid = UnicodeAttribute()


class StateItem(Item):
    class Meta:
        table_name = table_name("states")

    device_uid = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    ports = BinaryAttribute(legacy_encoding=False)
    dirty_hours = BinaryAttribute(legacy_encoding=False, null=True)
    due_shard = UnicodeAttribute(null=True)
    due_at_ms = NumberAttribute(null=True)
    by_due = ByDue()


def _state(item: StateItem) -> DeviceState:
    ports = {port_id: _unpack(packed) for port_id, packed in _ports(item.ports).items()}
    hours = _HOURS.decode(item.dirty_hours) if item.dirty_hours else {}
    return DeviceState(item.device_uid, int(item.version), ports, hours)


def _ports(stored: bytes) -> dict[str, _Packed]:
    return _DECODER.decode(zlib.decompress(stored) if stored[:1] == ZLIB else stored)


def _unpack(packed: _Packed) -> PortState:
    return _port_state(packed, State.unpack(packed.detector))


def _port_state(packed: _Packed, detector: State) -> PortState:
    latest = None if packed.latest is None else MeterReading(*packed.latest, packed.latest_held_ms)
    return PortState(
        detector,
        packed.status,
        latest,
        packed.open_event_id,
        packed.outcome,
        packed.always_on,
        packed.is_counted,
        packed.contradicted_version,
        packed.silent_since_ms,
        packed.pace_ms,
        packed.tells_held,
    )


def _pack(state: PortState) -> _Packed:
    newest = state.latest
    latest = None if newest is None else (newest.at_ms, newest.voltage, newest.current, newest.power)
    return _Packed(
        state.detector.pack(),
        state.status,
        latest,
        state.open_event_id,
        state.outcome,
        state.always_on,
        state.is_counted,
        state.contradicted_version,
        state.silent_since_ms,
        state.pace_ms,
        0 if newest is None else newest.held_ms,
        state.tells_held,
    )


def _item(state: DeviceState) -> StateItem:
    packed = msgspec.msgpack.encode({port_id: _pack(port) for port_id, port in state.ports.items()})
    packed_hours = msgspec.msgpack.encode(state.dirty_hours) if state.dirty_hours else None
    due_at_ms = dirty_hours.due_at_ms(state.dirty_hours)
    return StateItem(
        state.device_uid,
        version=state.version + 1,
        ports=zlib.compress(packed, LEVEL),
        dirty_hours=packed_hours,
        due_shard=None if due_at_ms is None else shard(state.device_uid),
        due_at_ms=due_at_ms,
    )


def load_device_state(device_uid: str) -> DeviceState:
    """The state of a device; an empty one (version 0) if nothing was stored yet."""
    return _cached_state(device_uid)


def _read_state(device_uid: str) -> DeviceState:
    try:
        return _state(StateItem.get(device_uid, consistent_read=True))
    except StateItem.DoesNotExist:
        return DeviceState(device_uid)


_cached_state = ReadCache(StateItem.Meta.table_name, _read_state)


def load_port_state(port: Port) -> PortState:
    """Load the state of one port; an empty one before its first reading."""
    return load_device_state(port.device_uid).ports.get(port.port_id, PortState())


def load_device_states(device_uids: Iterable[str]) -> dict[str, DeviceState]:
    """The states of many devices, a hundred a call; those without one are left out."""
    return {item.device_uid: _state(item) for item in StateItem.batch_get(list(device_uids))}


def load_shown_states(device_uids: Iterable[str]) -> dict[str, DeviceState]:
    """As load_device_states, but without what the detectors have learnt, and without hours: for long lists."""
    items = StateItem.plain_by_hash_keys(device_uids, ["device_uid", "version", "ports"])
    return {
        item["device_uid"]["S"]: DeviceState(
            item["device_uid"]["S"],
            int(item["version"]["N"]),
            {port_id: _port_state(packed, _NOTHING_LEARNT) for port_id, packed in _ports(item["ports"]["B"]).items()},
        )
        for item in items
    }


def load_due_devices(due_shard: str, now_ms: int) -> Iterator[str]:
    """The uids of devices in one shard whose usage nothing else has computed; reads only those."""
    for item in StateItem.by_due.query(due_shard, StateItem.due_at_ms <= now_ms):
        yield item.device_uid


def save_device_state(state: DeviceState) -> bool:
    """Store the state as the next version; False when somebody else stored one since it was read."""
    return _item(state).save_if(_unchanged(state))


def put_device_state(write: Transaction, state: DeviceState) -> None:
    """Add to a transaction: the state as the next version, unless somebody else stored one since it was read."""
    write.save(_item(state), condition=_unchanged(state))


def delete_device_state(device_uid: str) -> None:
    """Forget the state of a device."""
    StateItem(device_uid, version=0, ports=b"").delete()


def _unchanged(state: DeviceState) -> Condition:
    return StateItem.device_uid.does_not_exist() if state.version == 0 else StateItem.version == state.version
