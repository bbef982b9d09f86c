"""The app in the tests' own process, under the grants of grants.yaml: what AWS would deny is denied here.

What the tests use of the grants is noted, so that test_grants.py can find those that nothing uses.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

import app
from chalicelib.accounts.store import UserItem
from chalicelib.core.dynamo import Connection
from infra.aws.packaging import functions
from infra.aws.packaging import template_parts as parts
from infra.local.emulator import template
from infra.local.emulator.gateway import Gateway
from infra.local.emulator.gateway_answers import GatewayAnswers
from infra.local.runner.environment import STAGE
from tests.conftest import Person, eventually
from tests.integration.stream import deliver

__all__ = ["deliver"]

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = {
    "live_connect": "WebsocketConnect",
    "live_message": "WebsocketMessage",
    "live_disconnect": "WebsocketDisconnect",
    "mqtt_data": "MqttData",
    "mqtt_authorize": "MqttAuthorize",
    "examine": "Examine",
    "sweep": "Sweep",
    "export_job": "ExportJob",
    "account_mail": "AccountMail",
}
"""From a handler to its function; all routes are APIHandler."""
VERBS = {
    ("detection/service", "examine"): "Examine",
    ("detection/service", "detect"): "Examine",
    ("notifications/delivery", "deliver_due"): "Sweep",
    ("notifications/delivery_round", "post_webhooks"): "Sweep",
    ("notifications/digest_service", "run"): "Sweep",
    ("deletion/worker", "delete_requested"): "Sweep",
    ("energy/roll_up", "roll_up_silent_devices"): "Sweep",
    ("devices/sweep", "sweep"): "Sweep",
}
"""From module and name of a verb that one function alone calls to that function: tests call it too, at any time."""
PARTS_OF_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


Grant = tuple[str, str, str]
"""A function, the table or table/index that it uses, and DynamoDB's action."""


class Denied(AssertionError):
    """AWS would answer AccessDeniedException."""


def confirm_address(person: Person) -> None:
    """What following the link of the confirmation leaves behind."""
    UserItem(person.email).update(actions=[UserItem.confirmed_at_ms.set(1)])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unused grants are looked for when all else has run."""
    items.sort(key=lambda item: item.path == Path(__file__).with_name("test_grants.py"))


@pytest.fixture(scope="session")
def api(database: str) -> Iterator[str]:
    """The base URL of the Chalice app behind the PC stack's gateway, over real HTTP, with no pump and no schedule."""
    gateway = Gateway(app.app, GatewayAnswers(template.load({"Stage": STAGE})))
    config = uvicorn.Config(Starlette(routes=[Mount("/api", gateway)]), port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started, "the gateway starts")
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/api"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session", autouse=True)
def under_grants() -> Iterator[set[Grant]]:
    """Deny each call to the database that the calling function's role does not allow; what was used so far."""
    allowed = functions.grants()
    tables = logical_ids()
    dispatch = Connection.dispatch
    used: set[Grant] = set()

    def checked(self: Connection, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        function = calling_function()
        for action, name, index in calls(operation, arguments) if function else ():
            place = f"{tables[name]}/{index}" if index else tables[name]
            if action not in allowed[function or ""].get("tables", {}).get(place, ()):
                raise Denied(f"{function} may not {action} on {place}: see infra/aws/packaging/grants.yaml")
            used.add((function or "", place, action))
        return dispatch(self, operation, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "dispatch", checked)
        yield used


def logical_ids() -> dict[str, str]:
    """From a table's name here to its logical id in the template."""
    return {
        one["Properties"]["TableName"]["Fn::Sub"].replace("${Stage}", "local"): name
        for name, one in parts.merged()["Resources"].items()
        if one.get("Type") == parts.TABLE
    }


def calling_function() -> str | None:
    """The function on whose behalf the code runs: its handler is on the stack. None for a test's own calls."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - there is no other way to ask who calls
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        is_route = path.stem.endswith("routes") or path == ROOT / "chalicelib" / "core" / "http.py"
        if is_route and path.is_relative_to(ROOT / "chalicelib"):
            return "APIHandler"
        is_handler = path == ROOT / "app.py" or path.is_relative_to(ROOT / "chalicelib" / "entrypoints")
        if is_handler and frame.f_code.co_name in ENTRIES:
            return ENTRIES[frame.f_code.co_name]
        verb = f"{path.parent.name}/{path.stem}", frame.f_code.co_name
        if path.is_relative_to(ROOT / "chalicelib") and verb in VERBS:
            return VERBS[verb]
        frame = frame.f_back
    return None


def calls(operation: str, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What IAM sees of an operation: actions, each with table and index."""
    if operation == "TransactWriteItems":
        for item in arguments["TransactItems"]:
            for part, given in item.items():
                yield PARTS_OF_TRANSACTION[part], given["TableName"], ""
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for name in arguments["RequestItems"]:
            yield operation, name, ""
    else:
        yield operation, arguments["TableName"], arguments.get("IndexName", "")
