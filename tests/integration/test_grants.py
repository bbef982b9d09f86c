"""No grant is there for nothing: each is used by some test, or stands here with the reason why none uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.aws.packaging import functions
from tests.integration.conftest import Grant

UNTRIED: dict[Grant, str] = {
    (function, "ConnectionsTable", "DeleteItem"): "a push that finds a page gone; there are no pages here to push to"
    for function in ("APIHandler", "Examine", "MqttData", "Sweep")
} | dict.fromkeys(
    (
        ("APIHandler", "StatesTable", "PutItem"),
        ("MqttData", "StatesTable", "PutItem"),
        ("MqttData", "PortsTable", "GetItem"),
    ),
    "a silent outlet that a call without readings notices; the tests here notice it on the stream",
)
"""Grants that no test here can reach, and what would."""


def granted() -> set[Grant]:
    return {
        (function, place, action)
        for function, given in functions.grants().items()
        for place, actions in given.get("tables", {}).items()
        for action in actions
    }


def is_whole(request: pytest.FixtureRequest) -> bool:
    """Whether all tests of this folder take part in this run."""
    ran = {item.path for item in request.session.items}
    narrowed = request.config.option.keyword or request.config.option.markexpr or "::" in str(request.config.args)
    return not narrowed and ran >= set(Path(__file__).parent.rglob("test_*.py"))


def test_every_grant_is_used(request: pytest.FixtureRequest, under_grants: set[Grant]) -> None:
    if not is_whole(request):
        pytest.skip("only a run of all integration tests can tell")
    if request.session.testsfailed:
        pytest.skip("tests that failed may be those that would have used a grant")
    assert granted() - under_grants - set(UNTRIED) == set()
    assert set(UNTRIED) <= granted()
