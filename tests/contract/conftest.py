"""A real stack in a process of its own, and people and devices that call it.

With -p tests.deployed.plugin the same tests call the packaged stack in the emulator instead, and with --base any
running Ghostwatt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any, TypeVar

import pytest
import requests

from infra.local.runner.process import RunningStack, running_stack
from tests.conftest import Answered, Call, Person, new_person
from tests.contract.household import Household, settle
from tests.contract.openapi import Operation, operations

Result = TypeVar("Result")
DEPLOYED = "tests.deployed.plugin"


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[RunningStack]:
    if pytestconfig.pluginmanager.has_plugin(DEPLOYED) or pytestconfig.option.base:
        pytest.skip("it is about the PC stack's own server: its page, its paths, its sockets")
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def api(request: pytest.FixtureRequest) -> str:
    """The one address that a client of the guides has to change."""
    if request.config.option.base:
        return f"{request.config.option.base.rstrip('/')}/api"
    if request.config.pluginmanager.has_plugin(DEPLOYED):
        return str(request.getfixturevalue("deployed").api_url)
    return f"{request.getfixturevalue('stack').base_url}/api"


@pytest.fixture(scope="module")
def live_url(request: pytest.FixtureRequest) -> str:
    """Where pages open their socket; a ticket is added."""
    if request.config.pluginmanager.has_plugin(DEPLOYED):
        return str(request.getfixturevalue("deployed").live_url)
    return str(request.getfixturevalue("stack").base_url).replace("http", "ws") + "/live"


@pytest.fixture(scope="module")
def mqtt_url(request: pytest.FixtureRequest) -> str:
    """Where devices sign in by MQTT."""
    if request.config.option.mqtt:
        return str(request.config.option.mqtt)
    if request.config.option.base or request.config.pluginmanager.has_plugin(DEPLOYED):
        pytest.skip("no broker was named: --mqtt mqtts://HOST:PORT")
    log: str = (request.getfixturevalue("stack").data_dir / "stack.log").read_text()
    address = re.search(r"^MQTT at (\S+)$", log, re.MULTILINE)
    assert address
    return address[1]


@pytest.fixture(scope="module")
def socket_refusal(request: pytest.FixtureRequest) -> int:
    """The status for a socket that is refused: what $connect answered, but the emulator makes 403 of all that."""
    return 403 if request.config.pluginmanager.has_plugin(DEPLOYED) else 401


@pytest.fixture(scope="module")
def web_origin(request: pytest.FixtureRequest) -> str:
    """The one origin whose pages may call."""
    if request.config.pluginmanager.has_plugin(DEPLOYED):
        return str(request.getfixturevalue("deployed").web_origin)
    return str(request.getfixturevalue("stack").base_url)


@pytest.fixture(scope="module")
def signing_secret(request: pytest.FixtureRequest) -> str:
    """What signs session tokens here: a forger's dream."""
    if request.config.pluginmanager.has_plugin(DEPLOYED):
        return str(request.getfixturevalue("deployed").signing_secret)
    return str((request.getfixturevalue("stack").data_dir / "jwt_secret").read_text())


@pytest.fixture(scope="module")
def call(api: str) -> Call:
    """Call the API without any memory: call("POST", "/account/login", {...}, header_name=value)."""

    def request(method: str, path: str, body: Any = None, **headers: str) -> Answered:
        raw = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = requests.request(method, api + path, headers=named, data=raw, timeout=60, allow_redirects=False)
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return Answered(response.status_code, response.json() if is_json else response.text, response.headers)

    return request


@pytest.fixture(scope="module")
def household(call: Call) -> Household:
    return settle(call)


@pytest.fixture(scope="module")
def stranger_here(call: Call) -> Person:
    return new_person(call)


@pytest.fixture(scope="module")
def all_operations(call: Call) -> list[Operation]:
    return operations(call("GET", "/openapi.json").body)


def together(acts: Sequence[Callable[[], Result]]) -> list[Result]:
    """Do several things at the same moment; the results in their order."""
    start = Barrier(len(acts))

    def one(act: Callable[[], Result]) -> Result:
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(one, acts))


def at_once(act: Callable[[int], Result], times: int) -> list[Result]:
    """Do the same so many times at the same moment; each is told its number."""
    return together([partial(act, number) for number in range(times)])


@pytest.fixture(scope="module")
def document(call: Call) -> dict[str, Any]:
    """The OpenAPI document."""
    return dict(call("GET", "/openapi.json").body)
