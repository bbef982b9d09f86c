"""The raw readings of a port, read back page by page. Expired readings are not shown.

A reading belongs to a span of time if any of the time that it held does: the last ones may end after the span.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.core.times import HOUR_MS
from chalicelib.devices.service import get_owned_device
from chalicelib.ports.model import Port
from chalicelib.ports.service import get_owned_port
from chalicelib.readings.model import MAX_HELD_MS, REACH_MS, Columns, MeterReading, from_thousandths, merged
from chalicelib.readings.store import load_next_chunk_ms, load_overlapping_chunks

MOST_LOADS = 48
"""Stretches of raw readings loaded for one page: where there are few, a page ends before it is full."""


class RawPage(NamedTuple):
    """Raw readings, oldest first, and the time from which the next page goes on (None at the end)."""

    readings: list[MeterReading]
    next_ms: int | None


@dataclass(frozen=True, slots=True)
class RecordedPort:
    """A port, and the time from which its raw readings are shown (epoch ms)."""

    port: Port
    oldest_raw_ms: int


def get_recorded_port(owner_id: str, port_id: str, now_ms: int) -> RecordedPort:
    """Load a person's own port for its history. Raises NotFound."""
    port = get_owned_port(owner_id, port_id)
    return RecordedPort(port, get_owned_device(owner_id, port.device_id).retention.oldest_ms(now_ms))


def load_raw_readings(of: RecordedPort, first_ms: int, last_ms: int, limit: int) -> RawPage:
    """At most `limit` raw readings of a port between two times, both included; of one time the first stored."""
    at_ms, until_ms = max(first_ms, of.oldest_raw_ms), last_ms + MAX_HELD_MS + 1
    found: list[MeterReading] = []
    length_ms = 0
    for _ in range(MOST_LOADS):
        if not length_ms:
            begins_ms = load_next_chunk_ms(of.port.device_uid, at_ms)
            at_ms, length_ms = max(at_ms, (begins_ms or 0) - REACH_MS), HOUR_MS
            if begins_ms is None:
                return RawPage(found, None)
        if at_ms >= until_ms:
            return RawPage(found, None)
        end_ms = min(at_ms + length_ms, until_ms)
        more = _raw_between(of.port, at_ms, end_ms, last_ms)
        found += more
        if len(found) > limit:
            return RawPage(found[:limit], found[limit].at_ms)
        at_ms, length_ms = end_ms, HOUR_MS if more else 0
    return RawPage(found, at_ms if at_ms < until_ms else None)


def _raw_between(port: Port, first_ms: int, end_ms: int, last_ms: int) -> list[MeterReading]:
    """The readings between two times, the end excluded, without those that began to hold after last_ms."""
    chunks = load_overlapping_chunks(port.device_uid, first_ms, min(end_ms - 1, last_ms))
    columns = merged(chunks).get(port.port_id, Columns())
    shown: list[MeterReading] = []
    for at_ms, milliwatts, millivolts, milliamps, _, held_ms in columns.rows():
        is_between = first_ms <= at_ms < end_ms and at_ms - held_ms <= last_ms
        if is_between and (not shown or shown[-1].at_ms != at_ms):
            volts, amps = from_thousandths(millivolts), from_thousandths(milliamps)
            shown.append(MeterReading(at_ms, volts, amps, milliwatts / 1_000, held_ms))
    return shown
