"""Examining what was stored, on the stream: the detector looks at it, and what follows is written and pushed.

All that one device's chunks lead to is one transaction with its state, so that a redelivered chunk, whose readings
lie behind the watermarks, changes nothing but the mark that the usage of its hours is to be computed. That is a second
step, for which no device's cut waits.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.core import telemetry
from chalicelib.core.deadlines import Deadline
from chalicelib.core.dynamo import Transaction, retry_conflicts
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.detection import phantom_event_store as phantom_events
from chalicelib.detection import silence
from chalicelib.detection import store as states
from chalicelib.detection.detector import step_detector
from chalicelib.detection.effects import FollowUp, follow_up, with_silence
from chalicelib.detection.outlet_status import is_off
from chalicelib.detection.port_state import DeviceState, PortState
from chalicelib.devices import store as device_store
from chalicelib.energy import dirty_hours
from chalicelib.energy.roll_up import roll_up
from chalicelib.notifications import outbox as notify
from chalicelib.ports import store as port_store
from chalicelib.ports.model import Port
from chalicelib.readings.model import (
    LATE_MS,
    MAX_AHEAD_MS,
    Chunk,
    Columns,
    MeterReading,
    SensorLog,
    merged,
    merged_sensors,
)
from chalicelib.realtime import commands
from chalicelib.realtime import publisher as live

LOG = logging.getLogger("ghostwatt.examine")
ROLL_UP_SECONDS = 1.0
"""Of one run of the stream, for all its devices: the next batch waits for it. The schedule computes what is left."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One device's records are examined; what is left is to compute the usage of its hours.

    Attributes:
        ports: The device's outlets.
        state: Its state as it is stored now; None if nothing has changed.
        errors: What went wrong at single ports.
    """

    ports: Sequence[Port] = ()
    state: DeviceState | None = None
    errors: ErrorCollector = field(default_factory=lambda: ErrorCollector(LOG))

    def roll_up(self, deadline: Deadline, now_ms: int) -> None:
        """Compute the hours that are due while there is time; then raise what went wrong at a port, if anything did."""
        if self.state is not None:
            roll_up(self.ports, self.state, deadline, now_ms)
        self.errors.raise_first()


def examine(chunks: Sequence[Chunk], now_ms: int) -> None:
    """Take stored chunks of one device into the state of its ports, act on it, and compute its usage.

    Raises what `detect` raises, and what went wrong at a port when all is done for the others.
    """
    detect(chunks, now_ms).roll_up(Deadline(ROLL_UP_SECONDS), now_ms)


def detect(chunks: Sequence[Chunk], now_ms: int) -> Examined:
    """Take stored chunks of one device, in the order of storing, into the state of its ports, and act on it.

    Raises Unavailable when it cannot be written now; the same chunks may be given again.
    """
    return retry_conflicts(lambda: _detect(chunks, now_ms), "This device's state keeps changing.")


def _detect(chunks: Sequence[Chunk], now_ms: int) -> Examined | None:
    """None when somebody else has changed the state meanwhile."""
    device_uid = chunks[0].device_uid
    before = states.load(device_uid)
    ports = {port.port_id: port for port in port_store.of_device(device_uid)}
    errors = ErrorCollector(LOG)  # one outlet's trouble must not keep the device's others from being watched
    looks = _look_at_all(ports, before, chunks, errors, now_ms)
    looks |= _silent(ports, before, looks, now_ms)
    known = {port_id: state for port_id, state in before.ports.items() if port_id in ports}
    after = replace(
        before,
        ports=known | {port_id: look.state for port_id, look in looks.items()},
        dirty_hours=dirty_hours.mark(
            before.dirty_hours,
            [chunk for chunk in chunks if chunk.ports.keys() & ports.keys()],
            now_ms,
            _counted_hours(chunks, before, [port_id for port_id, look in looks.items() if look.state.is_counted]),
        ),
    )
    if after == before:
        return Examined(errors=errors)
    if not _write(after, [(ports[port_id], look) for port_id, look in looks.items()]):
        return None
    _push([(ports[port_id], look) for port_id, look in looks.items()], before)
    return Examined(list(ports.values()), replace(after, version=after.version + 1), errors)


def _look_at_all(
    ports: Mapping[str, Port], before: DeviceState, chunks: Sequence[Chunk], errors: ErrorCollector, now_ms: int
) -> dict[str, FollowUp]:
    """What follows at each port by its id; those that cannot be examined are left out."""
    looks: dict[str, FollowUp] = {}
    for port_id, columns in merged(chunks).items():
        if port_id in ports:
            with errors.collect(f"examining port {telemetry.hashed(port_id)}"):
                looks[port_id] = _look(ports[port_id], before.ports.get(port_id, PortState()), columns, now_ms)
    return looks


def _silent(
    ports: Mapping[str, Port], before: DeviceState, looks: Mapping[str, FollowUp], now_ms: int
) -> dict[str, FollowUp]:
    """What follows at outlets that have sent nothing for long, by the newest readings of the device's others."""
    known = {port_id: state for port_id, state in before.ports.items() if port_id in ports}
    followed = {port_id: FollowUp(state) for port_id, state in known.items()} | dict(looks)
    heard_ms = max((each.state.detector.watermark_ms for each in followed.values()), default=0)
    if now_ms - heard_ms > LATE_MS:
        return {}
    return {
        port_id: with_silence(ports[port_id], each, heard_ms, now_ms)
        for port_id, each in followed.items()
        if silence.begins_ms(each.state, heard_ms) is not None
    }


