from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.measurement import Measurement, now_ms

from .fake_cloud import FakeCloud
from .processes import Started, events


def test_a_channel_without_an_outlet_is_named_wherever_it_matters(
    cloud: FakeCloud, pi: Started, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("t_seconds,power_w\n0,5\n5,6\n")
    process = pi.start("replay", str(tmp_path / "a.csv"), "--channel", "5")
    logged = events(process)
    assert [event["channel"] for event in logged if event["event"] == "no_outlet"] == [5]
    assert process.returncode == 3
    for command in ("status", "backlog"):
        out = pi.ask(command)[1]
        assert "no outlet on the page yet: add one" in out
        assert "Channel 5" in out
    assert json.loads(pi.ask("status", "--json")[1])["channelsWithoutOutlet"] == [5]


def test_a_replay_counts_what_waited_from_before(
    cloud: FakeCloud, pi: Started, directory: DataDirectory, tmp_path: Path
) -> None:
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        buffer.add([Measurement(1, now_ms() - 60_000 + n, 230.0, 0.1, 5.0) for n in range(3)])
    (tmp_path / "a.csv").write_text("t_seconds,power_w\n0,5\n5,6\n")
    finished = events(pi.start("replay", str(tmp_path / "a.csv")))[-1]
    assert (finished["sent"], finished["stored"], finished["waiting"]) == (5, 5, 0)


@pytest.mark.parametrize("text", ["t_seconds,power_w\n0,5\n5,inf\n10,7\n", "a,b\n1,2\n", None])
def test_a_bad_recording_is_found_before_pairing_and_nothing_of_it_is_sent(
    cloud: FakeCloud, pi: Started, directory: DataDirectory, tmp_path: Path, text: str | None
) -> None:
    directory.key_path.unlink()
    if text is not None:
        (tmp_path / "bad.csv").write_text(text)
    assert pi.ask("replay", str(tmp_path / "bad.csv"))[0] == 1
    assert "bad.csv" in pi.said
    assert cloud.calls == []
    assert not directory.buffer_path.exists()


def test_a_replay_sends_all_of_its_readings_and_says_so(cloud: FakeCloud, pi: Started, tmp_path: Path) -> None:
    cloud.add_port(2)
    cloud.interval_seconds = 60
    for name, samples in {"a.csv": 900, "b.csv": 700}.items():
        (tmp_path / name).write_text("t_seconds,power_w\n" + "".join(f"{5 * n},{n % 90}\n" for n in range(samples)))
    process = pi.start("replay", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--speed", "1000")
    finished = events(process)[-1]
    assert finished == {
        "event": "finished", "sent": 1600, "stored": 1600, "duplicate": 0, "rejected": 0, "waiting": 0
    }  # fmt: skip
    assert process.returncode == 0
    assert len(cloud.stored) == 1600


def test_a_replay_without_a_port_to_go_to_says_what_is_left_behind(
    cloud: FakeCloud, pi: Started, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("t_seconds,power_w\n0,5\n")
    process = pi.start("replay", str(tmp_path / "a.csv"), "--channel", "2")
    assert events(process)[-1]["waiting"] == 1
    assert process.returncode == 3
