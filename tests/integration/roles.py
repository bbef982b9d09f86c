"""The role that the code runs under: what AWS would deny is denied here, and what is used of the grants is noted.

A test's own calls of the database run under no role.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from importlib import import_module
from typing import Any

import pytest
from chalice.app import Chalice, EventSourceHandler

from chalicelib.core.dynamo import Connection
from infra.aws.packaging import functions, template

HANDLERS = {
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
"""From a handler's name to its function in the template. All HTTP routes are APIHandler."""
VERBS = {
    ("entrypoints.stream", "process_chunks"): "Examine",
    ("detection.service", "detect"): "Examine",
    ("notifications.delivery", "deliver_due"): "Sweep",
    ("notifications.delivery_round", "DeliveryRound.post_webhooks"): "Sweep",
    ("notifications.weekly_digest", "make_due_digests"): "Sweep",
    ("deletion.worker", "delete_requested"): "Sweep",
    ("energy.roll_up", "roll_up_silent_devices"): "Sweep",
    ("devices.presence", "mark_silent_devices"): "Sweep",
}
"""From the module and name of a verb to the one function that calls it. Tests call these verbs too, at any time."""
PARTS_OF_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
Grant = tuple[str, str, str]
"""A function, the table or table/index that it uses, and DynamoDB's action."""

_function: ContextVar[str | None] = ContextVar("function", default=None)


class Denied(AssertionError):
    """AWS would answer AccessDeniedException."""


@contextmanager
def acting_as(function: str) -> Iterator[None]:
    """Run under the role of a function of the template."""
    token = _function.set(function)
    try:
        yield
    finally:
        _function.reset(token)


def give_roles_to_verbs() -> None:
    """Wrap each verb of VERBS; to be called before the modules of the tests import them."""
    for (module_name, name), function in VERBS.items():
        owner: Any = import_module(f"chalicelib.{module_name}")
        *classes, attribute = name.split(".")
        for class_name in classes:
            owner = getattr(owner, class_name)
        setattr(owner, attribute, _under_role(getattr(owner, attribute), function))


def _under_role(verb: Callable[..., Any], function: str) -> Callable[..., Any]:
    @wraps(verb)
    def run(*arguments: Any, **named: Any) -> Any:
        with acting_as(function):
            return verb(*arguments, **named)

    return run


def enforce(patch: pytest.MonkeyPatch) -> set[Grant]:
    """Run each handler under its function's role, and deny what the role does not allow.

    Returns:
        The grants that are used, growing while the tests run.
    """
    call_api, call_handler, dispatch = Chalice.__call__, EventSourceHandler.__call__, Connection.dispatch
    allowed, tables, used = functions.grants(), logical_ids(), set[Grant]()

    def as_api(self: Chalice, event: Any, context: Any) -> Any:
        with acting_as("APIHandler"):
            return call_api(self, event, context)

    def as_handler(self: EventSourceHandler, event: Any, context: Any) -> Any:
        original = getattr(self.func, "_original_func", self.func)
        with acting_as(HANDLERS[original.__name__]):
            return call_handler(self, event, context)

    def checked(self: Connection, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        function = _function.get()
        for action, name, index in actions(operation, arguments) if function else ():
            place = f"{tables[name]}/{index}" if index else tables[name]
            if action not in allowed[function or ""].get("tables", {}).get(place, ()):
                raise Denied(f"{function} may not {action} on {place}: see grants.yaml")
            used.add((function or "", place, action))
        return dispatch(self, operation, arguments)

    patch.setattr(Chalice, "__call__", as_api)
    patch.setattr(EventSourceHandler, "__call__", as_handler)
    patch.setattr(Connection, "dispatch", checked)
    return used


def logical_ids() -> dict[str, str]:
    """From a table's name here to its logical id in the template."""
    return {
        resource["Properties"]["TableName"]["Fn::Sub"].replace("${Stage}", "local"): name
        for name, resource in template.merged()["Resources"].items()
        if resource.get("Type") == template.TABLE
    }


def actions(operation: str, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
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
