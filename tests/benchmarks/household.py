"""Whom the bench measures with: people, devices with four ports, their readings, and long lists of devices."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from typing import Any

import msgspec

from chalicelib.accounts.retention import Retention
from chalicelib.core.dynamo import Transaction
from chalicelib.core.identifiers import new_id
from chalicelib.core.times import DAY_MS, MINUTE_MS
from chalicelib.detection import phantom_event_store
from chalicelib.detection.detector import step_detector
from chalicelib.detection.detector_state import State
from chalicelib.detection.model import PhantomEvent
from chalicelib.detection.port_state import DeviceState, PortState
from chalicelib.detection.store import save_device_state
from chalicelib.devices.model import Device, PortName
from chalicelib.devices.presence_store import save_call
from chalicelib.devices.store import load_device, put_new_device
from chalicelib.notifications import store as notifications
from chalicelib.notifications.model import Notification, time_ordered_id
from chalicelib.ports.model import Rule, device_uid_of, make_port_id
from chalicelib.readings.model import MAX_CHUNK_MS, Chunk, MeterReading, by_port
from chalicelib.readings.schemas import BatchReading
from chalicelib.readings.store import add_chunks, chunk_key
from tests.conftest import Device as Caller
from tests.conftest import Person, now_ms, reading

PORTS = 4
SAMPLE_MS = 2_000
USE_WATTS, STANDBY_WATTS = 87.3, 3.2
NOISE = 0.02
"""The standard deviation of an appliance's watts in use: that of the restless ones (a computer, a television)."""
CUT: dict[str, Any] = {"policy": "cut", "thresholdWatts": 10, "dwellSeconds": 0}


class Household:
    """A device with four ports and its readings of every two seconds, one after another in time from start_ms on.

    newest is the port and the time of the last one given out.
    """

    def __init__(self, person: Person, start_ms: int, **settings: Any) -> None:
        self.person = person
        self.device = person.device()
        self.port_ids = [person.port(self.device, f"Outlet {number}", **settings)["portId"] for number in range(PORTS)]
        self.device.call("POST", "/device/heartbeat")
        self._noise = random.Random(start_ms)  # noqa: S311 - a meter's noise, no secret
        self._mains = 230.0
        self._moments = self._samples(start_ms)
        self.newest = (self.port_ids[0], start_ms)

    def _samples(self, start_ms: int) -> Iterator[tuple[str, int]]:
        for due_ms in count(start_ms, SAMPLE_MS):
            for number, port in enumerate(self.port_ids):  # a meter says one outlet after another
                yield port, due_ms + 20 * number + self._noise.randrange(20)

    def readings(self, number: int, asleep: int = 0) -> list[dict[str, Any]]:
        """The next readings: in use, but the first `asleep` ports in standby, at wandering mains, as a meter rounds."""
        watts = dict.fromkeys(self.port_ids, USE_WATTS) | dict.fromkeys(self.port_ids[:asleep], STANDBY_WATTS)
        moments = list(islice(self._moments, number))
        self.newest = moments[-1]
        return [self._reading(port, at_ms, watts[port]) for port, at_ms in moments]

    def _reading(self, port: str, at_ms: int, watts: float) -> dict[str, Any]:
        self._mains = round(self._mains + self._noise.choice((-0.1, 0.0, 0.0, 0.1)), 1)
        power = round(self._noise.gauss(watts, watts * NOISE), 1)
        return reading(port, at_ms, power) | {"voltage": self._mains, "current": round(power / self._mains, 3)}

    def batch(self, number: int, asleep: int = 0) -> dict[str, Any]:
        """The next readings as the body of a new batch."""
        return {"batchId": secrets.token_hex(8), "sentAtMs": now_ms(), "readings": self.readings(number, asleep)}


def teach(household: Household, start_ms: int) -> None:
    """Let the detector have seen three days of each outlet before start_ms: what it has learnt fills its memory."""
    noise = random.Random(start_ms)  # noqa: S311 - a meter's noise, no secret
    taught = {port: _taught(start_ms, noise) for port in household.port_ids}
    if not save_device_state(DeviceState(device_uid_of(household.port_ids[0]), ports=taught)):
        raise LookupError(household.device.device_id)


