"""Detection on the stream: take stored readings into the state of their outlets, and decide what follows.

The state of a device and everything that follows from its readings are one transaction. A chunk that comes again only
marks the usage of its hours to be computed: its readings lie behind the watermarks. Detection returns domain events and
waits for nobody who acts on them (entrypoints/subscribers.py).
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.core import telemetry
from chalicelib.core.dynamo import Transaction, retry_conflicts
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.core.event_bus import Event
from chalicelib.detection import outlet_silence, phantom_event_store
from chalicelib.detection.cut_decisions import Effects, effects_of, with_silence
from chalicelib.detection.detector import step_detector
from chalicelib.detection.domain_events import (
    HoursTouched,
    OutletSilenceChanged,
    PhantomFound,
    PhantomProgressed,
    PortCut,
    ReadingsTaken,
)
from chalicelib.detection.outlet_status import is_off
from chalicelib.detection.port_state import DeviceState, PortState
from chalicelib.detection.store import load_device_state, put_device_state, save_device_state
from chalicelib.energy import dirty_hours
from chalicelib.notifications.model import NotificationAdded
from chalicelib.notifications.outbox import enqueue_notification
from chalicelib.ports.model import Port
from chalicelib.ports.store import load_ports_of_device, put_cut
from chalicelib.readings.model import LATE_MS, MAX_AHEAD_MS, Chunk, Columns, MeterReading, from_thousandths, merged

LOG = logging.getLogger("ghostwatt.examine")


@dataclass(frozen=True, slots=True)
class Detection:
    """What the readings of one device led to; all of it is stored.

    Attributes:
        events: What happened, for subscribers.
        errors: What went wrong at single outlets.
    """

    events: Sequence[Event] = ()
    errors: ErrorCollector = field(default_factory=lambda: ErrorCollector(LOG))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """An outlet as it was before, and what follows from the readings there."""

    port: Port
    before: PortState
    effects: Effects


def detect(chunks: Sequence[Chunk], now_ms: int) -> Detection:
    """Take stored chunks of one device into the state of its outlets, and decide what follows.

    Args:
        chunks: The chunks, in the order in which they were stored; they may come again.
        now_ms: The current time, epoch ms.

    Raises:
        Unavailable: The state cannot be written now; the same chunks may be given again.
    """
    return retry_conflicts(lambda: _detect(chunks, now_ms), "This device's state keeps changing.")


def _detect(chunks: Sequence[Chunk], now_ms: int) -> Detection | None:
    """None when somebody else has changed the state meanwhile."""
    device_uid = chunks[0].device_uid
    before = load_device_state(device_uid)
    ports = {port.port_id: port for port in load_ports_of_device(device_uid)}
    errors = ErrorCollector(LOG)
    outcomes = _outcomes_of_readings(ports, before, chunks, errors, now_ms)
    outcomes |= _outcomes_of_silence(ports, before, outcomes, now_ms)
    kept = {port_id: state for port_id, state in before.ports.items() if port_id in ports}
    after = replace(
        before,
        ports=kept | {port_id: outcome.effects.state for port_id, outcome in outcomes.items()},
        dirty_hours=dirty_hours.mark(
            before.dirty_hours,
            [chunk for chunk in chunks if chunk.ports.keys() & ports.keys()],
            now_ms,
            _further_hours(chunks, outcomes),
        ),
    )
    if after == before:
        return Detection(errors=errors)
    stored = _store(after, list(outcomes.values()))
    if stored is None:
        return None
    touched = HoursTouched(chunks[0].owner_id, list(ports.values()), replace(after, version=after.version + 1), now_ms)
    return Detection([*stored, touched], errors)


def _outcomes_of_readings(
    ports: Mapping[str, Port], before: DeviceState, chunks: Sequence[Chunk], errors: ErrorCollector, now_ms: int
) -> dict[str, _Outcome]:
    """The outcome at each outlet by port id. An error at one outlet is collected and does not stop the others."""
    outcomes: dict[str, _Outcome] = {}
    for port_id, columns in merged(chunks).items():
        if port_id in ports:
            with errors.collect(f"examining port {telemetry.hashed(port_id)}"):
                port, state = ports[port_id], before.ports.get(port_id, PortState())
                outcomes[port_id] = _Outcome(port, state, _effects_of_readings(port, state, columns, now_ms))
    return outcomes


def _outcomes_of_silence(
    ports: Mapping[str, Port], before: DeviceState, outcomes: Mapping[str, _Outcome], now_ms: int
) -> dict[str, _Outcome]:
    """The outcome at outlets that have sent nothing for long, by the newest readings of the device's others."""
    silent_or_not = {
        port_id: _Outcome(ports[port_id], state, Effects(state))
        for port_id, state in before.ports.items()
        if port_id in ports
    } | dict(outcomes)
    heard_ms = max((outcome.effects.state.detector.watermark_ms for outcome in silent_or_not.values()), default=0)
    if now_ms - heard_ms > LATE_MS:
        return {}
    return {
        port_id: replace(outcome, effects=with_silence(outcome.port, outcome.effects, heard_ms, now_ms))
        for port_id, outcome in silent_or_not.items()
        if outlet_silence.begins_ms(outcome.effects.state, heard_ms) is not None
    }


