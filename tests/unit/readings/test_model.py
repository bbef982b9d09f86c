"""Which times are believed, and how readings become chunks."""

from __future__ import annotations

import random
import zlib
from array import array
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.accounts.retention import Retention
from chalicelib.core.times import DAY_MS
from chalicelib.readings.chunk_codec import Unreadable, pack, unpack
from chalicelib.readings.model import (
    MAX_AHEAD_MS,
    MAX_CHUNK_MS,
    MAX_HELD_MS,
    REACH_MS,
    Chunk,
    Columns,
    by_port,
    merged,
    rebase_ms,
    refusal,
    runs,
)

NOW = 1_700_000_000_000


@dataclass(frozen=True)
class Reading:
    port_id: str = "p"
    timestamp_ms: int = 0
    voltage: float | None = 230.0
    current: float | None = 0.1
    power: float = 3.2
    energy: float | None = None
    held_ms: int = 0


def chunk(stored_at_ms: int, columns: Columns) -> Chunk:
    return Chunk("uid", "dev", "owner", f"c{stored_at_ms}", stored_at_ms, {"p": columns})


def test_clocks_are_compared_only_past_thirty_seconds() -> None:
    assert rebase_ms(NOW - 30_000, NOW) == 0
    assert rebase_ms(NOW - 30_001, NOW) == 30_001
    assert rebase_ms(NOW + 3_600_000, NOW) == -3_600_000


def test_future_and_forgotten_times_are_not_believed() -> None:
    assert refusal(NOW + MAX_AHEAD_MS, NOW, Retention()) is None
    assert refusal(NOW + MAX_AHEAD_MS + 1, NOW, Retention()) == "in_future"
    assert refusal(NOW - 30 * DAY_MS, NOW, Retention()) is None
    assert refusal(NOW - 30 * DAY_MS - 1, NOW, Retention()) == "too_old"


@given(st.permutations([Reading(timestamp_ms=at_ms, power=float(at_ms)) for at_ms in range(20)]))
def test_shuffled_readings_are_the_same_columns(shuffled: list[Reading]) -> None:
    columns = by_port((reading.timestamp_ms, reading) for reading in shuffled)["p"]
    assert columns.times_ms == list(range(20))
    assert columns.milliwatts == [1_000 * at_ms for at_ms in range(20)]


def test_the_first_stored_stands_first_among_equals() -> None:
    first, second = Columns([5], [1_000], [0], [0]), Columns([1, 5], [7, 9_000], [0, 0], [0, 0])
    assert merged([chunk(1, first), chunk(2, second)])["p"].milliwatts == [7, 1_000, 9_000]


@given(st.lists(st.integers(0, 24 * 3_600_000), min_size=1, max_size=60))
def test_runs_are_short_whole_and_in_order(times: list[int]) -> None:
    cut = runs([(at_ms, Reading()) for at_ms in times])
    assert [at_ms for run in cut for at_ms, _ in run] == sorted(times)
    assert all(run[-1][0] - run[0][0] <= MAX_CHUNK_MS for run in cut)
    assert len(cut) <= 97


