"""A small cloud that keeps the contract's device calls: strict about requests, and failing on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
READING_FIELDS = {"portId", "timestampMs", "voltage", "current", "power"}
ACCEPTS = ("heldMs", "nullVolts")
MAX_HELD_MS = 900_000


@dataclass
class Failure:
    """What happens to the next call of a path: an error answer, or (status 0) the work is done but no answer comes."""

    status: int
    body: Body = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeCloud:
    """State of the cloud; tests read and change it. Times are the wall clock's unless `server_time_ms` is set."""

    api_key: str = "key-1"
    claim_state: str = "authorization_pending"
    claim_interval_seconds: float = 0.05
    owner_tag: str | None = None
    interval_seconds: int = 1
    heartbeat_seconds: int = 1
    owned: bool = False
    server_time_ms: int | None = None
    relays: list[Body] = field(default_factory=list)
    stored: dict[tuple[str, int], Body] = field(default_factory=dict)
    batches: dict[str, list[Body]] = field(default_factory=dict)
    attempts: list[tuple[str, list[Body]]] = field(default_factory=list)
    reports: list[Body] = field(default_factory=list)
    calls: list[tuple[str, float]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    failures: dict[str, list[Failure]] = field(default_factory=dict)
    reject: Callable[[Body], str | None] = lambda _: None
    stumble: Callable[[Body], bool] = lambda _: False
    max_batch: int = 500
    dropped_readings: int = 0
    accepts: tuple[str, ...] | None = ("nullVolts",)  # no spans: tests see every measurement; None: version 0.2.0
    refuses_whole_batches: bool = False  # for one reading of a form that it does not know, a stricter cloud than any
    sent_at_ms: list[int] = field(default_factory=list)
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.silent = threading.Event()  # while it is set readings are stored, but no answer comes
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}/api"
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def close(self) -> None:
        self.silent.clear()
        self._server.shutdown()
        self._server.server_close()

    def add_port(self, channel: int, port_id: str = "", **command: object) -> None:
        self.relays.append(
            {"portId": port_id or f"port-{channel}", "channel": channel, "desired": "on", "version": 1, **command}
        )

    def command(self, channel: int, desired: str, version: int, **conditions: object) -> None:
        """Give the outlet's command another version."""
        with self.lock:
            (old,) = [relay for relay in self.relays if relay["channel"] == channel]
            self.relays[self.relays.index(old)] = {
                "portId": old["portId"], "channel": channel, "desired": desired, "version": version, **conditions
            }  # fmt: skip

    def fail(self, path: str, status: int, body: Body | None = None, **headers: str) -> None:
        """Let the next call of this path fail; again for the one after it."""
        self.failures.setdefault(path, []).append(Failure(status, body or {}, headers))

    def count(self, path: str) -> int:
        return sum(1 for called, _ in self.calls if called == path)

    def reported(self, channel: int) -> list[Body]:
        port_id = next(relay["portId"] for relay in self.relays if relay["channel"] == channel)
        return [report for report in self.reports if report["portId"] == port_id]

    def answer(self, path: str, body: Body, authorization: str) -> tuple[int, Body, dict[str, str]]:
        """(status, body, headers); status 0 is no answer."""
        self.calls.append((path, time.monotonic()))
        waiting = self.failures.get(path)
        failure = waiting.pop(0) if waiting else None
        if failure and failure.status:
            return failure.status, {"success": False, "error": "as told", **failure.body}, failure.headers
        status, said = self._work(path, body, authorization)
        return (0 if failure else status), said, {}

    def _work(self, path: str, body: Body, authorization: str) -> tuple[int, Body]:
        if path == "/device/claim":
            return self._start_claim(body)
        if path == "/device/claim/token":
            return self._poll_claim(body)
        if authorization != f"Device {self.api_key}":
            return 401, {"error": "unknown key", "code": "unauthorized"}
        if path == "/device/heartbeat":
            self._check(body, {"sentAtMs", "relays", "agentVersion"}, {"droppedReadings"})
            self.dropped_readings = body.get("droppedReadings", 0)
            for report in body["relays"]:
                self._check(report, {"portId", "state", "version"}, {"reason"})
            self.reports += body["relays"]
            return 200, self._reply()
        if path == "/sensor/readings":
            return self._store(body)
        return 404, {"error": "no such call", "code": "not_found"}

    def _start_claim(self, body: Body) -> tuple[int, Body]:
        self._check(body, {"deviceId"}, set())
        if self.owned:
            return 409, {"error": "it has an owner", "code": "owned"}
        uri = "http://127.0.0.1/pair"
        return 200, {
            "deviceCode": "device-code", "userCode": "ABCD-2345", "verificationUri": uri,
            "verificationUriComplete": f"{uri}?code=ABCD-2345", "expiresIn": 60,
            "interval": self.claim_interval_seconds,
        }  # fmt: skip

    def _poll_claim(self, body: Body) -> tuple[int, Body]:
        self._check(body, {"deviceCode"}, set())
        if self.claim_state != "approved":
            return 400, {"error": "not yet", "code": self.claim_state}
        tag = {} if self.owner_tag is None else {"ownerTag": self.owner_tag}
        return 200, {"apiKey": self.api_key, "deviceId": "GW", **tag}

    def _store(self, body: Body) -> tuple[int, Body]:
        self._check(body, {"batchId", "sentAtMs", "readings"}, set())
        batch_id, readings = body["batchId"], body["readings"]
        self.attempts.append((batch_id, readings))
        self.sent_at_ms.append(body["sentAtMs"])
        if any(map(self.stumble, readings)):
            return 500, {"error": "Something went wrong on our side.", "code": "internal"}
        if len(readings) > self.max_batch:
            return 413, {"error": "too large", "code": "too_large"}
        if self.refuses_whole_batches and (fields := [name for name in map(self._unknown_field, readings) if name]):
            return 422, {"error": "unknown field", "code": "invalid", "field": fields[0]}
        if self.batches.setdefault(batch_id, readings) != readings:
            return 409, {"error": "other readings", "code": "batch_conflict"}
        return 200, {"results": [self._store_one(i, r) for i, r in enumerate(readings)], **self._reply()}

    def _store_one(self, index: int, reading: Body) -> Body:
        self._check(reading, READING_FIELDS, {"heldMs"})
        if unknown := self._unknown_field(reading):
            return {"index": index, "status": "rejected", "code": "invalid", "field": unknown}
        if code := self.reject(reading):
            return {"index": index, "status": "rejected", "code": code, "field": "power"}
        key = reading["portId"], reading["timestampMs"]
        status = "duplicate" if key in self.stored else "stored"
        self.stored.setdefault(key, reading)
        return {"index": index, "status": status}

    def _reply(self) -> Body:
        return {
            "serverTimeMs": self.server_time_ms or self.now_ms(), "intervalSeconds": self.interval_seconds,
            "heartbeatSeconds": self.heartbeat_seconds, "relays": list(self.relays), "somethingNew": True,
            **({} if self.accepts is None else {"accepts": [*self.accepts, "somethingNew"]}),
        }  # fmt: skip

    def _unknown_field(self, reading: Body) -> str | None:
        """The field that this cloud refuses, as a real one of its version does."""
        accepts = self.accepts or ()
        if "heldMs" in reading and ("heldMs" not in accepts or not 0 < reading["heldMs"] <= MAX_HELD_MS):
            return "heldMs"
        nulls = [name for name in ("voltage", "current") if reading[name] is None]
        return nulls[0] if nulls and "nullVolts" not in accepts else None

    def _check(self, body: Body, needed: set[str], allowed: set[str]) -> None:
        """The real cloud answers 422 to unknown fields; here the test that closes the cloud fails."""
        if not needed <= body.keys() <= needed | allowed:
            self.complaints.append(f"fields {sorted(body)}, not {sorted(needed)}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, cloud: FakeCloud) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.cloud = cloud


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Only /health, by anybody."""
        known = self.path == "/api/health"
        self._answer(200 if known else 404, {}, json.dumps({"success": known, "status": "ok"}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.cloud.lock:
            status, said, headers = self.server.cloud.answer(
                self.path.removeprefix("/api"), body, self.headers.get("Authorization", "")
            )
        while self.server.cloud.silent.is_set() and self.path.endswith("/readings"):
            time.sleep(0.01)
        if status == 0:
            self.close_connection = True
            return
        self._answer(status, headers, json.dumps({"success": status < 300, **said}).encode())

    def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        try:
            self.end_headers()
            self.wfile.write(data)
        except ConnectionError:  # the agent was killed amid the call
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Silence."""
