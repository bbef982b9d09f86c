"""What all tests share: the real database server, and people and devices that call the real Chalice entry."""

from __future__ import annotations

import fcntl
import io
import json
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests

from chalicelib.core.settings import settings
from infra.local.database import tables
from infra.local.database.server import Database, server_binary
from infra.local.emulator import template
from infra.local.emulator.clients import create_client
from infra.local.runner.environment import NOWHERE, STAGE, app_environment, no_proxy, put_in_place
from tests.grants import GrantCheck

# Before any other module of the tests is imported: one of storage asks for the stage as soon as it is, and what a
# person's own environment says of AWS must reach nothing. Only the database's address comes later.
for _personal in ("SMTP_URL", "MAIL_FROM", "WEBHOOK_ALLOW_PRIVATE", "LOGS", "SIGNING_KEYS_PATH", "ORIGIN_SHA256"):
    os.environ.pop(_personal, None)
# All the people of all tests share one address.
os.environ["LIMITS"] = "sign_ups=off address_calls=off"
put_in_place(
    app_environment(
        public_url="http://localhost:8000",
        database_url=NOWHERE,
        live_endpoint="",
        iot_endpoint="",
        jwt_secret=secrets.token_hex(32),
    )
)

# How long an example takes, to make or to run, is the machine's matter. Each run draws other examples: few are enough
# for one, and make test-properties draws many.
ANY_MACHINE = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("quick", ANY_MACHINE, max_examples=50)
hypothesis.settings.register_profile("thorough", ANY_MACHINE, max_examples=2_000)
hypothesis.settings.load_profile("quick")


@dataclass(frozen=True)
class Answered:
    """An answer of the API."""

    status: int
    body: Any
    headers: Mapping[str, str]


Call = Callable[..., Answered]
LONG_FOLDERS = ("benchmarks", "faults", "fuzz", "browser", "integration", "contract", "device")
"""Folders whose tests take long, in order. Benchmarks count what a sweep reads: they need a database of which nobody
else has used anything yet."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of `make smoke`: a running Ghostwatt instead of a stack of the tests' own."""
    parser.addoption("--base", default="", help="call this address, such as https://home.example")
    parser.addoption("--mqtt", default="", help="its MQTT broker, such as mqtts://home.example:8883")


def pytest_configure(config: pytest.Config) -> None:
    """Look at the grants at the end of a run."""
    config.pluginmanager.register(GrantCheck(), "grant-check")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the long tests first: short ones at the end keep all workers busy until they end together."""
    items.sort(key=lambda item: _length_rank(item.nodeid.split("/")))


def _length_rank(parts: list[str]) -> int:
    """The place of a test's folder among the long ones; after them without one."""
    return next((rank for rank, folder in enumerate(LONG_FOLDERS) if folder in parts[:2]), len(LONG_FOLDERS))


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real database server with all tables; the app's environment points to it."""
    server = Database(tmp_path_factory.mktemp("database"), server_binary())
    server.start()
    server.wait_until_ready()
    put_in_place({"AWS_ENDPOINT_URL_DYNAMODB": server.url, **no_proxy(server.url)})
    client = create_client("dynamodb", server.url)
    tables.ensure(client, template.load({"Stage": STAGE}))
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def made_package(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder with the dev stage's package for an architecture, which is made once for all workers of a run.

    Nobody may write there.
    """
    base = tmp_path_factory.getbasetemp()
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(architecture: str) -> Path:
        from infra.aws.packaging.package import package  # noqa: PLC0415 - slow to import, and few tests need it

        out = run / f"package-{architecture}"
        with (run / f"{out.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (out / "sam.yaml").exists():  # which is written last
                package("dev", architecture, out)
        return out

    return made


@pytest.fixture(scope="session")
def call(api: str) -> Iterator[Call]:
    """Call the API (each folder has its own): call("POST", "/account/login", {...}, header_name=value)."""
    with requests.Session() as session:
        # each test says who it is: a cookie from another one's log-in must not
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

        def request(method: str, path: str, body: Any = None, **headers: str) -> Answered:
            raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            sent = {"Content-Type": "application/json", **named}
            response = session.request(method, api + path, headers=sent, data=raw, timeout=60)
            return Answered(response.status_code, _json(response), response.headers)

        yield request


def _json(response: requests.Response) -> Any:
    return response.json() if response.headers.get("Content-Type", "").startswith("application/json") else response.text


@pytest.fixture
def json_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged where logs are JSON, as on Lambda."""
    monkeypatch.setenv("LOGS", "json")
    settings.cache_clear()
    written = io.StringIO()
    handler, root = logging.StreamHandler(written), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)
    monkeypatch.undo()
    settings.cache_clear()


def eventually(holds: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.01)


@dataclass(frozen=True)
class Device:
    """A paired device of a person."""

    device_id: str
    api_key: str
    call_entry: Call

    def call(self, method: str, path: str, body: Any = None) -> Answered:
        """Call with the device's key."""
        return self.call_entry(method, path, body, Authorization=f"Device {self.api_key}")

    def send(self, readings: list[dict[str, Any]], batch_id: str | None = None, sent_at_ms: int = 0) -> Answered:
        """Send a batch of readings."""
        batch = {"batchId": batch_id or secrets.token_hex(8), "sentAtMs": sent_at_ms or now_ms(), "readings": readings}
        return self.call("POST", "/sensor/readings", batch)


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    email: str
    password: str
    token: str
    call_entry: Call

    def call(self, method: str, path: str, body: Any = None) -> Answered:
        """Call with the person's session."""
        return self.call_entry(method, path, body, x_session_token=self.token)

    def close_account(self) -> Answered:
        """Close the account."""
        return self.call("DELETE", "/account", {"currentPassword": self.password})

    def device(self, name: str = "My Pi") -> Device:
        """Register a new device."""
        device_id = f"GW-{secrets.token_hex(6)}"
        answer = self.call("POST", "/device/register", {"deviceId": device_id, "deviceName": name})
        assert answer.status == 200, answer
        return Device(device_id, answer.body["apiKey"], self.call_entry)

    def port(self, device: Device, name: str = "Television", **settings: Any) -> dict[str, Any]:
        """Add an outlet to a device."""
        answer = self.call("POST", "/port", {"deviceId": device.device_id, "name": name, **settings})
        assert answer.status == 201, answer
        created: dict[str, Any] = answer.body
        return created


@pytest.fixture
def person(call: Call) -> Person:
    """Somebody new."""
    return new_person(call)


@pytest.fixture
def stranger(call: Call) -> Person:
    """Somebody else."""
    return new_person(call)


def new_person(call: Call) -> Person:
    """Sign somebody up."""
    email, password = f"{secrets.token_hex(6)}@example.org", secrets.token_hex(8)
    answer = call("POST", "/account/signup", {"email": email, "password": password})
    assert answer.status == 201, answer
    return Person(email, password, answer.body["sessionToken"], call)


def now_ms() -> int:
    """The time of now, epoch milliseconds."""
    return time.time_ns() // 1_000_000


def reading(port_id: str, at_ms: int, watts: float) -> dict[str, Any]:
    """A reading of a batch."""
    return {"portId": port_id, "timestampMs": at_ms, "voltage": 230.0, "current": round(watts / 230, 3), "power": watts}