def _counted_hours(chunks: Sequence[Chunk], before: DeviceState, port_ids: Sequence[str]) -> set[int]:
    """The hours of gaps that counters fill, as far as they change."""
    found: set[int] = set()
    for port_id in port_ids:
        newest_ms = before.ports.get(port_id, PortState()).detector.watermark_ms
        found |= dirty_hours.counted_gap_hours(chunks, port_id, newest_ms)
    return found


def _look(port: Port, before: PortState, columns: Columns, now_ms: int) -> FollowUp:
    detector = before.detector
    if detector.watermark_ms > now_ms + MAX_AHEAD_MS:
        detector = detector.learned()  # our own clock was ahead: until then all readings would pass for old ones
    before = replace(before, detector=detector, is_counted=before.is_counted or columns.is_counted)
    newest_ms = before.detector.watermark_ms
    if columns.times_ms[-1] <= newest_ms:
        return FollowUp(before)
    new_times_ms = columns.times_ms[bisect_right(columns.times_ms, newest_ms) :]
    latest_ms = None if before.latest is None else before.latest.at_ms
    pace_ms = silence.learned(before.pace_ms, latest_ms, new_times_ms)
    watts = [milliwatts / 1_000 for milliwatts in columns.milliwatts]
    detector, verdict = step_detector(before.detector, port.rule, columns.times_ms, watts)
    newest = MeterReading(
        columns.times_ms[-1], columns.millivolts[-1] / 1_000, columns.milliamps[-1] / 1_000, watts[-1]
    )
    heard = replace(before, detector=detector, latest=newest, pace_ms=pace_ms, silent_since_ms=None)
    heard = replace(heard, status="off" if is_off(port.relay, heard) else verdict.status)
    return follow_up(port, heard, verdict, now_ms)


def _write(after: DeviceState, looks: Sequence[tuple[Port, FollowUp]]) -> bool:
    if not any(look.event or look.progress or look.notification for _, look in looks):
        return states.save(after)
    write = Transaction()
    states.put(write, after)
    for port, look in looks:
        if look.event:
            phantom_events.put(write, look.event)
        if look.relay:
            port_store.put_cut(write, port, look.relay)
        if look.notification:
            notify.put(write, look.notification)
        for progress in look.progress:
            phantom_events.put_progress(write, port.owner_id, progress.event_id, progress.outcome, progress.ended_at_ms)
    return write.commit()


def _push(looks: Sequence[tuple[Port, FollowUp]], before: DeviceState) -> None:
    messages: list[live.Message] = []
    for port, look in looks:
        known = before.ports.get(port.port_id, PortState())
        after = replace(port, relay=look.relay or port.relay)
        if look.state.latest != known.latest:
            messages.append(live.reading_message(after, look.state))
        has_turned = look.state.silent_since_ms != known.silent_since_ms
        if look.relay or look.event or look.progress or has_turned:
            messages.append(live.port_message(after, look.state))
        if look.notification:
            messages.append(notify.message(look.notification))
    if looks:
        live.push(looks[0][0].owner_id, messages)
    if switched := [port for port, look in looks if look.relay]:
        commands.send_relays(switched[0])
    if cuts := [port.port_id for port, look in looks if look.event and look.event.action == "auto_cut"]:
        telemetry.measure({"Cuts": len(cuts)}, ports=cuts)


def examine_sensors(log: SensorLog) -> None:
    """Show the newest values of a device's free sensors; older ones only stay in its history.

    A log that grew is examined again: its records may come in any order, and each adds what is missing.
    """
    device = device_store.load(log.device_id)
    if device is None or device.device_uid != log.device_uid:
        return
    is_more = device.sensors is not None and device.sensors_at_ms == log.at_ms
    values = merged_sensors(device.sensors or {}, log.values) if is_more else log.values
    if is_more and values == device.sensors:
        return
    if device_store.save_sensors(device, values, log.at_ms):
        live.push(log.owner_id, [live.sensor_message(replace(log, values=values))])
