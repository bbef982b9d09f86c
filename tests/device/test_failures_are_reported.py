"""What does not work is said at once, by the agent, status and doctor: real processes and a pseudo-terminal."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from .conftest import until
from .fake_cloud import FakeCloud
from .processes import Started, events, next_event
from .pty_arduino import PtyArduino

READING = b'{"port": 1, "voltage": 229.5, "current": 0.4, "power": 92.0}\n'
SECOND = b'{"port": 2, "voltage": 229.5, "current": 0.1, "power": 23.0}\n'


@pytest.fixture
def arduino() -> Iterator[PtyArduino]:
    made = PtyArduino(READING)
    yield made
    made.close()


def findings(out: str, name: str) -> list[dict[str, str]]:
    return [finding for finding in json.loads(out)["findings"] if finding["name"] == name]


def test_a_deaf_relay_is_told_once_reported_and_found_by_status_and_doctor(
    cloud: FakeCloud, fast_pi: Started, arduino: PtyArduino
) -> None:
    agent = fast_pi.start("run", "--serial", arduino.port)
    next_event(agent, "uploaded")
    arduino.is_deaf = True
    cloud.command(1, "off", 2)
    until(lambda: {"portId": "port-1", "state": "on", "version": 2, "reason": "failed"} in cloud.reports)
    code, out = fast_pi.ask("doctor", "--json", "--serial", arduino.port)
    (relay,) = findings(out, "relay")
    assert (code, relay["state"], bool(relay["mend"])) == (4, "fail", True)
    assert "does not turn off" in relay["says"]
    code, out = fast_pi.ask("status", "--json")
    said = json.loads(out)
    assert (code, said["outlets"][0]["state"], said["outlets"][0]["failure"]["wanted"]) == (4, "on", "off")
    assert "does not turn off" in fast_pi.ask("status")[1]
    until(lambda: len(arduino.heard) >= 6)  # it was tried again
    arduino.is_deaf = False
    cloud.command(1, "off", 3)
    until(lambda: {"portId": "port-1", "state": "off", "version": 3} in cloud.reports)
    agent.send_signal(signal.SIGTERM)
    assert [event["event"] for event in events(agent)].count("relay_failed") == 1
    assert "confirmed" in findings(fast_pi.ask("doctor", "--json", "--serial", arduino.port)[1], "relay")[0]["says"]


def test_a_deaf_relay_does_not_hold_up_the_readings(cloud: FakeCloud, fast_pi: Started, arduino: PtyArduino) -> None:
    agent = fast_pi.start("run", "--serial", arduino.port)
    next_event(agent, "uploaded")
    arduino.is_deaf = True
    cloud.command(1, "off", 2)
    until(lambda: arduino.heard)
    heard_at_first = len(arduino.heard)
    uploads = cloud.count("/sensor/readings")
    until(lambda: cloud.count("/sensor/readings") >= uploads + 2)
    assert len(arduino.heard) - heard_at_first <= 2, "the uploads waited for the relay"
    assert not cloud.reported(1) or cloud.reported(1)[-1].get("reason") != "failed"
    called = [at for path, at in cloud.calls if path == "/sensor/readings"]
    assert all(later >= earlier for earlier, later in pairwise(called))


def test_an_outlet_that_nobody_switched_is_not_called_confirmed(
    cloud: FakeCloud, pi: Started, arduino: PtyArduino
) -> None:
    next_event(pi.start("run", "--serial", arduino.port), "uploaded")
    until(lambda: cloud.reported(1))
    (relay,) = findings(pi.ask("doctor", "--json", "--serial", arduino.port)[1], "relay")
    assert "confirmed" not in relay["says"]


def test_an_outlet_that_is_off_but_draws_is_a_failure(cloud: FakeCloud, pi: Started, arduino: PtyArduino) -> None:
    next_event(pi.start("run", "--serial", arduino.port), "uploaded")
    cloud.command(1, "off", 2)
    until(lambda: {"portId": "port-1", "state": "off", "version": 2} in cloud.reports)
    until(lambda: "power still flows" in pi.ask("status")[1])
    (relay,) = findings(pi.ask("doctor", "--json", "--serial", arduino.port)[1], "relay")
    assert (relay["state"], "92.0 W flow" in relay["says"]) == ("fail", True)


def test_a_meter_that_falls_silent_is_told_and_found(cloud: FakeCloud, fast_pi: Started, arduino: PtyArduino) -> None:
    cloud.add_port(2)
    arduino.lines = [READING, SECOND]
    agent = fast_pi.start("run", "--serial", arduino.port)
    until(lambda: {port for port, _ in cloud.stored} == {"port-1", "port-2"})
    arduino.lines = [READING, b'{"port": 2, "error": "no_answer"}\n']
    event = next_event(agent, "meter_silent")
    assert (event["channel"], event["what"]) == (2, "outlet 2")
    code, out = fast_pi.ask("doctor", "--json", "--serial", arduino.port)
    (serial,) = findings(out, "serial")
    assert (code, serial["state"], "outlet 2" in serial["says"], bool(serial["mend"])) == (4, "fail", True, True)
    code, out = fast_pi.ask("status", "--json")
    assert (code, json.loads(out)["troubles"]) == (4, ["outlet 2 has no reading"])
    arduino.lines = [READING, SECOND]
    assert next_event(agent, "meter_speaks")["channel"] == 2
    assert fast_pi.ask("status", "--json")[0] == 0


def test_status_has_the_running_agents_own_word(cloud: FakeCloud, pi: Started, arduino: PtyArduino) -> None:
    next_event(pi.start("run", "--serial", arduino.port), "uploaded")
    first = json.loads(pi.ask("status", "--json")[1])
    uploads = cloud.count("/sensor/readings")
    until(lambda: cloud.count("/sensor/readings") >= uploads + 2)
    assert json.loads(pi.ask("status", "--json")[1])["lastUploadAt"] > first["lastUploadAt"]
    assert first["readings"][0]["watts"] == 92.0


def test_a_lost_meter_is_said_in_plain_words(pi: Started, tmp_path: Path) -> None:
    agent = pi.start("run", "--serial", str(tmp_path / "ttyACM0"))
    assert next_event(agent, "meter_lost")["error"] == "it is not plugged in"


def test_an_unplugged_meter_is_said_in_plain_words(cloud: FakeCloud, pi: Started) -> None:
    ours, theirs = os.openpty()
    agent = pi.start("run", "--serial", os.ttyname(theirs))
    until(lambda: cloud.count("/device/heartbeat"))
    os.close(theirs)
    os.close(ours)
    assert "unplugged" in str(next_event(agent, "meter_lost")["error"])
