"""The live link of the dashboard guide: Socket.IO's own clients on the PC stack, beside the WebSocket."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio
from socketio.exceptions import ConnectionError as NotConnected
from websockets import Origin
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from infra.local.emulator.socketio_link import MOST_WAITING_PER_CLIENT
from infra.local.runner.process import RunningStack, running_stack
from tests.conftest import Call, Device, Person, eventually, new_person, now_ms, reading

PAGE = Path(__file__).parents[1] / "web" / "socketio_client.js"
WAIT_SECONDS = 60
OFFERED = "?EIO=4&transport=polling"


class NodePage:
    """A page that listens with socket.io-client from npm."""

    def __init__(self, url: str, token: str, **options: Any) -> None:
        node = shutil.which("node")
        assert node
        self.process = subprocess.Popen(
            [node, PAGE, url, token, json.dumps(options)], stdout=subprocess.PIPE, text=True
        )
        self.heard: list[list[Any]] = []
        self._lines: queue.Queue[list[Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(json.loads(line))

    def hear(self, event: str) -> list[Any]:
        """What comes first with an event of this name, now or later."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (found := [rest for name, *rest in self.heard if name == event]):
            self.heard.append(self._lines.get(timeout=max(0.0, deadline - time.monotonic())))
        return found[0]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()


Listen = Callable[..., NodePage]


@pytest.fixture
def listen(stack: RunningStack) -> Iterator[Listen]:
    with ExitStack() as pages:

        def opened(person: Person, **options: Any) -> NodePage:
            page = NodePage(stack.base_url, person.token, **options)
            pages.callback(page.close)
            return page

        yield opened


@pytest.fixture
def person(call: Call) -> Person:
    return new_person(call)


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


def measure(device: Device, **sensors: float) -> None:
    answer = device.call("POST", "/device/data", {"sensors": sensors, "timestamp": datetime.now(UTC).isoformat()})
    assert answer.status == 200, answer


@pytest.mark.parametrize("options", [{}, {"transports": ["websocket"]}, {"transports": ["polling"]}])
def test_the_dashboard_guides_page_hears_sensor_data(
    listen: Listen, person: Person, device: Device, options: dict[str, Any]
) -> None:
    page = listen(person, **options)
    if not options:
        assert page.hear("upgrade") == ["websocket"]
    page.hear("connect")
    measure(device, temperature=21.5, humidity=48)
    (push,) = page.hear("sensor_data")
    assert (push["device_id"], push["temperature"], push["humidity"]) == (device.device_id, 21.5, 48)
    assert (push["deviceId"], push["sensors"]) == (device.device_id, {"temperature": 21.5, "humidity": 48})


def test_a_push_merges_into_the_entry_of_the_list(listen: Listen, person: Person, device: Device) -> None:
    page = listen(person)
    page.hear("connect")
    hostile = {"type": 1, "device_id": 2, "deviceId": 3, "name": 4, "status": 5, "last_seen": 6, "sensors": 7}
    measure(device, temperature=20.5, **hostile)
    (push,) = page.hear("sensor_data")
    (entry,) = person.call("GET", "/devices").body
    merged = entry | push
    assert merged["temperature"] == 20.5
    assert {name: merged[name] for name in ("device_id", "name", "status", "last_seen")} == {
        name: entry[name] for name in ("device_id", "name", "status", "last_seen")
    }
    assert (push["type"], push["deviceId"]) == ("sensor_data", device.device_id)
    assert push["sensors"] == {"temperature": 20.5, **hostile}


def test_other_pushes_are_events_of_their_type(listen: Listen, person: Person, device: Device) -> None:
    page = listen(person)
    page.hear("connect")
    port_id = person.port(device)["portId"]
    assert page.hear("port")[0]["portId"] == port_id
    device.send([reading(port_id, now_ms(), 42.0)])
    assert page.hear("reading")[0]["reading"]["power"] == 42.0


