"""Creating ports, and finding a person's own."""

from __future__ import annotations

import secrets
from dataclasses import replace

from chalicelib.core.dynamo import Transaction, retry_conflicts
from chalicelib.core.errors import not_found
from chalicelib.core.event_bus import publish
from chalicelib.devices.model import Device, PortName
from chalicelib.devices.service import get_owned_device
from chalicelib.devices.store import put_device_ports
from chalicelib.ports.model import Policy, Port, PortChanged, free_channel, make_port_id
from chalicelib.ports.store import load_port, put_port

BUSY = "Somebody else is changing this; try again."


def create_port(owner_id: str, device_id: str, wanted: Port, wanted_channel: int | None) -> Port:
    """Add an outlet to a person's device. `wanted` carries what the person chose; ids and channel come from here.

    Raises NotFound (device), Conflict: channel_taken, too_many_ports.
    """
    return retry_conflicts(lambda: _create(get_owned_device(owner_id, device_id), wanted, wanted_channel), BUSY)


def _create(device: Device, wanted: Port, wanted_channel: int | None) -> Port | None:
    port = replace(
        wanted,
        port_id=make_port_id(device.device_uid, secrets.token_hex(3)),
        device_uid=device.device_uid,
        device_id=device.device_id,
        owner_id=device.owner_id,
        channel=free_channel((known.channel for known in device.ports), wanted_channel),
    )
    write = Transaction()
    put_port(write, port)
    put_device_ports(write, device, (*device.ports, name_of_port(port)))
    if not write.commit():
        return None
    publish(PortChanged(port))
    return port


def get_owned_port(owner_id: str, port_id: str) -> Port:
    """A person's own port; raises NotFound for any other."""
    port = load_port(port_id)
    if port is None or port.owner_id != owner_id:
        raise not_found("port")
    return port


def name_of_port(port: Port) -> PortName:
    """What a device's item says of a port."""
    return PortName(port.port_id, port.name, port.channel)


def new_port(
    name: str,
    kind: str,
    threshold_watts: float | None,
    dwell_seconds: int | None,
    policy: Policy,
    never_cut: bool,
) -> Port:
    """A person's choices as a port that has no id yet."""
    return Port("", "", "", "", name, 0, kind, threshold_watts, dwell_seconds, policy, never_cut)