@given(st.lists(st.tuples(st.integers(0, 4 * 3_600_000), st.integers(0, MAX_HELD_MS)), min_size=1, max_size=60))
def test_a_chunk_with_all_that_held_until_its_readings_reaches_half_an_hour_at_most(
    held: list[tuple[int, int]],
) -> None:
    sent = [(NOW + at_ms, Reading("p", 0, held_ms=held_ms)) for at_ms, held_ms in held]
    chunks = [chunk(NOW, by_port(run)["p"]) for run in runs(sent)]
    assert [at_ms for stored in chunks for at_ms in stored.ports["p"].times_ms] == sorted(at_ms for at_ms, _ in sent)
    assert all(stored.last_ms - stored.first_ms <= REACH_MS for stored in chunks)
    assert min(stored.first_ms for stored in chunks) == min(at_ms - reading.held_ms for at_ms, reading in sent)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=20),
        st.lists(
            st.tuples(
                st.integers(0, 86_400_000),
                st.floats(0, 25_000),
                st.none() | st.floats(0, 500),
                st.none() | st.floats(0, 100),
                st.none() | st.floats(0, 1e9),
                st.just(0) | st.integers(0, MAX_HELD_MS),
            ),
            min_size=1,
            max_size=40,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_columns_come_back_from_their_bytes(
    ports: dict[str, list[tuple[int, float, float | None, float | None, float | None, int]]],
) -> None:
    columns = by_port(
        (NOW + at_ms, Reading(port_id, 0, volts, amps, watts, energy, held_ms))
        for port_id, rows in ports.items()
        for at_ms, watts, volts, amps, energy, held_ms in rows
    )
    assert unpack(pack(columns)) == columns


def test_a_chunk_in_which_nothing_held_has_the_bytes_of_the_release_before() -> None:
    columns = {"p": Columns([NOW, NOW + 2_000], [3_200, 3_201], [230_000, 230_001], [14, 15])}
    counted = {"p": Columns([NOW, NOW + 2_000], [3_200, 3_201], [230_000, 230_001], [14, 15], [7_000, None])}
    assert (pack(columns).hex(), pack(counted).hex()) == BEFORE_HELD
    assert [unpack(bytes.fromhex(stored)) for stored in BEFORE_HELD] == [columns, counted]


@pytest.mark.parametrize("counts", [[], [7, -1]])
def test_bytes_stored_in_an_older_format_are_still_read(counts: list[int]) -> None:
    steps = array("I", [2_000]).tobytes()
    figures = [array("I", [number, number + 1]).tobytes() for number in (3_200, 230_000, 14)]
    parts = (NOW, steps, *figures, array("q", counts).tobytes()) if counts else (NOW, steps, *figures)
    stored = (b"\x02" if counts else b"\x01") + zlib.compress(msgspec.msgpack.encode({"p": parts}))
    expected = Columns([NOW, NOW + 2_000], [3_200, 3_201], [230_000, 230_001], [14, 15], [7, None] if counts else [])
    assert unpack(stored) == {"p": expected}
    assert unpack(pack({"p": expected})) == {"p": expected}


BEFORE_HELD = (
    "0378016b5c583075ca790606c6eef34f3318ceb25f6064987296a78111489d63606e2a0031f880c401004e600d84",
    "0378016b5c583075ca790606c6eef34f3318ceb25f6064987296a78111489d63606e2a0031f840c459e9888b4f9633320000cbc510f5",
)
"""Chunks of release 0.2.0: without and with a counter."""
SHORT = b"\x03" + zlib.compress(msgspec.msgpack.encode({"p": ([NOW], [1], [1], [1])}))
"""Columns that lack most of what they should be."""


@pytest.mark.parametrize("stored", [b"", b"\x09", b"\x01", b"\x01no zlib", b"\x02" + zlib.compress(b"\xc1"), SHORT])
def test_bytes_that_are_no_columns_are_one_error(stored: bytes) -> None:
    with pytest.raises(Unreadable):
        unpack(stored)


def test_a_minute_of_four_ports_is_five_and_a_half_bytes_a_reading_however_noisy() -> None:
    noise = random.Random(1)  # noqa: S311 - a meter's noise, no secret
    columns = by_port(
        (NOW + step * 2_000 + noise.randrange(20), _noisy(port, noise)) for step in range(30) for port in "abcd"
    )
    assert len(pack(columns)) <= 5.5 * 120


def _noisy(port: str, noise: random.Random) -> Reading:
    volts, watts = round(noise.gauss(230, 1), 1), round(noise.gauss(90, 2), 1)
    return Reading(f"0123456789abcdef0123-00000{port}", 0, volts, round(watts / volts, 3), watts)
