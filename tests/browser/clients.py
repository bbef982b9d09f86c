"""The other ends of the page: a Pi, and a person's calls that prepare a home without clicking."""

from __future__ import annotations

import secrets
import time
from typing import Any

import requests

TIMEOUT_SECONDS = 20
POLL_DEADLINE_SECONDS = 30


class Api:
    """Calls in one person's name, in a session of their own."""

    def __init__(self, base_url: str, email: str, password: str) -> None:
        self.url = f"{base_url}/api"
        self.headers: dict[str, str] = {}
        answer = self.call("POST", "/account/login", {"email": email, "password": password})
        self.headers = {"x-session-token": answer["sessionToken"]}

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """The decoded answer; raises requests.HTTPError when it is an error."""
        return _call(method, self.url + path, self.headers, body)

    def add_device(self, name: str) -> Pi:
        """A Pi of this person."""
        pi = Pi(self.url)
        registered = self.call("POST", "/device/register", {"deviceId": pi.device_id, "deviceName": name})
        pi.use(registered["apiKey"])
        return pi

    def add_port(self, pi: Pi, name: str, **settings: object) -> str:
        """An outlet of that Pi; returns its portId."""
        port_id: str = self.call("POST", "/port", {"deviceId": pi.device_id, "name": name, **settings})["portId"]
        return port_id


class Pi:
    """A device as the contract has it: claims a code, fetches its key, sends readings, obeys relay commands."""

    def __init__(self, api_url: str) -> None:
        self.url = api_url
        self.device_id = f"GW-{secrets.token_hex(8)}"
        self.verification_uri_complete = ""
        self.device_code = ""
        self.interval_seconds = 1
        self.headers: dict[str, str] = {}

    def claim(self) -> str:
        """Ask for a code; returns what a person types."""
        started = _call("POST", f"{self.url}/device/claim", {}, {"deviceId": self.device_id})
        self.device_code, self.interval_seconds = started["deviceCode"], started["interval"]
        self.verification_uri_complete = started["verificationUriComplete"]
        user_code: str = started["userCode"]
        return user_code

    def fetch_key(self) -> None:
        """Poll, no faster than asked to, until a person has approved, and keep the key."""
        deadline = time.monotonic() + POLL_DEADLINE_SECONDS
        while not self._fetched():
            assert time.monotonic() < deadline, "nobody approved"
            time.sleep(self.interval_seconds)

    def use(self, api_key: str) -> None:
        """Send this key from now on."""
        self.headers = {"Authorization": f"Device {api_key}"}

    def _fetched(self) -> bool:
        answer = requests.post(
            f"{self.url}/device/claim/token", json={"deviceCode": self.device_code}, timeout=TIMEOUT_SECONDS
        )
        if answer.status_code == 400 and answer.json()["code"] in ("authorization_pending", "slow_down"):
            return False
        answer.raise_for_status()
        self.use(answer.json()["apiKey"])
        return True

    def send(self, *watts: tuple[str, float], seconds_ago: int = 0) -> dict[str, Any]:
        """One reading for each (portId, watts), taken now or a while ago; returns the reply with the relay commands."""
        now_ms = time.time_ns() // 1_000_000
        at_ms = now_ms - seconds_ago * 1_000
        readings = [
            {"portId": port_id, "timestampMs": at_ms, "voltage": 230.0, "current": power / 230, "power": power}
            for port_id, power in watts
        ]
        batch = {"batchId": secrets.token_hex(8), "sentAtMs": now_ms, "readings": readings}
        answer = _call("POST", f"{self.url}/sensor/readings", self.headers, batch)
        assert [result["status"] for result in answer["results"]] == ["stored"] * len(readings)
        return answer

    def measure(self, **sensors: float) -> None:
        """Send free sensors."""
        _call("POST", f"{self.url}/device/data", self.headers, {"sensors": sensors})

    def relay(self, port_id: str) -> dict[str, Any]:
        """The command for an outlet, from a heartbeat's reply."""
        commands = _call("POST", f"{self.url}/device/heartbeat", self.headers, {})["relays"]
        return next(command for command in commands if command["portId"] == port_id)

    def obey(self, port_id: str, state: str) -> None:
        """Wait until the relay is wanted in that state, then report that it is so."""
        deadline = time.monotonic() + POLL_DEADLINE_SECONDS
        while (command := self.relay(port_id))["desired"] != state:
            assert time.monotonic() < deadline, f"the relay was never wanted {state}"
            time.sleep(0.1)
        self._report(port_id, state, command["version"])

    def switch_at_the_plug(self, port_id: str, state: str) -> None:
        """Report that somebody pressed the plug's button."""
        self._report(port_id, state, self.relay(port_id)["version"], "at_plug")

    def _report(self, port_id: str, state: str, version: int, reason: str | None = None) -> None:
        report = {"portId": port_id, "state": state, "version": version, "reason": reason}
        _call("POST", f"{self.url}/device/heartbeat", self.headers, {"relays": [report]})


def _call(method: str, url: str, headers: dict[str, str], body: object) -> dict[str, Any]:
    answer = requests.request(method, url, headers=headers, json=body, timeout=TIMEOUT_SECONDS)
    assert answer.ok, f"{method} {url}: {answer.status_code} {answer.text}"
    decoded: dict[str, Any] = answer.json()
    return decoded
