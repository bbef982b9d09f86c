"""Storage of a device's presence: its calls and silences, the index by due time, and its agent's report."""

from __future__ import annotations

from collections.abc import Iterator

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.core.due_index import shard
from chalicelib.core.dynamo import Transaction
from chalicelib.devices.liveness import Presence, due_entry_ms
from chalicelib.devices.model import AgentReport, Device
from chalicelib.devices.store import DeviceItem, same_device, update_device


def save_call(device: Device, presence: Presence, now_ms: int) -> bool:
    """Store that a device called; False when another call, or silence, was stored since it was read."""
    return update_device(device, _call(device, presence, now_ms), _as_it_was(device))


def put_call(write: Transaction, device: Device, presence: Presence, now_ms: int) -> None:
    """Add to a transaction what save_call stores, on the same condition."""
    condition = same_device(device) & _as_it_was(device)
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
    """The condition that no call or silence was stored since the device was read."""
    seen = DeviceItem.last_seen_ms
    unseen = seen.does_not_exist() if device.last_seen_ms is None else seen == device.last_seen_ms
    condition: Condition = unseen & (DeviceItem.online == device.online)
    return condition


def load_due_device_ids(due_shard: str, now_ms: int) -> Iterator[str]:
    """The ids of the devices in one shard that the sweep has to check; only these are read."""
    for item in DeviceItem.by_due.query(due_shard, DeviceItem.due_at_ms <= now_ms):
        yield item.device_id


def put_offline(write: Transaction, device: Device, presence: Presence, due_ms: int | None) -> None:
    """Add to a transaction that a device is offline, on the condition that it has not called since it was read.

    `due_ms` is when the sweep checks it again; None for never.
    """
    due = (
        [DeviceItem.due_shard.remove(), DeviceItem.due_at_ms.remove()]
        if due_ms is None
        else [DeviceItem.due_shard.set(shard(device.device_id)), DeviceItem.due_at_ms.set(due_ms)]
    )
    write.update(
        DeviceItem(device_id=device.device_id),
        actions=[DeviceItem.online.set(False), DeviceItem.presence.set(presence), *due],
        condition=same_device(device) & _as_it_was(device),
    )


def put_agent_report(write: Transaction, device: Device, agent: AgentReport) -> None:
    """Add an agent's report to a transaction, on the condition that no other was stored since the device was read."""
    write.update(
        DeviceItem(device_id=device.device_id),
        actions=[DeviceItem.agent.set(agent)],
        condition=same_device(device) & _agent_as_it_was(device),
    )


def save_agent_report(device: Device, agent: AgentReport) -> bool:
    """Store an agent's report; False when another was stored since the device was read."""
    return update_device(device, [DeviceItem.agent.set(agent)], _agent_as_it_was(device))


def _agent_as_it_was(device: Device) -> Condition:
    missing = DeviceItem.agent.does_not_exist()
    condition: Condition = missing if device.agent == AgentReport() else DeviceItem.agent == device.agent
    return condition
