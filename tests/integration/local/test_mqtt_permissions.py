from __future__ import annotations

from typing import Any

import pytest

from infra.local.emulator.mqtt_permissions import allows

PREFIX = "arn:aws:iot:eu-central-1:123456789012:"


def policy(effect: str, action: str, resource: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": PREFIX + resource}]}


@pytest.mark.parametrize(
    ("action", "resource", "asked", "thing", "allowed"),
    [
        ("iot:Publish", "topic/a/b", "iot:Publish", "topic/a/b", True),
        ("iot:Publish", "topic/a/b", "iot:Publish", "topic/a/b/c", False),
        ("iot:Publish", "topic/a/b", "iot:Publish", "topic/a", False),
        ("iot:Publish", "topic/a/b", "iot:Subscribe", "topic/a/b", False),
        ("iot:Publish", "topic/a/b", "iot:RetainPublish", "topic/a/b", False),
        ("iot:*", "topic/a/*", "iot:Publish", "topic/a/b/c", True),
        ("iot:Connect", "client/a:b", "iot:Connect", "client/a:b", True),
        ("iot:Subscribe", "topicfilter/a/+", "iot:Subscribe", "topicfilter/a/b", False),
        ("iot:Subscribe", "topicfilter/a.b", "iot:Subscribe", "topicfilter/axb", False),
        ("iot:Publish", "topic/a", "iot:Publish", "topic/a\n", False),
    ],
)
def test_only_what_a_statement_names_is_allowed(
    action: str, resource: str, asked: str, thing: str, allowed: bool
) -> None:
    assert allows([policy("Allow", action, resource)], asked, thing) is allowed


def test_without_a_statement_nothing_is_allowed() -> None:
    assert not allows([], "iot:Publish", "topic/a")
    assert not allows([{"Statement": []}], "iot:Publish", "topic/a")


def test_what_one_statement_denies_no_other_allows() -> None:
    both = [policy("Allow", "iot:Publish", "topic/*"), policy("Deny", "iot:Publish", "topic/a")]
    assert not allows(both, "iot:Publish", "topic/a")
    assert allows(both, "iot:Publish", "topic/b")
