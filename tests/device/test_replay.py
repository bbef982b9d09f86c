from __future__ import annotations

import gzip
import lzma
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.meters.recording import ReplayError
from ghostwatt_pi.meters.replay import KEPT_GAP_SECONDS, Replay, compressed_seconds

OUR_HISTORY = """timestamp,timestampMs,voltage,current,power\r
2026-01-01T00:00:00.000Z,1767225600000,230.1,0.3,61.5\r
2026-01-01T00:00:05.000Z,1767225605000,,,2.0\r
"""
HOME_ASSISTANT = """entity_id,state,last_changed
sensor.tv_power,61.5,2026-01-01T00:00:00.000Z
sensor.tv_power,2,2026-01-01T00:00:05.000Z
"""


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


def test_volts_and_amps_that_were_not_recorded_are_not_made_up(tmp_path: Path) -> None:
    (reading,) = played(Replay([recording(tmp_path / "a.csv", [(0, 46.0)])]))
    assert (reading.voltage, reading.current) == (None, None)
    (reading,) = played(Replay([written(tmp_path / "b.csv", "t_seconds,power_w,voltage_v\n0,46,228.5\n")]))
    assert (reading.voltage, reading.current) == (228.5, None)
    (reading,) = played(Replay([written(tmp_path / "c.csv", "timestampMs,power,voltage,current\n1000,46,,\n")]))
    assert (reading.voltage, reading.current) == (None, None)


def test_a_gap_of_the_recording_is_one_of_the_meter(tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", "t_seconds,power_w\n0,5\n5,unavailable\n10,5\n15,5\n")
    assert [reading.after_gap for reading in played(Replay([file]))] == [False, True, False]


def test_no_reading_comes_before_its_time(tmp_path: Path) -> None:
    file = recording(tmp_path / "a.csv", [(0, 1.0), (100, 2.0)])
    late = [now_ms() - m[-1].timestamp_ms for m in Replay([file], speed=200).measurements(threading.Event())]
    assert len(late) == 2
    assert all(milliseconds >= -60 for milliseconds in late)  # what is due within 50 ms comes together


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
    assert (dead.power, dead.current) == (0.0, None)  # the recording has no amps, and none are made up


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


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e400", "-1", "1_0", "0x1", "5 W", "1,234.5"])
@pytest.mark.parametrize("column", ["t_seconds", "power_w", "voltage_v", "current_a"])
def test_a_value_that_nobody_can_send_is_refused_with_file_line_column_and_value(
    tmp_path: Path, column: str, value: str
) -> None:
    if (column, value) == ("t_seconds", "-1"):
        pytest.skip("the time of a recording may begin before 0")
    row = {"t_seconds": "5", "power_w": "7", "voltage_v": "230", "current_a": "0.1", column: f'"{value}"'}
    text = f"{','.join(row)}\n0,5,230,0.1\n{','.join(row.values())}\n10,7,230,0.1\n"
    with pytest.raises(ReplayError, match="line 3") as caught:
        Replay([written(tmp_path / "x.csv", text)]).count()
    assert "x.csv" in str(caught.value)
    assert column in str(caught.value)
    assert value in str(caught.value)


@pytest.mark.parametrize("power", ["25001", "1e9"])
def test_a_value_that_no_outlet_has_is_refused(tmp_path: Path, power: str) -> None:
    with pytest.raises(ReplayError, match="from 0 to 25000"):
        Replay([written(tmp_path / "x.csv", f"t_seconds,power_w\n0,{power}\n")]).count()


@pytest.mark.parametrize(
    "text",
    [
        "t_seconds,power_w\n0,61.5\n5,2\n",
        "\ufefft_seconds,power_w\r\n0,61.5\r\n5,2\r\n",
        "t_seconds, power_w\n0, 61.5\n5, 2\n",
        " T_Seconds ,Power_W\n\n0,61.5\n\n5,2\n",
        "# made by hand\nt_seconds,power_w\n# noon\n0,61.5\n5,2\n",
        "t_seconds;power_w\n0;61.5\n5;2\n",
        "t_seconds;power_w\n0;61,5\n5,0;2,00\n",
        "t_seconds\tpower_w\n0\t61,5\n5\t2\n",
        't_seconds,power_w\n0,"61,5"\n5,2\n',
        "note,power_w,t_seconds\nx,61.5,0\ny,2,5\n",
        OUR_HISTORY,
        "timestampMs,power\n1767225600000,61.5\n1767225605000,2\n",
        "timestamp,power\n2026-01-01T00:00:00Z,61.5\n2026-01-01T01:00:05+01:00,2\n",
        HOME_ASSISTANT,
    ],
)
def test_a_recording_is_read_however_it_was_written(tmp_path: Path, text: str) -> None:
    readings = played(Replay([written(tmp_path / "x.csv", text)]))
    assert [reading.power for reading in readings] == [61.5, 2.0]
    assert readings[1].timestamp_ms - readings[0].timestamp_ms == 5000


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("entity,watts\n1,2\n", "line 1.*t_seconds and power_w.*this file has entity, watts"),
        ('t_seconds,power_w\n0,"1,234"\n', "line 2: power_w is '1,234'.*decimal"),
        ("t_seconds;power_w\n0;1.234,5\n", "line 2: power_w is '1.234,5'.*decimal"),
        ("t_seconds,power_w\n0,5\n5\n", "line 3: power_w is missing"),
        ("t_seconds,power_w\n", "has no readings$"),
        ("#\n\n", "has no readings$"),
        ("t_seconds,power_w\n# c\n\n0,x\n", "line 4: power_w is 'x'"),
        (b"\xff\xfet\x00_\x00", "not UTF-8"),
        ("timestamp,power\n31.01.2026 12:00,5\n", "line 2: timestamp is '31.01.2026 12:00'.*2026-01-31"),
        (
            "entity_id,state,last_changed\nsensor.a,1,2026-01-01T00:00:00Z\nsensor.b,1,2026-01-01T00:00:05Z\n",
            "line 3.*sensor.a and sensor.b",
        ),
    ],
)
def test_what_is_wrong_with_a_recording_is_a_sentence(tmp_path: Path, text: str | bytes, named: str) -> None:
    with pytest.raises(ReplayError, match=f"x.csv.*{named}"):
        Replay([written(tmp_path / "x.csv", text)]).count()


