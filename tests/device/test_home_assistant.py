from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ghostwatt_pi.local.home_assistant import STALE_SECONDS, HomeAssistant, discovery_configs, outlet_state
from ghostwatt_pi.local.snapshot import OutletSnapshot, Snapshot
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from .conftest import RecordedLog, until

STATUS = "ghostwatt/GW-1/status"
CONFIG = "homeassistant/sensor/ghostwatt_GW-1/1_power/config"
OUTLET = OutletSnapshot(1, "on", 230.0, 0.4, 92.0, 1, 1500.0)


class Broker:
    """A real broker on a port of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        self._config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self.start()

    def start(self) -> None:
        path = shutil.which("mosquitto", path="/usr/sbin:/usr/bin")
        assert path
        self._process = subprocess.Popen([path, "-c", str(self._config)], stderr=subprocess.DEVNULL)
        until(self._answers)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class Listener:
    """What a Home Assistant would see: the newest message of each topic."""

    def __init__(self, port: int) -> None:
        self.heard: dict[str, bytes] = {}
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([("homeassistant/#", 1), ("ghostwatt/#", 1)])
        self._client.loop_start()

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard[message.topic] = bytes(message.payload)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if shutil.which("mosquitto", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("Home Assistant's broker is not tried: that needs Debian's mosquitto")
    made = Broker(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def listen(broker: Broker) -> Iterator[Callable[[], Listener]]:
    made: list[Listener] = []

    def listen() -> Listener:
        made.append(Listener(broker.port))
        return made[-1]

    yield listen
    for listener in made:
        listener.close()


@pytest.fixture
def shown(broker: Broker) -> Iterator[tuple[HomeAssistant, list[Snapshot], RecordedLog]]:
    snapshots, log = [Snapshot(outlets=(OUTLET,))], RecordedLog()
    made = HomeAssistant(f"mqtt://127.0.0.1:{broker.port}", "GW-1", lambda: snapshots[-1], log, every_seconds=0.05)
    yield made, snapshots, log
    made.stop()


Shown = tuple[HomeAssistant, list[Snapshot], RecordedLog]


def test_one_that_comes_later_finds_the_outlets_and_their_values(shown: Shown, listen: Callable[[], Listener]) -> None:
    home_assistant, snapshots, _ = shown
    early = listen()
    home_assistant.start()
    until(lambda: "ghostwatt/GW-1/1" in early.heard)
    late = listen()
    until(lambda: {STATUS, CONFIG, "ghostwatt/GW-1/1"} <= late.heard.keys())
    assert late.heard[STATUS] == b"online"
    assert json.loads(late.heard[CONFIG])["state_topic"] == "ghostwatt/GW-1/1"
    assert json.loads(late.heard["ghostwatt/GW-1/1"]) == {"power": 92.0, "energy": 1.5, "relay": "ON"}
    snapshots.append(Snapshot(outlets=(replace(OUTLET, state="off", power=0.0),)))
    until(lambda: json.loads(late.heard["ghostwatt/GW-1/1"])["relay"] == "OFF")


def test_when_it_ends_the_outlets_are_unavailable(broker: Broker, listen: Callable[[], Listener]) -> None:
    made = HomeAssistant(f"mqtt://127.0.0.1:{broker.port}", "GW-1", Snapshot, RecordedLog(), every_seconds=0.05)
    listener = listen()
    made.start()
    until(lambda: listener.heard.get(STATUS) == b"online")
    made.stop()
    until(lambda: listener.heard[STATUS] == b"offline")


def test_a_broker_that_starts_anew_is_told_all_again(
    broker: Broker, shown: Shown, listen: Callable[[], Listener]
) -> None:
    home_assistant, _, log = shown
    home_assistant.start()
    first = listen()
    until(lambda: CONFIG in first.heard)
    broker.stop()
    until(lambda: log.of("home_assistant_away"))
    broker.start()
    second = listen()
    until(lambda: {STATUS, CONFIG} <= second.heard.keys())
    until(lambda: log.of("home_assistant_back"))
    assert len(log.of("home_assistant_away")) == 1


def test_an_absent_broker_is_told_once_and_harms_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = RecordedLog()
    made = HomeAssistant(f"mqtt://127.0.0.1:{port}", "GW-1", Snapshot, log, every_seconds=0.05)
    made.start()
    until(lambda: log.of("home_assistant_away"))
    made.stop()
    assert len(log) == 1


def test_a_value_that_is_stale_is_said_no_more_so_that_it_expires(shown: Shown, listen: Callable[[], Listener]) -> None:
    home_assistant, snapshots, _ = shown
    stale, other = replace(OUTLET, measured_at_ms=1), replace(OUTLET, channel=2, measured_at_ms=STALE_SECONDS * 1000)
    snapshots.append(Snapshot(outlets=(stale, other), at_ms=STALE_SECONDS * 1000 + 2))
    listener = listen()
    home_assistant.start()
    until(lambda: "ghostwatt/GW-1/2" in listener.heard)
    assert "ghostwatt/GW-1/1" not in listener.heard


def test_no_entity_of_home_assistant_can_command() -> None:
    configs = [config for _, config in discovery_configs("GW-1", 1, STATUS)]
    assert len({config["unique_id"] for config in configs}) == 3
    assert not any("command_topic" in config for config in configs)
    assert all(config["availability_topic"] == STATUS for config in configs)


def test_an_outlet_without_a_measurement_has_no_power() -> None:
    assert outlet_state(OutletSnapshot(1)) == {"power": None, "energy": 0.0, "relay": "ON"}
