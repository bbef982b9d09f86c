"""Backtest: what a rule would have done to a port's past, a bounded page at a time; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.core.times import DAY_MS
from chalicelib.detection import backtest_cursor
from chalicelib.detection.backtest import Backtest, Cut
from chalicelib.ports.model import Port, Rule
from chalicelib.readings.model import MAX_AHEAD_MS
from chalicelib.readings.store import load_chunk_page

CHUNKS_A_PAGE = 1_500
"""About a day of a device that uploads each minute: a page takes a few seconds."""
CHUNKS_A_READ = 100


@dataclass(frozen=True, slots=True)
class BacktestPage:
    """What one page found: the cuts that ended in it (on the last also the one that stands), and where to go on."""

    cuts: Sequence[Cut]
    readings: int
    read_until_ms: int | None
    cursor: str | None


def run_backtest_page(port: Port, rule: Rule, days: int, cursor: str | None, now_ms: int) -> BacktestPage:
    """Replay a page of the port's stored readings of the last days under a rule. Raises Invalid (cursor)."""
    test, position = backtest_cursor.load(cursor, rule) if cursor else (Backtest(rule), None)
    first_ms, read_until_ms = now_ms - days * DAY_MS, None
    for _ in range(CHUNKS_A_PAGE // CHUNKS_A_READ):
        chunks, position = load_chunk_page(port.device_uid, first_ms, now_ms + MAX_AHEAD_MS, CHUNKS_A_READ, position)
        for chunk in chunks:
            if port.port_id in chunk.ports:
                test.take(chunk.ports[port.port_id])
            read_until_ms = chunk.last_ms
        if position is None:
            break
    standing = [test.standing] if test.standing and position is None else []
    after = backtest_cursor.pack(test, position) if position else None
    return BacktestPage([*test.ended, *standing], test.readings, read_until_ms, after)