@pytest.mark.parametrize("state", ["unavailable", "unknown", ""])
def test_what_was_not_measured_is_a_gap(tmp_path: Path, state: str) -> None:
    lines = [(5, "sensor.tv", "60.5"), (10, "sensor.tv", state), (15, "sensor.tv", "2.5"), (20, "sensor.tv", "2.5")]
    text = "".join(f"{entity},{value},2026-01-01T00:00:{second:02}Z\n" for second, entity, value in lines)
    readings = played(Replay([written(tmp_path / "x.csv", "entity_id,state,last_changed\n" + text)], speed=10))
    assert [reading.power for reading in readings] == [60.5, 2.5, 2.5]
    assert [(b.timestamp_ms - a.timestamp_ms) / 1000 for a, b in pairwise(readings)] == [KEPT_GAP_SECONDS, 0.5]


@pytest.mark.parametrize(("name", "pack"), [("x.csv.xz", lzma.compress), ("x.csv.gz", gzip.compress)])
def test_an_archive_is_read_and_one_that_is_cut_off_or_damaged_is_said(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    text = "t_seconds,power_w\n" + "".join(f"{5 * n},{n % 90}.{n}\n" for n in range(5000))
    packed = pack(text.encode())
    assert Replay([written(tmp_path / name, packed)]).count() == 5000
    with pytest.raises(ReplayError, match=f"{name}.*ends in the middle"):
        Replay([written(tmp_path / name, packed[: len(packed) // 2])]).count()
    broken = packed[:2000] + b"\0" * 100 + packed[2100:]
    with pytest.raises(ReplayError, match=f"{name}.*(damaged|line)"):
        Replay([written(tmp_path / name, broken)]).count()


def test_more_files_than_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="1 to 32"):
        Replay([tmp_path / "a", tmp_path / "b"], first_channel=32)
