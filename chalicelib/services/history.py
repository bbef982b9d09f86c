"""What was recorded, read back: raw readings of a port, logs of free sensors. What has expired is never shown."""

from __future__ import annotations

from chalicelib.domain.devices import Device
from chalicelib.domain.ports import Port
from chalicelib.domain.readings import MAX_CHUNK_MS, RETENTION_MS, Columns, SensorLog, merged
from chalicelib.domain.states import Latest
from chalicelib.storage import readings as store

CHUNKS_A_PAGE = 50


def of_sensors(
    device: Device, first_ms: int, last_ms: int, limit: int, cursor: str | None, now_ms: int
) -> tuple[list[SensorLog], str | None]:
    """A page of sensor logs between two times, oldest first, and the cursor to go on."""
    oldest_ms = max(first_ms, now_ms - RETENTION_MS)
    if last_ms < oldest_ms:
        return [], None
    return store.sensor_page(device.device_uid, oldest_ms, last_ms, limit, cursor)


def of_port(
    port: Port, first_ms: int, last_ms: int, cursor: str | None, now_ms: int
) -> tuple[list[Latest], str | None]:
    """A page of a port's raw readings between two times, by chunk and then by time, and the cursor to go on.

    Of two readings of one time the first stored is shown.
    """
    oldest_ms = max(first_ms, now_ms - RETENTION_MS)
    if last_ms < oldest_ms:
        return [], None
    chunks, after = store.page(port.device_uid, oldest_ms, last_ms + MAX_CHUNK_MS, CHUNKS_A_PAGE, cursor)
    columns = merged(chunks).get(port.port_id, Columns())
    shown: list[Latest] = []
    rows = zip(columns.times_ms, columns.millivolts, columns.milliamps, columns.milliwatts, strict=True)
    for at_ms, millivolts, milliamps, milliwatts in rows:
        if oldest_ms <= at_ms <= last_ms and (not shown or shown[-1].at_ms != at_ms):
            shown.append(Latest(at_ms, millivolts / 1_000, milliamps / 1_000, milliwatts / 1_000))
    return shown, after
