"""One device or one session that makes as much noise as it can, for some seconds, in a process of its own."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.queues import Queue
from typing import Any

import requests

from tests.integration.mqtt_client import MqttClient

CONNECTIONS = 6
BATCH = 160
SMALL_MESSAGES, LARGE_MESSAGES = 6_000, 1_500
LARGE_BYTES = 100_000
BACKTESTS = 45


@dataclass(frozen=True, slots=True)
class Attacker:
    """A person with a device and an outlet whose past is long."""

    api: str
    mqtt_port: int
    device_id: str
    api_key: str
    session_token: str
    port_id: str

    def device_call(self, session: requests.Session, path: str, body: Any) -> int:
        """The status of a call with the device's key."""
        headers = {"Authorization": f"Device {self.api_key}"}
        return session.post(self.api + path, headers=headers, json=body, timeout=60).status_code

    def person_call(self, session: requests.Session, path: str, body: Any) -> int:
        """The status of a call with the session."""
        headers = {"x-session-token": self.session_token}
        return session.post(self.api + path, headers=headers, json=body, timeout=60).status_code


def sensor_logs(attacker: Attacker, until: float) -> Counter[int]:
    """Logs of sensors over some connections, as fast as they are answered."""
    return _repeated(CONNECTIONS, until, lambda http: attacker.device_call(http, "/device/data", {"sensors": {"t": 1}}))


def batches(attacker: Attacker, until: float) -> Counter[int]:
    """Batches of new readings over some connections, as fast as they are answered."""
    start_ms, number = time.time_ns() // 1_000_000 - 6 * 86_400_000, itertools.count()

    def send(http: requests.Session) -> int:
        now_ms, mine = time.time_ns() // 1_000_000, next(number)
        times = range(start_ms + mine * BATCH * 100, start_ms + (mine + 1) * BATCH * 100, 100)
        readings = [
            {"portId": attacker.port_id, "timestampMs": at, "voltage": 230, "current": 0.1, "power": 5} for at in times
        ]
        body = {"batchId": f"noise-{os.getpid()}-{mine}", "sentAtMs": now_ms, "readings": readings}
        return attacker.device_call(http, "/sensor/readings", body)

    return _repeated(CONNECTIONS, until, send)


def backtests(attacker: Attacker, until: float) -> Counter[int]:
    """Back-tests of one session, many at a time."""
    path = f"/port/{attacker.port_id}/backtest"
    return _repeated(BACKTESTS, until, lambda http: attacker.person_call(http, path, {"days": 30, "policy": "cut"}))


def small_messages(attacker: Attacker, until: float) -> Counter[int]:
    """Small messages by MQTT, all at once."""
    return _published(attacker, until, SMALL_MESSAGES, b'{"t": 1234567.5}')


def large_messages(attacker: Attacker, until: float) -> Counter[int]:
    """Large messages by MQTT, all at once."""
    return _published(attacker, until, LARGE_MESSAGES, json.dumps({"filler": "x" * LARGE_BYTES}).encode())


def nothing(_: Attacker, until: float) -> Counter[int]:
    """What the others are compared with."""
    time.sleep(max(0.0, until - time.monotonic()))
    return Counter()


NOISES: dict[str, Callable[[Attacker, float], Counter[int]]] = {
    "none": nothing,
    "sensor logs over 6 connections": sensor_logs,
    "6,000 small MQTT messages": small_messages,
    "1,500 MQTT messages of 100 KB": large_messages,
    "45 back-tests of one session": backtests,
    "batches of 160 readings over 6 connections": batches,
}


def make(name: str, attacker: Attacker, seconds: float, answers: Queue[Counter[int]]) -> None:
    """Make a noise for so long; puts into `answers` how many calls were answered with which status."""
    answers.put(NOISES[name](attacker, time.monotonic() + seconds))


def _repeated(connections: int, until: float, call: Callable[[requests.Session], int]) -> Counter[int]:
    def one(_: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        with requests.Session() as http:
            while time.monotonic() < until:
                statuses[call(http)] += 1
        return statuses

    with ThreadPoolExecutor(connections) as pool:
        return sum(pool.map(one, range(connections)), Counter())


def _published(attacker: Attacker, until: float, messages: int, payload: bytes) -> Counter[int]:
    client = MqttClient(attacker.mqtt_port)
    client.sign_in(attacker.device_id, attacker.api_key)
    client.listen(f"iot/devices/{attacker.device_id}/commands", qos=0)
    for _ in range(messages):
        client.say(f"iot/devices/{attacker.device_id}/data", payload)
    while time.monotonic() < until and len(client.heard) < messages and not client.lost.is_set():
        time.sleep(0.05)
    limited = sum(answer.get("code") == "too_many_requests" for answer in client.answers())
    client.close()
    return Counter({200: len(client.heard) - limited, 429: limited})