def _taught(start_ms: int, noise: random.Random) -> PortState:
    """Six hours of use a day, a reading a minute."""
    use, standby = noise.uniform(20, 200), noise.uniform(1, 6)
    times = range(start_ms - 3 * DAY_MS, start_ms, MINUTE_MS)
    levels = (use if at_ms % DAY_MS < DAY_MS // 4 else standby for at_ms in times)
    detector, _ = step_detector(State(), Rule(), times, [noise.gauss(each, each / 10) for each in levels])
    return PortState(detector, "active", MeterReading(times[-1], 230.1, 0.38, use))


def fill_history(household: Household, readings_a_batch: int, span_ms: int = MAX_CHUNK_MS) -> list[Chunk]:
    """Have so long a time (as recording looks back for duplicates) stored in such batches; gives what was stored."""
    device = load_device(household.device.device_id)
    if device is None:
        raise LookupError(household.device.device_id)
    stored = []
    for _ in range(span_ms * PORTS // SAMPLE_MS // readings_a_batch):
        taken = msgspec.convert(household.readings(readings_a_batch), list[BatchReading])
        columns = by_port([(each.timestamp_ms, each) for each in taken])
        key = chunk_key(secrets.token_hex(8))
        chunk = Chunk(device.device_uid, device.device_id, device.owner_id, key, now_ms(), columns)
        if not add_chunks([chunk], Retention()):
            raise LookupError(key)
        stored.append(chunk)
    return stored


def silent_for(device_id: str, silent_ms: int, calls: int = 1) -> None:
    """Make it so that a device has called last so long ago, after so many calls a minute apart.

    The first of them enters it in the index of due devices anew.
    """
    for number in range(calls):
        device = load_device(device_id)
        if device is None:
            raise LookupError(device_id)
        known = device if number else replace(device, due_at_ms=None)
        if not save_call(known, known.presence, now_ms() - silent_ms - (calls - 1 - number) * MINUTE_MS):
            raise LookupError(device_id)


def fill_devices(owner_id: str, number: int) -> list[str]:
    """Give a person so many devices, online and with four ports that have been read; returns their ids."""
    return [_add_device(owner_id) for _ in range(number)]


def _add_device(owner_id: str) -> str:
    uid, at_ms = new_id(), now_ms()
    names = tuple(
        PortName(make_port_id(uid, f"{number:06x}"), f"Outlet {number}", number) for number in range(1, PORTS + 1)
    )
    device = Device(f"GW-{uid}", uid, owner_id, "Raspberry Pi", at_ms, ports=names)
    read = PortState(status="active", latest=MeterReading(at_ms, 230.1, 0.38, USE_WATTS))
    write = Transaction()
    put_new_device(write, device)
    if not (
        write.commit()
        and save_call(device, device.presence, at_ms)
        and save_device_state(DeviceState(uid, ports={name.port_id: read for name in names}))
    ):
        raise LookupError(device.device_id)
    return device.device_id


def fill_events(owner_id: str, household: Household, number: int) -> None:
    """Give a person so many phantom events (at most 50, a transaction), each with its notification."""
    write = Transaction()
    for event in islice(_events(owner_id, household), number):
        phantom_event_store.put_phantom_event(write, event)
        notifications.put_notification(write, _notification(event))
    if not write.commit():
        raise LookupError(owner_id)


def _events(owner_id: str, household: Household) -> Iterator[PhantomEvent]:
    port, device = household.port_ids[0], household.device.device_id
    for at_ms in count(now_ms(), -3_600_000):
        yield PhantomEvent(
            event_id=time_ordered_id(at_ms, port),
            owner_id=owner_id,
            port_id=port,
            port_name="Television",
            device_id=device,
            device_uid=port.partition("-")[0],
            detected_watts=STANDBY_WATTS,
            detected_at_ms=at_ms,
            started_at_ms=at_ms - 1_800_000,
            action="auto_cut",
            reason=f"{STANDBY_WATTS} W for 30 min, below 10 W",
            outcome="sent",
        )


def _notification(event: PhantomEvent) -> Notification:
    return Notification(
        notification_id=time_ordered_id(event.detected_at_ms, f"phantom-{event.port_id}"),
        owner_id=event.owner_id,
        kind="phantom",
        message=f"Phantom energy detected on {event.port_name}",
        at_ms=event.detected_at_ms,
        port_id=event.port_id,
        device_id=event.device_id,
    )


def owner_of(caller: Caller) -> str:
    """The id of the person whose device this is."""
    device = load_device(caller.device_id)
    if device is None:
        raise LookupError(caller.device_id)
    return device.owner_id
