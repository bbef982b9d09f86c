"""A person with all that a person can have, so that a stranger has something to reach for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.conftest import Answered, Call, Device, Person, eventually, new_person, now_ms
from tests.contract.openapi import Operation

BODIES: dict[str, dict[str, Any]] = {
    "/account/signup": {"email": "nobody@example.org", "password": "correct horse"},
    "/account/login": {"email": "nobody@example.org", "password": "correct horse"},
    "/account": {"currency": "EUR"},
    "DELETE /account": {"currentPassword": "correct horse"},
    "/account/token": {"name": "Grafana"},
    "/account/tariffs": {"tariffs": []},
    "/account/confirm": {"token": "x"},
    "/account/totp": {"currentPassword": "correct horse", "code": "123456"},
    "POST /account/totp": {"currentPassword": "correct horse"},
    "/account/totp/confirm": {"code": "123456"},
    "/account/reset": {"email": "nobody@example.org"},
    "/device/claim": {"deviceId": "GW-0123456789"},
    "/device/claim/token": {"deviceCode": "x"},
    "/device/claim/approve": {"userCode": "BBBB-BBBB"},
    "/device/claim/deny": {"userCode": "BBBB-BBBB"},
    "/device/data": {"sensors": {"temperature": 1}},
    "/device/{deviceId}": {"name": "Mine now"},
    "/port/{portId}": {"name": "Mine now"},
    "/port/{portId}/switch": {"state": "on"},
    "/port/{portId}/backtest": {"days": 1},
    "/phantom-event/{eventId}/feedback": {"verdict": "wrong"},
    "/notification/settings": {"kinds": {"phantom": ["page"]}},
    "/sensor/readings": {"batchId": "b", "sentAtMs": 1, "readings": []},
}
"""A body that each route takes; the rest are made from the household's ids."""


@dataclass(frozen=True)
class Household:
    """Two ports that were both cut, two logs of free sensors, and so two of everything that is listed."""

    person: Person
    device: Device
    port_ids: tuple[str, str]
    event_ids: tuple[str, ...]
    read_token_id: str

    @property
    def ids(self) -> dict[str, str]:
        """What stands in the paths of the contract."""
        event_id, port_id = self.event_ids[0], self.port_ids[0]
        return {
            "deviceId": self.device.device_id,
            "portId": port_id,
            "eventId": event_id,
            "userCode": "BBBB-BBBB",
            "sessionId": self.read_token_id,
            "exportId": "export-1",
        }

    def lists(self) -> dict[str, str]:
        """Every list with a cursor, by what it holds."""
        return {
            "devices": "/device/list",
            "ports": "/port/list",
            "events": "/phantom-event/list",
            "notifications": "/notification/list",
            "data": f"/device/{self.device.device_id}/data",
        }

    def seen(self) -> list[Any]:
        """All that its owner can read of it, less what changes as time goes by."""
        paths = [*self.lists().values(), f"/device/{self.device.device_id}", "/account", "/devices"]
        paths += [f"/port/{port_id}{part}" for port_id in self.port_ids for part in ("", "/history")]
        return [timeless(self.person.call("GET", path).body) for path in paths]


def timeless(answer: Any) -> Any:
    """An answer without its sentences on how long ago a device called."""
    if isinstance(answer, dict):
        return {name: timeless(value) for name, value in answer.items() if name != "liveness"}
    return [timeless(each) for each in answer] if isinstance(answer, list) else answer


def settle(call: Call) -> Household:
    """Sign somebody up and let all of that happen."""
    person = new_person(call)
    device = person.device()
    person.device()
    settings = {"policy": "cut", "dwellSeconds": 0, "thresholdWatts": 10}
    first, second = (str(person.port(device, name, **settings)["portId"]) for name in ("Television", "Console"))
    at_ms = now_ms()
    standby = {"voltage": 230, "current": 0.02, "power": 4.6, "timestampMs": at_ms}
    assert device.send([{"portId": first, **standby}, {"portId": second, **standby}]).status == 200
    for earlier_ms in (1_000, 2_000):
        log = {"sensors": {"temperature": 20.5}, "timestamp": at_ms - earlier_ms}
        assert device.call("POST", "/device/data", log).status == 200

    def events() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = person.call("GET", "/phantom-event/list").body["events"]
        return found

    eventually(lambda: len(events()) == 2, "both ports are cut")
    eventually(lambda: "temperature" in str(person.call("GET", "/devices").body), "the sensors are shown")
    token = str(person.call("POST", "/account/token", {"name": "Grafana"}).body["sessionId"])
    return Household(person, device, (first, second), tuple(event["eventId"] for event in events()), token)


def refused(answer: Answered, *statuses: int) -> bool:
    """Whether this is an error of the contract with one of these statuses."""
    shaped = isinstance(answer.body, dict) and answer.body.get("success") is False
    return answer.status in statuses and shaped and bool(answer.body.get("code")) and bool(answer.body.get("error"))


def fitting_body(operation: Operation, household: Household) -> dict[str, Any] | None:
    """A body that is right in all but whose ids it names."""
    if operation.body is None:
        return None
    made: dict[str, dict[str, Any]] = {
        "/port": {"deviceId": household.device.device_id, "name": "Mine now"},
        "/device/register": {"deviceId": household.device.device_id},
        "/devices": {"device_id": household.device.device_id, "name": "Mine now"},
        "/sensor/reading": {
            "deviceToken": "gwk.x.y",
            "portId": household.port_ids[0],
            "voltage": 1,
            "current": 1,
            "power": 1,
        },
    }
    return made.get(operation.path) or BODIES.get(str(operation)) or BODIES.get(operation.path, {})


def caller(operation: Operation, household: Household) -> dict[str, str]:
    """The header with which the owner's side calls a route."""
    if "device" in operation.schemes:
        return {"Authorization": f"Device {household.device.api_key}"}
    return {"x_session_token": household.person.token}