def test_pythons_own_client_listens_too(stack: RunningStack, person: Person, device: Device) -> None:
    with socketio.SimpleClient() as client:
        client.connect(stack.base_url, auth={"sessionToken": person.token}, transports=["polling"])
        measure(device, pressure=1013.2)
        push: dict[str, Any] = {}
        while "pressure" not in push:
            _, push = client.receive(timeout=WAIT_SECONDS)
    assert push["device_id"] == device.device_id


def test_a_page_hears_only_its_own_persons_devices(listen: Listen, call: Call, person: Person, device: Device) -> None:
    other = new_person(call)
    page = listen(other)
    page.hear("connect")
    measure(device, temperature=1.0)
    others = other.device()
    measure(others, temperature=2.0)
    assert page.hear("sensor_data")[0]["device_id"] == others.device_id


@pytest.mark.parametrize("options", [{}, {"transports": ["websocket"]}])
def test_a_session_that_ends_takes_its_pages_along(listen: Listen, person: Person, options: dict[str, Any]) -> None:
    page = listen(person, **options)
    page.hear("connect")
    person.call("POST", "/account/logout")
    assert page.hear("disconnect") == ["io server disconnect"]
    late = listen(person, **options)
    assert late.hear("connect_error")[1:] == ["bad_session", False]


def test_a_read_token_gets_no_ticket_and_no_link_and_a_control_token_does(
    listen: Listen, person: Person, device: Device
) -> None:
    def token(scope: str) -> Person:
        answer = person.call("POST", "/account/token", {"name": scope, "scope": scope})
        return replace(person, token=answer.body["token"])

    assert listen(token("read")).hear("connect_error")[1] == token("read").call("POST", "/live/ticket").body["code"]
    page = listen(token("control"))
    page.hear("connect")
    measure(device, temperature=3.0)
    assert page.hear("sensor_data")[0]["temperature"] == 3.0


@pytest.mark.parametrize("token", ["", "x", "grüße", None, {"a": 1}])
def test_what_is_no_token_is_refused_and_says_so(stack: RunningStack, token: object) -> None:
    reasons: list[Any] = []
    client = socketio.Client()
    client.on("connect_error", reasons.append)
    with pytest.raises(NotConnected):
        client.connect(stack.base_url, auth={"sessionToken": token}, transports=["polling"])
    assert [reason["data"]["code"] for reason in reasons] == ["bad_session"]


def test_pages_of_other_origins_may_not_listen(stack: RunningStack) -> None:
    url = f"{stack.base_url}/socket.io/{OFFERED}"
    socket_url = stack.base_url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    for origin in ("https://evil.example", "null"):
        answer = requests.get(url, headers={"Origin": origin}, timeout=WAIT_SECONDS)
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_origin")
        assert "Access-Control-Allow-Origin" not in answer.headers
        with pytest.raises(InvalidStatus):
            connect(socket_url, origin=Origin(origin))
    own = requests.get(url, headers={"Origin": stack.base_url}, timeout=WAIT_SECONDS)
    assert own.headers["Access-Control-Allow-Origin"] == stack.base_url


def test_the_allowed_origin_may_listen(tmp_path: Path) -> None:
    with running_stack(tmp_path, environment={"WEB_ORIGIN": "http://localhost:5173"}) as stack:
        url, origin = f"{stack.base_url}/socket.io/{OFFERED}", "http://localhost:5173"
        answer = requests.get(url, headers={"Origin": origin, "Sec-Fetch-Site": "same-site"}, timeout=WAIT_SECONDS)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)


def test_links_that_never_show_a_token_are_few_and_end(stack: RunningStack) -> None:
    def offered() -> int:
        return requests.get(f"{stack.base_url}/socket.io/{OFFERED}", timeout=WAIT_SECONDS).status_code

    statuses = [offered() for _ in range(MOST_WAITING_PER_CLIENT + 2)]
    assert (statuses[0], statuses[-1]) == (200, 429)
    eventually(lambda: offered() == 200, "the waiting links end")
