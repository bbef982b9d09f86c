"""Every file of the data folder damaged in every way: the agent and those who look go on. Real processes."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.ownership import take_ownership
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import DataDirectory, mark_of
from ghostwatt_pi.identity import device_id
from ghostwatt_pi.measurement import Measurement, now_ms

from .conftest import RecordedLog, until
from .fake_cloud import FakeCloud
from .processes import Started, events, next_event

SIMULATE = ["simulate", "--profile", "television", "--interval", "0.1", "--seed", "1"]
FILES = [
    "outlets.json",
    "state.json",
    "spool.sqlite",
    "spool_owner",
    "owner_tag",
    "boot_id",
    "switch.sock",
    "lock",
    "former",
]


def write(content: bytes) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        remove(path)
        path.write_bytes(content)

    return damage


def cut_in_half(path: Path) -> None:
    content = path.read_bytes() if path.is_file() else b"{{{{"
    write(content[: len(content) // 2])(path)


def make_directory(path: Path) -> None:
    remove(path)
    path.mkdir()


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty": write(b""),
    "zeros": write(b"\0" * 64),
    "half": cut_in_half,
    "list": write(b"[]"),
    "null": write(b"null"),
    "types": write(b'{"1": {"port_id": [], "version": "x", "state": 7}, "is_online": "yes", "silent": 7}'),
    "binary": write(bytes(range(128, 256))),
    "directory": make_directory,
}


@pytest.fixture
def lived_in(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> DataDirectory:
    """A folder in which an agent has worked, with 20 readings that wait."""
    agent = pi.start(*SIMULATE)
    next_event(agent, "uploaded")
    until(lambda: cloud.reported(1))
    agent.send_signal(signal.SIGTERM)
    agent.communicate(timeout=60)
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        buffer.add([Measurement(1, now_ms() - 2000 * back, 230.0, 0.1, 23.0) for back in range(20, 0, -1)])
    directory.former_dir.mkdir()
    return directory


@pytest.mark.parametrize("damage", DAMAGES)
def test_whatever_is_damaged_the_agent_goes_on_and_so_do_those_who_look(
    cloud: FakeCloud, pi: Started, lived_in: DataDirectory, damage: str
) -> None:
    for name in FILES:
        DAMAGES[damage](lived_in.path / name)
    for command in ("status", "doctor", "backlog"):
        code, out = pi.ask(command, "--json")
        assert (code in (0, 4), pi.said) == (True, ""), f"{command}: {code} {pi.said}"
        assert json.loads(out)
        assert pi.ask(command)[0] in (0, 4)
    before = set(cloud.stored)
    agent = pi.start(*SIMULATE)
    until(lambda: len(cloud.stored) > len(before) + 5)
    code, out = pi.ask("status", "--json")
    assert (code, json.loads(out)["troubles"]) == (0, [])
    agent.send_signal(signal.SIGTERM)
    logged = events(agent)
    assert agent.returncode == 0
    assert not [event for event in logged if event["event"] == "former_dropped"], "taken for a former owner's"
    again = pi.start(*SIMULATE)
    next_event(again, "uploaded")
    again.send_signal(signal.SIGTERM)
    assert not [event for event in events(again) if event["event"] in ("file_damaged", "spool_damaged")]


@pytest.mark.parametrize("damage", ["zeros", "half"])
def test_a_damaged_key_costs_no_reading_and_a_new_one_goes_on_with_what_waits(
    cloud: FakeCloud, pi: Started, lived_in: DataDirectory, damage: str
) -> None:
    DAMAGES[damage](lived_in.key_path)
    waiting = json.loads(pi.ask("backlog", "--json")[1])["readings"]
    assert waiting >= 20
    _, out = pi.ask("doctor", "--json")
    (key,) = (finding for finding in json.loads(out)["findings"] if finding["name"] == "key")
    assert (key["state"], "New key" in key["mend"], "ghostwatt-pi claim" in key["mend"]) == ("fail", True, False)
    assert "New key" in pi.ask("status")[1]
    assert pi.ask("backlog", "--send")[0] == 1
    assert "New key" in pi.said
    before = set(cloud.stored)
    agent = pi.start(*SIMULATE)
    assert next_event(agent, "key_lost")["path"] == str(lived_in.key_path)
    until(lambda: json.loads(pi.ask("backlog", "--json")[1])["readings"] > waiting + 10)
    assert set(cloud.stored) == before
    assert "New key" in pi.ask("status")[1]
    agent.kill()
    agent.wait()
    agent = pi.start(*SIMULATE)
    next_event(agent, "key_lost")
    cloud.api_key = "key-2"
    lived_in.key_path.write_text("key-2\n")
    until(lambda: len(cloud.stored) > len(before) + waiting + 10)
    agent.send_signal(signal.SIGTERM)
    assert not [event for event in events(agent) if event["event"] in ("former_dropped", "key_refused")]
    assert pi.ask("backlog", "--send")[0] == 0


def test_a_key_saved_on_the_local_page_after_damage_keeps_what_waits(lived_in: DataDirectory) -> None:
    lived_in.key_path.write_bytes(b"\0" * 20)
    lived_in.save_key("key-2")
    assert lived_in.read_key() == "key-2"
    log = RecordedLog()
    take_ownership(lived_in, log)
    assert log == []


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "empty"), (b" \n", "empty"), (b"\0" * 20, "zero"), (b"\xff" * 9, "text"),
     ("schlüssel\n".encode(), "no key"), (b"key", "cut off")],
)  # fmt: skip
def test_a_key_that_is_none_is_known_and_put_aside_and_told(directory: DataDirectory, content: bytes, why: str) -> None:
    directory.owner_path.write_text(mark_of("key-1"))
    directory.key_path.write_bytes(content)
    assert directory.read_key() is None
    log = RecordedLog()
    take_ownership(directory, log)
    assert [event["path"] for event in log.of("file_damaged")] == [str(directory.key_path)]
    assert why in str(log.of("file_damaged")[0]["error"])
    assert directory.is_key_lost()
    take_ownership(directory, log)
    assert len(log) == 1


def test_a_key_without_a_line_end_is_a_key_unless_the_readings_are_anothers(directory: DataDirectory) -> None:
    directory.key_path.write_text("key-1")
    assert directory.read_key() == "key-1"
    directory.owner_path.write_text(mark_of("key-1"))
    assert directory.read_key() == "key-1"


@pytest.mark.parametrize("damage", ["empty", "types", "directory"])
def test_a_damaged_identity_stops_no_paired_agent_and_is_never_replaced(
    cloud: FakeCloud, pi: Started, lived_in: DataDirectory, damage: str
) -> None:
    before = device_id(lived_in)
    DAMAGES[damage](lived_in.identity_path)
    for command in ("status", "backlog"):
        code, _ = pi.ask(command)
        assert (code in (0, 4), pi.said) == (True, "")
    code, out = pi.ask("doctor")
    assert (code, "the id stands on the page" in out) == (4, True)
    count = len(cloud.stored)
    agent = pi.start(*SIMULATE)
    until(lambda: len(cloud.stored) > count + 20)
    agent.send_signal(signal.SIGTERM)
    agent.communicate(timeout=60)
    assert "paired already" in pi.ask("claim")[1]
    cloud.api_key = "another"
    assert pi.ask("claim")[0] == 1
    assert "--new-identity" in pi.said
    assert not list(lived_in.path.glob("device_identity.json-*"))
    remove(lived_in.identity_path)
    lived_in.identity_path.write_text(json.dumps({"deviceId": before}))
    assert device_id(lived_in) == before


def test_what_is_put_aside_goes_with_its_owner(directory: DataDirectory) -> None:
    for name in ("outlets.json", "state.json", "api_key", "spool_owner", "spool.sqlite"):
        (directory.path / f"{name}-damaged-1").write_text("the old owner's")
    (directory.path / "state.json-damaged-2").mkdir()
    directory.forget_owner()
    assert not [path.name for path in directory.path.iterdir()]
