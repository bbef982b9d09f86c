from __future__ import annotations

import lzma
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.meters.replay import KEPT_GAP_SECONDS, Replay, ReplayError, compressed_seconds


class Impatient(threading.Event):
    """A stop that nobody waits for: a replay's stamps do not depend on the waiting."""

    def wait(self, _timeout: float | None = None) -> bool:
        return self.is_set()


def recording(path: Path, samples: Sequence[tuple[float, float]]) -> Path:
    text = "t_seconds,power_w\n" + "".join(f"{seconds},{watts}\n" for seconds, watts in samples)
    path.write_bytes(lzma.compress(text.encode()) if path.suffix == ".xz" else text.encode())
    return path


def played(replay: Replay) -> list[Measurement]:
    return [measurement for moment in replay.measurements(Impatient()) for measurement in moment]


def test_every_reading_is_sent_that_much_closer_together(tmp_path: Path) -> None:
    file = recording(tmp_path / "a.csv", [(0, 46.0), (5, 2.1), (15, 2.3)])
    before = now_ms()
    readings = played(Replay([file], speed=10))
    start = readings[0].timestamp_ms
    assert before <= start <= now_ms()
    assert [(r.timestamp_ms - start, r.power) for r in readings] == [(0, 46.0), (500, 2.1), (1500, 2.3)]
    assert (readings[0].voltage, readings[0].current) == (230.0, 0.2)


def test_readings_fall_due_in_wall_time(tmp_path: Path) -> None:
    file = recording(tmp_path / "a.csv", [(0, 1.0), (100, 2.0)])
    late = [now_ms() - m[-1].timestamp_ms for m in Replay([file], speed=200).measurements(threading.Event())]
    assert len(late) == 2
    assert all(-60 <= milliseconds <= 400 for milliseconds in late)


@pytest.mark.parametrize(
    ("recorded", "speed", "compressed"),
    [
        (5, 1, 5),
        (5, 1000, 0.005),
        (120, 1000, 0.12),
        (121, 1000, 125),
        (3600, 700, 125),
        (3600, 2, 1800),
        (121, 1, 125),
    ],
)
def test_a_gap_stays_a_gap_whatever_the_speed(recorded: float, speed: float, compressed: float) -> None:
    assert compressed_seconds(recorded, speed) == compressed


def test_a_gap_shows_in_the_stamps(tmp_path: Path) -> None:
    file = recording(tmp_path / "a.csv", [(0, 1.0), (5, 1.0), (1000, 1.0), (1005, 1.0)])
    apart = [(b.timestamp_ms - a.timestamp_ms) / 1000 for a, b in pairwise(played(Replay([file], speed=500)))]
    assert apart == [0.01, KEPT_GAP_SECONDS, 0.01]


def test_stamps_of_an_outlet_never_repeat_even_at_the_highest_speed(tmp_path: Path) -> None:
    file = recording(tmp_path / "a.csv", [(index * 0.1, 1.0) for index in range(2000)])
    stamps = [reading.timestamp_ms for reading in played(Replay([file], speed=1000))]
    assert len(set(stamps)) == 2000
    assert stamps == sorted(stamps)


def test_an_outlet_that_is_off_sends_nothing_but_zero(tmp_path: Path) -> None:
    file = recording(tmp_path / "a.csv", [(t, 90.0) for t in range(0, 400, 100)])
    replay = Replay([file], speed=1)
    moments = replay.measurements(Impatient())
    assert next(moments)[0].power == 90.0
    replay.relays.switch(1, "off")
    (dead,) = list(moments)[-1]
    assert (dead.power, dead.current) == (0.0, 0.0)


def test_files_are_channels_in_order_and_play_at_once_compressed_or_not(tmp_path: Path) -> None:
    files = [
        recording(tmp_path / "a.csv", [(0, 1.0), (10, 2.0)]),
        recording(tmp_path / "b.csv.xz", [(0, 3.0), (5, 4.0)]),
    ]
    readings = played(Replay(files, first_channel=4))
    assert [(r.channel, r.power) for r in readings] == [(4, 1.0), (5, 3.0), (5, 4.0), (4, 2.0)]


def test_a_slice_starts_and_ends_within_the_recording(tmp_path: Path) -> None:
    file = recording(tmp_path / "a.csv", [(hour * 3600, float(hour)) for hour in range(10)])
    assert [r.power for r in played(Replay([file], from_hours=2, hours=3))] == [2.0, 3.0, 4.0]
    with pytest.raises(ReplayError, match="no readings in the chosen hours"):
        played(Replay([file], from_hours=11))


def test_recorded_volts_and_amps_are_used(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("t_seconds,power_w,voltage_v,current_a\n0,46,228.5,0.25\n")
    (reading,) = played(Replay([file]))
    assert (reading.voltage, reading.current, reading.power) == (228.5, 0.25, 46.0)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("t_seconds,power_w\n0,1\n5,many\n", "line 3"),
        ("t_seconds,power_w\n5,1\n5,1\n", "line 3.*not after"),
        ("seconds,watts\n0,1\n", "t_seconds|power_w"),
        ("t_seconds,power_w\n0\n", "line 2"),
        ("", "no readings"),
    ],
)
def test_a_bad_recording_is_named_with_its_line(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(ReplayError, match=f"bad.csv.*{named}"):
        played(Replay([file]))


def test_what_is_no_archive_or_not_there_is_an_error_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv.xz").write_text("plain")
    for name in ("a.csv.xz", "missing.csv"):
        with pytest.raises(ReplayError, match=name):
            played(Replay([tmp_path / name]))


def test_more_files_than_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="1 to 32"):
        Replay([tmp_path / "a", tmp_path / "b"], first_channel=32)
