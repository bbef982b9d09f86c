"""Both sides keep to device.json, the only thing that the cloud and the Pi's agent share."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from ghostwatt_pi.buffer.batches import Batch, BufferedReading
from ghostwatt_pi.cloud.errors import CloudAway, KeyRefused, Refused
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.schemas import Claim, ClaimedKey, ReadingResult, RelayCommand, RelayReport
from ghostwatt_pi.version import VERSION

from chalicelib.core.decoding import decode
from chalicelib.core.http import ROUTES, Route
from chalicelib.core.schemas import Failure
from chalicelib.devices import routes as devices
from chalicelib.readings import routes as readings
from chalicelib.readings.schemas import Batch as WireBatch
from chalicelib.readings.schemas import BatchReading

EXAMPLES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "device.json").read_text())
REQUESTS = [(name, request) for name, call in EXAMPLES.items() for request in call["requests"]]
REPLIES = [(name, reply) for name, call in EXAMPLES.items() for reply in call["replies"]]
REFUSALS = [(name, reply) for name, reply in REPLIES if reply["status"] != 200 and name != "data"]
BLUEPRINTS = (devices.blueprint, readings.blueprint)  # importing them fills ROUTES
API_KEY = EXAMPLES["token"]["replies"][0]["body"]["apiKey"]


def route(name: str) -> Route:
    """The cloud's own description of a call."""
    assert BLUEPRINTS
    return next(route for route in ROUTES if (route.method, route.path) == ("POST", EXAMPLES[name]["path"]))


@pytest.mark.parametrize(("name", "request_body"), REQUESTS)
def test_the_cloud_takes_each_request(name: str, request_body: Any) -> None:
    wire = route(name)
    assert wire.body is not None
    body: Any = decode(json.dumps(request_body).encode(), wire.body)
    if isinstance(body, WireBatch):
        assert [msgspec.to_builtins(decode(bytes(raw), BatchReading)) for raw in body.readings] == (
            request_body["readings"]
        )
    else:
        assert msgspec.to_builtins(body) == {name: value for name, value in request_body.items() if value != []}


@pytest.mark.parametrize(("name", "reply"), REPLIES)
def test_the_cloud_answers_exactly_the_fields_shown(name: str, reply: Any) -> None:
    kind: Any = route(name).answers if reply["status"] == 200 else Failure
    assert json.loads(msgspec.json.encode(msgspec.convert(reply["body"], kind))) == reply["body"]


@dataclass
class Exampler:
    """A cloud that gives one answer to all, and notes what it was asked."""

    url: str = ""
    status: int = 200
    body: Any = None
    paths: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def answer(self, reply: Any) -> None:
        self.status, self.body = reply["status"], reply["body"]


def handler(notes: Exampler) -> type[BaseHTTPRequestHandler]:
    """What answers for it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            notes.paths.append(self.path)
            notes.keys.append(self.headers.get("Authorization"))
            notes.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            content = json.dumps(notes.body).encode()
            self.send_response(notes.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def exampler() -> Iterator[Exampler]:
    notes = Exampler()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(notes)) as server:
        notes.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        yield notes
        server.shutdown()
        thread.join()


def call(cloud: HttpClient, name: str, request: Any) -> Any:
    """Have the agent make the request that the example shows."""
    if name == "claim":
        return cloud.start_claim(request["deviceId"])
    if name == "token":
        return cloud.poll_claim(request["deviceCode"])
    if name == "heartbeat":
        reports = [RelayReport(r["portId"], r["state"], r["version"], r.get("reason")) for r in request["relays"]]
        return cloud.heartbeat(API_KEY, reports, request.get("droppedReadings", 0))
    readings = tuple(
        BufferedReading(row, r["portId"], r["timestampMs"], r["voltage"], r["current"], r["power"])
        for row, r in enumerate(request["readings"])
    )
    return cloud.send_batch(API_KEY, Batch(request["batchId"], readings))


def ask(exampler: Exampler, name: str, request: Any, reply: Any) -> Any:
    exampler.answer(reply)
    with HttpClient(exampler.url) as cloud:
        return call(cloud, name, request)


@pytest.mark.parametrize(("name", "request_body"), [pair for pair in REQUESTS if pair[0] != "data"])
def test_the_agent_makes_exactly_such_requests(exampler: Exampler, name: str, request_body: Any) -> None:
    ask(exampler, name, request_body, EXAMPLES[name]["replies"][0])
    (made,) = exampler.bodies
    if "sentAtMs" in request_body:
        assert isinstance(made.pop("sentAtMs"), int)
    if "agentVersion" in request_body:
        assert made.pop("agentVersion") == VERSION
    own = ("sentAtMs", "agentVersion")  # of the attempt, and of the agent
    assert made == {name: value for name, value in request_body.items() if name not in own}
    assert exampler.paths == [EXAMPLES[name]["path"]]
    assert exampler.keys == [f"Device {API_KEY}" if EXAMPLES[name]["auth"] else None]


def test_the_agent_understands_a_claim_and_its_key(exampler: Exampler) -> None:
    shown = EXAMPLES["claim"]["replies"][0]["body"]
    claim = ask(exampler, "claim", EXAMPLES["claim"]["requests"][0], EXAMPLES["claim"]["replies"][0])
    assert claim == Claim(
        shown["deviceCode"], shown["userCode"], shown["verificationUri"], shown["verificationUriComplete"], 600.0, 2.0
    )
    assert ask(exampler, "token", EXAMPLES["token"]["requests"][0], EXAMPLES["token"]["replies"][0]) == ClaimedKey(
        API_KEY, EXAMPLES["token"]["replies"][0]["body"]["ownerTag"]
    )


def test_the_agent_understands_what_is_wanted_of_its_relays(exampler: Exampler) -> None:
    cut, on = EXAMPLES["heartbeat"]["replies"][0]["body"]["relays"]
    reply = ask(exampler, "heartbeat", EXAMPLES["heartbeat"]["requests"][0], EXAMPLES["heartbeat"]["replies"][0])
    assert (reply.server_time_ms, reply.interval_seconds, reply.heartbeat_seconds) == (1795239600000, 60, 60)
    assert reply.relays == (
        RelayCommand(cut["portId"], 1, "off", 3, 10.0, 1795239900000),
        RelayCommand(on["portId"], 2, "on", 0),
    )


def test_the_agent_understands_the_results_of_a_batch(exampler: Exampler) -> None:
    _, rejected, *_ = EXAMPLES["readings"]["replies"]
    answer = ask(exampler, "readings", EXAMPLES["readings"]["requests"][0], rejected)
    assert answer.results == (
        ReadingResult(0, "stored"),
        ReadingResult(1, "rejected", "unknown_port", "portId"),
    )
    assert len(answer.reply.relays) == 2


@pytest.mark.parametrize(("name", "reply"), REFUSALS)
def test_the_agent_understands_each_refusal(exampler: Exampler, name: str, reply: Any) -> None:
    kinds = {401: KeyRefused, 429: CloudAway, 503: CloudAway}
    with pytest.raises(kinds.get(reply["status"], Refused)) as refusal:
        ask(exampler, name, EXAMPLES[name]["requests"][0], reply)
    assert reply["body"]["error"] in str(refusal.value)
    if isinstance(refusal.value, Refused):
        assert (refusal.value.status, refusal.value.code) == (reply["status"], reply["body"]["code"])
        assert refusal.value.field == reply["body"].get("field")
