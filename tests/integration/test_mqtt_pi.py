"""MQTT through the whole stack: any client, Debian's own among them, and the agent with --transport mqtt."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.local.emulator.topic_rule import MAX_MESSAGES
from infra.local.errors import StackError
from infra.local.runner.process import RunningStack, running_stack
from infra.local.runner.server import listen
from tests.conftest import eventually, now_ms
from tests.integration.mqtt_client import MqttClient
from tests.integration.test_replay import Household, events_of

SECONDS, SPEED = 1_200, 60
"""Of the recording, one reading each; twenty seconds at the speed it is replayed."""
SENSORS = '{"temperature": 23.5, "humidity": 55, "pressure": 1013.25}'


def mqtt_port(stack: RunningStack) -> int:
    found = re.findall(r"^MQTT at mqtt://127\.0\.0\.1:(\d+)$", (stack.data_dir / "stack.log").read_text(), re.MULTILINE)
    return int(found[-1])


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as made:
        yield made


@pytest.fixture(scope="module")
def home(stack: RunningStack) -> Household:
    return Household(stack.base_url)


def register(home: Household, device_id: str) -> str:
    return str(home.call("POST", "/device/register", {"deviceId": device_id})["apiKey"])


@contextmanager
def listening(port: int, device_id: str, key: str) -> Iterator[MqttClient]:
    client = MqttClient(port, client_id=device_id)
    assert client.sign_in(device_id, key)
    assert client.listen(f"iot/devices/{device_id}/commands") == [1]
    yield client
    client.close()


def mosquitto(program: str, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed: Debian's client is not tried")
    command = [path, "-h", "127.0.0.1", "-p", str(port), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def latest(home: Household, device_id: str) -> dict[str, Any]:
    (listed,) = [each for each in home.call("GET", "/device/list")["devices"] if each["deviceId"] == device_id]
    (short,) = [each for each in home.call("GET", "/devices") if each["device_id"] == device_id]
    return {"list": listed["latest"], "devices": short}


def test_what_mosquitto_publishes_shows_in_both_lists(stack: RunningStack, home: Household) -> None:
    key, topic = register(home, "GW-mosquitto"), "iot/devices/GW-mosquitto/data"
    said = mosquitto("mosquitto_pub", mqtt_port(stack), "-t", topic, "-u", "GW-mosquitto", "-P", key, "-m", SENSORS)
    assert said.returncode == 0, said.stderr
    eventually(lambda: "temperature" in latest(home, "GW-mosquitto")["devices"], "it is stored")
    shown = latest(home, "GW-mosquitto")
    values = {name: shown["devices"][name] for name in ("temperature", "humidity", "pressure")}
    assert values == json.loads(SENSORS)
    assert "23.5" in json.dumps(shown["list"])


def test_mosquitto_with_a_bad_key_or_a_foreign_topic_stores_nothing(stack: RunningStack, home: Household) -> None:
    key, other = register(home, "GW-refused"), register(home, "GW-foreign")
    port, topic = mqtt_port(stack), "iot/devices/GW-refused/data"
    bad = mosquitto("mosquitto_pub", port, "-t", topic, "-u", "GW-refused", "-P", "gw_bad", "-m", SENSORS)
    assert bad.returncode == 5
    assert "not authori" in bad.stderr.lower()
    mosquitto("mosquitto_pub", port, "-q", "1", "-t", topic, "-u", "GW-foreign", "-P", other, "-m", SENSORS)
    with listening(port, "GW-refused", key) as client:  # one message later all before it would be stored
        client.say(topic, {"portId": "nobody's", "voltage": 1, "current": 1, "power": 1})
        eventually(client.answers, "it is answered")
    assert "temperature" not in latest(home, "GW-refused")["devices"]
    assert "temperature" not in latest(home, "GW-foreign")["devices"]


def test_mosquitto_hears_the_answer_to_what_was_published(stack: RunningStack, home: Household) -> None:
    key, port = register(home, "GW-hears"), mqtt_port(stack)
    path = shutil.which("mosquitto_sub")
    if path is None:
        pytest.skip("mosquitto_sub is not installed: Debian's client is not tried")
    sign_in = ["-h", "127.0.0.1", "-p", str(port), "-u", "GW-hears", "-P", key]
    command = [path, *sign_in, "-t", "iot/devices/GW-hears/commands", "-C", "1", "-W", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listener:
        eventually(lambda: _say_until(port, key, listener), "the answer is heard")
        out, _ = listener.communicate(timeout=60)
    answer = json.loads(out)
    assert answer["success"]
    assert answer["relays"] == []


def _say_until(port: int, key: str, listener: subprocess.Popen[str]) -> bool:
    topic = "iot/devices/GW-hears/data"
    mosquitto("mosquitto_pub", port, "-t", topic, "-u", "GW-hears", "-P", key, "-m", SENSORS)
    return listener.poll() is not None


def test_a_switch_by_a_person_arrives_at_once(stack: RunningStack, home: Household) -> None:
    key = register(home, "GW-switch")
    port_id = home.call("POST", "/port", {"deviceId": "GW-switch", "name": "Lamp"})["portId"]
    with listening(mqtt_port(stack), "GW-switch", key) as client:
        home.call("POST", f"/port/{port_id}/switch", {"state": "off"})
        eventually(client.answers, "the command comes")
        (relay,) = client.answers()[-1]["relays"]
        assert (relay["portId"], relay["desired"], relay["channel"]) == (port_id, "off", 1)


def test_a_cut_by_the_detector_arrives_at_once(stack: RunningStack, home: Household) -> None:
    key = register(home, "GW-cut")
    port = {"deviceId": "GW-cut", "name": "TV", "policy": "cut", "dwellSeconds": 0, "thresholdWatts": 10}
    port_id = home.call("POST", "/port", port)["portId"]
    with listening(mqtt_port(stack), "GW-cut", key) as client:
        reading = {"portId": port_id, "timestampMs": now_ms(), "voltage": 230, "current": 0.02, "power": 4}
        batch = {"batchId": "cut-1", "sentAtMs": now_ms(), "readings": [reading]}
        client.say("iot/devices/GW-cut/data", batch)

        def cuts() -> list[dict[str, Any]]:
            relays = [relay for answer in client.answers() for relay in answer["relays"]]
            return [relay for relay in relays if relay["desired"] == "off"]

        eventually(cuts, "the cut comes")
        assert client.answers()[0]["batchId"] == "cut-1"
        assert "batchId" not in client.answers()[-1], "nobody asked for it"
        assert {"onlyBelowWatts", "expiresAtMs"} <= cuts()[-1].keys()


def test_the_broker_listens_where_it_is_told_and_a_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    taken = listen("127.0.0.1", 0)
    port = taken.port
    with taken.socket, pytest.raises(RuntimeError, match=rf"Cannot listen on 127\.0\.0\.1, port {port}"):
        running_stack(tmp_path / "taken", 0, "--mqtt-port", str(port)).__enter__()
    with running_stack(tmp_path / "told", 0, "--mqtt-port", str(port)) as stack:
        assert mqtt_port(stack) == port
        with pytest.raises(StackError):
            listen("127.0.0.1", port)


def test_make_serve_passes_the_port_on() -> None:
    make = shutil.which("make")
    assert make
    printed = subprocess.run(
        [make, "-n", "-o", "install", "serve", "MQTT_PORT=1883"],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "--mqtt-port 1883" in printed.stdout


class Agent:
    """`ghostwatt-pi` by MQTT, in a process of its own."""

    def __init__(self, home: Household, mqtt: int, folder: Path, *arguments: str) -> None:
        self.home, self.events = home, list[dict[str, Any]]()
        place = ["--api", home.api, "--data", str(folder), "--port", "0", "--tell", "json"]
        place += ["--transport", "mqtt", "--mqtt-host", "127.0.0.1", "--mqtt-port", str(mqtt)]
        command = [sys.executable, "-m", "ghostwatt_pi", *arguments, *place]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def until(self, name: str) -> dict[str, Any]:
        """The next event of this name."""
        for event in events_of(self.process):
            self.events.append(event)
            if event["event"] == name:
                return event
        raise AssertionError(f"it ended without {name}: {self.events}")

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=60)


@contextmanager
def paired(home: Household, mqtt: int, folder: Path, *arguments: str) -> Iterator[tuple[Agent, str]]:
    """(agent, its first outlet's portId)."""
    agent = Agent(home, mqtt, folder, *arguments)
    try:
        code = agent.until("claim")["userCode"]
        home.call("POST", "/device/claim/approve", {"userCode": code})
        device_id = agent.until("paired")["deviceId"]
        port_id = home.call("POST", "/port", {"deviceId": device_id, "name": "Heater", "policy": "observe"})["portId"]
        yield agent, port_id
    finally:
        agent.end()


def test_the_agent_by_mqtt_sends_is_switched_at_once_and_says_so(
    stack: RunningStack, home: Household, tmp_path: Path
) -> None:
    appliance = ("simulate", "--profile", "router", "--interval", "0.2")
    with paired(home, mqtt_port(stack), tmp_path, *appliance) as (agent, port_id):
        assert agent.until("started")["api"] == f"mqtt://127.0.0.1:{mqtt_port(stack)}"
        agent.until("uploaded")
        eventually(lambda: home.stored(port_id), "readings are stored")
        home.call("POST", f"/port/{port_id}/switch", {"state": "off"})
        assert agent.until("relay")["state"] == "off"

        def reported() -> bool:
            (port,) = [each for each in home.call("GET", "/port/list")["ports"] if each["portId"] == port_id]
            return bool(port["status"] == "off")

        eventually(reported, "the cloud knows")


def test_a_broker_that_is_killed_amid_readings_loses_and_doubles_none(tmp_path: Path) -> None:
    recording = tmp_path / "heater.csv"
    recording.write_text(
        "t_seconds,power_w\n" + "".join(f"{second},{900 + second % 50}.0\n" for second in range(SECONDS))
    )
    data = tmp_path / "stack"
    with ExitStack() as stacks:
        stack = stacks.enter_context(running_stack(data))
        home, mqtt, port = Household(stack.base_url), mqtt_port(stack), int(stack.base_url.rpartition(":")[2])
        with paired(home, mqtt, tmp_path / "pi", "replay", str(recording), "--speed", str(SPEED)) as (agent, port_id):
            for _ in range(2):
                agent.until("uploaded")
                stack.process.kill()
                stack.process.wait()
                agent.until("away")
                stack = stacks.enter_context(running_stack(data, port, "--mqtt-port", str(mqtt)))
            finished = agent.until("finished")
        assert (finished["rejected"], finished["waiting"]) == (0, 0)
        readings = sorted(home.stored(port_id), key=lambda reading: reading["timestampMs"])
        assert finished["sent"] == finished["stored"] + finished["duplicate"] == len(readings)
        first_ms = readings[0]["timestampMs"] - readings[0].get("heldMs", 0)
        assert readings[-1]["timestampMs"] - first_ms >= 0.99 * SECONDS * 1000 / SPEED, "to the recording's end"


def test_a_former_owner_s_connection_hears_and_stores_nothing_of_the_next(stack: RunningStack, home: Household) -> None:
    device_id, topic = "GW-handed-on", "iot/devices/GW-handed-on/data"
    former_key, port = register(home, device_id), mqtt_port(stack)
    former = MqttClient(port, client_id="kitchen", clean=False)
    assert former.sign_in(device_id, former_key)
    assert former.listen(f"iot/devices/{device_id}/commands") == [1]
    home.call("DELETE", f"/device/{device_id}")
    eventually(former.lost.is_set, "it is hung up on at once")
    assert not MqttClient(port, client_id="kitchen", clean=False).sign_in(device_id, former_key)
    neighbour = Household(stack.base_url, "neighbour@example.org")
    key = register(neighbour, device_id)
    port_id = neighbour.call("POST", "/port", {"deviceId": device_id, "name": "Lamp"})["portId"]
    with listening(port, device_id, key) as client:
        neighbour.call("POST", f"/port/{port_id}/switch", {"state": "off"})
        eventually(client.answers, "the command comes")
        client.say(topic, {"temperature": 1})
        eventually(lambda: len(client.answers()) > 1, "what it says is stored")
    assert not former.heard


def test_first_use_of_a_new_key_ends_the_connection_of_the_old_one(stack: RunningStack, home: Household) -> None:
    device_id, topic = "GW-rotated", "iot/devices/GW-rotated/data"
    old, port = register(home, device_id), mqtt_port(stack)
    with listening(port, device_id, old) as thief:
        new = home.call("POST", f"/device/{device_id}/key", {})["apiKey"]
        thief.say(topic, {"temperature": 1})
        eventually(thief.answers, "until then the old key is good")
        other = MqttClient(port, client_id="other")
        assert other.sign_in(device_id, new)
        eventually(thief.lost.is_set, "then its connection ends")
        other.say(topic, {"temperature": 2})
        eventually(lambda: latest(home, device_id)["devices"].get("temperature") == 2, "the new one is good")
        other.close()


@pytest.mark.parametrize(("count", "message"), [(6_000, {"humidity": 1}), (1_500, {"humidity": 1, "x": "y" * 100_000})])
def test_a_flood_of_one_device_delays_no_other(
    stack: RunningStack, home: Household, count: int, message: dict[str, Any]
) -> None:
    port = mqtt_port(stack)
    keys = {name: register(home, f"GW-{name}-{count}") for name in ("flood", "calm")}
    flood, calm = f"GW-flood-{count}", f"GW-calm-{count}"
    with listening(port, flood, keys["flood"]) as noisy, listening(port, calm, keys["calm"]) as quiet:
        for _ in range(count):
            noisy.say(f"iot/devices/{flood}/data", message, qos=0)
        eventually(noisy.answers, "the flood is under way")
        for number in range(1, 4):
            before = len(noisy.answers())
            quiet.say(f"iot/devices/{calm}/data", {"temperature": number})
            eventually(lambda expected=number: len(quiet.answers()) == expected, "it is answered")  # type: ignore[misc]
            assert len(noisy.answers()) - before < MAX_MESSAGES, "and not after all of the flood"