def _further_hours(chunks: Sequence[Chunk], outcomes: Mapping[str, _Outcome]) -> set[int]:
    """The hours outside of the chunks that change: gaps that counters fill, and what held until later readings."""
    hours: set[int] = set()
    for port_id, outcome in outcomes.items():
        state, newest_ms = outcome.effects.state, outcome.before.detector.watermark_ms
        if state.is_counted:
            hours |= dirty_hours.counted_gap_hours(chunks, port_id, newest_ms)
        if state.tells_held:
            hours |= dirty_hours.clipped_hours(chunks, port_id, newest_ms)
    return hours


def _effects_of_readings(port: Port, before: PortState, columns: Columns, now_ms: int) -> Effects:
    detector = before.detector
    if detector.watermark_ms > now_ms + MAX_AHEAD_MS:
        detector = detector.learned()  # our own clock was ahead: until then all readings would pass for old ones
    before = replace(
        before,
        detector=detector,
        is_counted=before.is_counted or columns.is_counted,
        tells_held=before.tells_held or any(columns.held_ms),
    )
    newest_ms = before.detector.watermark_ms
    if columns.times_ms[-1] <= newest_ms:
        return Effects(before)
    new = slice(bisect_right(columns.times_ms, newest_ms), None)
    latest_ms = None if before.latest is None else before.latest.at_ms
    pace_ms = outlet_silence.learn_pace(before.pace_ms, latest_ms, columns.times_ms[new], columns.held_ms[new])
    watts = [milliwatts / 1_000 for milliwatts in columns.milliwatts]
    detector, verdict = step_detector(before.detector, port.rule, columns.times_ms, watts, columns.held_ms)
    newest = _newest(columns)
    heard = replace(before, detector=detector, latest=newest, pace_ms=pace_ms, silent_since_ms=None)
    heard = replace(heard, status="off" if is_off(port.relay, heard) else verdict.status)
    return effects_of(port, heard, verdict, now_ms)


def _newest(columns: Columns) -> MeterReading:
    volts, amps = from_thousandths(columns.millivolts[-1]), from_thousandths(columns.milliamps[-1])
    return MeterReading(columns.times_ms[-1], volts, amps, columns.milliwatts[-1] / 1_000, columns.held_ms[-1])


def _store(after: DeviceState, outcomes: Sequence[_Outcome]) -> list[Event] | None:
    """Store the state and its effects as one.

    Returns:
        What happened; None when the state or an outlet has changed meanwhile.
    """
    if not any(outcome.effects.writes_more_than_state for outcome in outcomes):
        if not save_device_state(after):
            return None
        return [event for outcome in outcomes for event in _events(outcome)]
    write = Transaction()
    put_device_state(write, after)
    events: list[Event] = []
    for outcome in outcomes:
        port, effects = outcome.port, outcome.effects
        if effects.event:
            phantom_event_store.put_phantom_event(write, effects.event)
        if effects.relay:
            put_cut(write, port, effects.relay)
        for progress in effects.progress:
            phantom_event_store.put_progress(
                write, port.owner_id, progress.event_id, progress.outcome, progress.ended_at_ms
            )
        events += _events(outcome)
        if effects.notification:
            events.append(NotificationAdded(enqueue_notification(write, effects.notification)))
    return events if write.commit() else None


def _events(outcome: _Outcome) -> Iterator[Event]:
    effects, before = outcome.effects, outcome.before
    port, state = replace(outcome.port, relay=effects.relay or outcome.port.relay), effects.state
    if state.latest != before.latest:
        yield ReadingsTaken(port, state)
    if effects.event:
        yield PhantomFound(port, state, effects.event)
    if effects.relay:
        yield PortCut(port, state)
    if effects.progress:
        yield PhantomProgressed(port, state)
    if state.silent_since_ms != before.silent_since_ms:
        yield OutletSilenceChanged(port, state)
