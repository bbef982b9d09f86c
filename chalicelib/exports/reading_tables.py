"""The readings of an export: a table for each outlet and UTC day, loaded an hour of a device at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chalicelib.core.times import DAY_MS, HOUR_MS, iso
from chalicelib.devices.model import Device
from chalicelib.exports.archive import Archive, Row, Table
from chalicelib.readings import store
from chalicelib.readings.model import MAX_CHUNK_MS, Columns, merged

READING_COLUMNS = {
    "timestamp": "when it was measured, ISO 8601, UTC",
    "timestampMs": "the same as milliseconds since 1970-01-01T00:00:00Z",
    "voltage": "volts",
    "current": "amperes",
    "power": "watts",
    "energy": "watt-hours on the meter's own counter; empty where it has none",
}


def add_readings(archive: Archive, device: Device, first_ms: int, last_ms: int, now_ms: int) -> None:
    """Add what the outlets of a device measured between two times, both included; of one time the first stored.

    Outlets that have been deleted since are in it, as long as their readings are kept.
    """
    tables: dict[str, Table] = {}
    day_ms = 0
    for begin_ms, by_port in _hours(device, max(first_ms, device.retention.oldest_ms(now_ms)), last_ms):
        archive.check_time()
        if begin_ms // DAY_MS * DAY_MS != day_ms:
            _close(archive, tables)
            day_ms = begin_ms // DAY_MS * DAY_MS
        for port_id, rows in by_port.items():
            if port_id not in tables:
                tables[port_id] = archive.new_table(f"readings/{port_id}/{iso(day_ms)[:10]}", READING_COLUMNS)
            tables[port_id].add(rows)
    _close(archive, tables)


def _close(archive: Archive, tables: dict[str, Table]) -> None:
    for table in tables.values():
        archive.close_table(table)
    tables.clear()


def _hours(device: Device, first_ms: int, last_ms: int) -> Iterator[tuple[int, Mapping[str, list[Row]]]]:
    """Hour by hour, when it begins and the rows of each port; hours without a reading are left out."""
    at_ms = first_ms
    while at_ms <= last_ms:
        chunk_ms = store.next_chunk_ms(device.device_uid, at_ms)
        if chunk_ms is None:
            return
        at_ms = max(at_ms, chunk_ms - MAX_CHUNK_MS)
        end_ms = (at_ms // HOUR_MS + 1) * HOUR_MS
        chunks = store.overlapping(device.device_uid, at_ms, end_ms - 1)
        rows = {port_id: _rows(columns, at_ms, min(end_ms, last_ms + 1)) for port_id, columns in merged(chunks).items()}
        yield at_ms, {port_id: found for port_id, found in rows.items() if found}
        at_ms = end_ms


def _rows(columns: Columns, first_ms: int, end_ms: int) -> list[Row]:
    found: list[Row] = []
    before_ms = -1
    figures = (columns.times_ms, columns.millivolts, columns.milliamps, columns.milliwatts, columns.milliwatt_hours)
    for at_ms, millivolts, milliamps, milliwatts, count in zip(*figures, strict=True):
        if first_ms <= at_ms < end_ms and at_ms != before_ms:
            energy = None if count is None else count / 1_000
            found.append((iso(at_ms), at_ms, millivolts / 1_000, milliamps / 1_000, milliwatts / 1_000, energy))
            before_ms = at_ms
    return found
