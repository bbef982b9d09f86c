"""What a person does with an outlet: list, change, delete, switch. If that ends a cut, its phantom event ends too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from chalicelib.core import telemetry
from chalicelib.core.dynamo import Transaction, retry_conflicts
from chalicelib.core.errors import Conflict
from chalicelib.core.event_bus import publish
from chalicelib.core.settings import settings
from chalicelib.detection import outlet_silence
from chalicelib.detection.event_endings import mark_port_removed, mark_undone
from chalicelib.detection.port_state import PortState
from chalicelib.detection.store import load_device_states, load_port_state
from chalicelib.devices.service import get_owned_device
from chalicelib.devices.store import load_last_calls, put_device_ports
from chalicelib.ports.model import Port, PortChanged, PortRemoved, free_channel
from chalicelib.ports.relay_commands import RelayState, switch_relay
from chalicelib.ports.service import BUSY, get_owned_port, name_of_port
from chalicelib.ports.store import load_ports_of_owner, put_port, put_relay


def list_ports(owner_id: str, limit: int, cursor: str | None) -> tuple[list[tuple[Port, PortState]], str | None]:
    """A page of a person's ports with what is known of each, and the cursor to go on."""
    ports, after = load_ports_of_owner(owner_id, limit, cursor)
    known = load_device_states({port.device_uid for port in ports})
    unknown = PortState()
    return [
        (port, known[port.device_uid].ports.get(port.port_id, unknown) if port.device_uid in known else unknown)
        for port in ports
    ], after


def load_heard_ms(shown: Iterable[Port]) -> dict[str, int | None]:
    """Up to when the readings of the devices of some ports have come, by device_id (see outlet_silence.py)."""
    seen_ms = load_last_calls({port.device_id for port in shown})
    return {
        device_id: outlet_silence.heard_ms(at_ms, settings().upload_seconds) for device_id, at_ms in seen_ms.items()
    }


def change_port(owner_id: str, port_id: str, changes: Callable[[Port], Port], now_ms: int) -> Port:
    """Apply a person's changes. Where the detector's cut no longer stands after them, it is undone.

    Raises NotFound, Conflict: channel_taken.
    """
    return retry_conflicts(lambda: _change(get_owned_port(owner_id, port_id), changes, now_ms), BUSY)


def _change(port: Port, changes: Callable[[Port], Port], now_ms: int) -> Port | None:
    changed = changes(port)
    device = get_owned_device(port.owner_id, port.device_id)
    others = [known for known in device.ports if known.port_id != port.port_id]
    free_channel((known.channel for known in others), changed.channel)
    restored = port.relay.cut_by_detector and not changed.may_be_cut
    if restored:
        changed = replace(changed, relay=switch_relay(port.relay, "on", now_ms))
    write = Transaction()
    put_port(write, changed, replacing=port)
    if name_of_port(changed) not in device.ports:
        put_device_ports(write, device, (*others, name_of_port(changed)))
    if restored:
        mark_undone(write, port, now_ms)
    if not write.commit():
        return None
    if restored:
        _measure_restore(port)
    return _publish_change(changed)


def _measure_restore(port: Port) -> None:
    if port.relay.cut_event_id is not None:
        telemetry.measure({"Restores": 1}, ports=[port.port_id])


def delete_port(owner_id: str, port_id: str, now_ms: int) -> None:
    """Forget an outlet; its phantom event ends, if one is open. Raises NotFound."""
    port = retry_conflicts(lambda: _delete(get_owned_port(owner_id, port_id), now_ms), BUSY)
    publish(PortRemoved(port))


def _delete(port: Port, now_ms: int) -> Port | None:
    device = get_owned_device(port.owner_id, port.device_id)
    write = Transaction()
    mark_port_removed(write, port, load_port_state(port), now_ms)
    put_device_ports(write, device, tuple(known for known in device.ports if known.port_id != port.port_id))
    return port if write.commit() else None


def switch_port(owner_id: str, port_id: str, state: RelayState, now_ms: int) -> Port:
    """A person's own command. Switching on undoes the detector's cut, which then leaves the outlet alone.

    Raises NotFound, Conflict: never_cut (a port so marked is not switched off by anyone).
    """
    return retry_conflicts(lambda: _switch(get_owned_port(owner_id, port_id), state, now_ms), BUSY)


def _switch(port: Port, state: RelayState, now_ms: int) -> Port | None:
    if state == "off" and port.never_cut:
        raise Conflict("This outlet is marked never-cut.", code="never_cut", field="state")
    relay = switch_relay(port.relay, state, now_ms)
    write = Transaction()
    put_relay(write, port, relay)
    if state == "on":
        mark_undone(write, port, now_ms)
    if not write.commit():
        return None
    if state == "on":
        _measure_restore(port)
    return _publish_change(replace(port, relay=relay))


def _publish_change(port: Port) -> Port:
    publish(PortChanged(port))
    return port
