from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.local.checkpoints import DeadLetterFile
from infra.local.topic_rule import ATTEMPTS, TopicRule
from tests.conftest import eventually

Handle = Callable[[dict[str, Any]], None]


@contextmanager
def running(tmp_path: Path, handle: Handle, pause_seconds: float = 0.0) -> Iterator[TopicRule]:
    letters = DeadLetterFile(tmp_path / "dead-letters.jsonl")
    rule = TopicRule(lambda event, _: handle(event), letters, pause_seconds=pause_seconds)
    thread = threading.Thread(target=rule.run)
    thread.start()
    yield rule
    rule.stop()
    thread.join(20)
    assert not thread.is_alive()


def payloads(events: list[dict[str, Any]]) -> list[bytes]:
    return [base64.b64decode(event["payload"]) for event in events]


def dead_letters(tmp_path: Path) -> list[dict[str, Any]]:
    path = tmp_path / "dead-letters.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_messages_are_handed_on_in_their_order_with_the_device_of_their_topic(tmp_path: Path) -> None:
    handled: list[dict[str, Any]] = []
    with running(tmp_path, handled.append) as rule:
        for number in range(100):
            rule.take(f"iot/devices/GW-{number % 3}/data", b"%d" % number)
    assert payloads(handled) == [b"%d" % number for number in range(100)]
    assert [event["deviceId"] for event in handled] == [f"GW-{number % 3}" for number in range(100)]


@pytest.mark.parametrize("topic", ["iot/devices/GW-1/commands", "iot/devices/a/b/data", "iot/devices//data", "data"])
def test_a_topic_that_the_rule_does_not_name_is_passed_over(tmp_path: Path, topic: str) -> None:
    handled: list[dict[str, Any]] = []
    with running(tmp_path, handled.append) as rule:
        rule.take(topic, b"{}")
    assert not handled


def test_what_fails_is_tried_again_and_then_done_with(tmp_path: Path) -> None:
    tried: list[dict[str, Any]] = []

    def fail_once(event: dict[str, Any]) -> None:
        tried.append(event)
        if len(tried) == 1:
            raise RuntimeError("down")

    with running(tmp_path, fail_once) as rule:
        rule.take("iot/devices/GW-1/data", b"first")
        rule.take("iot/devices/GW-1/data", b"second")
    assert payloads(tried) == [b"first", b"first", b"second"]
    assert not dead_letters(tmp_path)


def test_what_fails_again_and_again_goes_to_the_dead_letters_and_holds_nothing_up(tmp_path: Path) -> None:
    tried: list[dict[str, Any]] = []

    def fail_poison(event: dict[str, Any]) -> None:
        tried.append(event)
        if payloads([event]) == [b"poison"]:
            raise RuntimeError("poison")

    with running(tmp_path, fail_poison) as rule:
        rule.take("iot/devices/GW-1/data", b"poison")
        rule.take("iot/devices/GW-1/data", b"well")
    assert payloads(tried) == [b"poison"] * ATTEMPTS + [b"well"]
    (letter,) = dead_letters(tmp_path)
    assert letter["error"] == "RuntimeError('poison')"
    assert letter["record"] == tried[0]


def test_a_stop_hands_on_what_waits_and_keeps_what_cannot_be(tmp_path: Path) -> None:
    begun, tried = threading.Event(), []

    def fail(event: dict[str, Any]) -> None:
        begun.set()
        tried.append(event)
        raise RuntimeError("down")

    with running(tmp_path, fail, pause_seconds=600) as rule:
        for number in range(3):
            rule.take("iot/devices/GW-1/data", b"%d" % number)
        eventually(begun.is_set, "the first is tried")
    assert payloads(tried) == [b"0"] * ATTEMPTS + [b"1"] * ATTEMPTS + [b"2"] * ATTEMPTS
    assert payloads([letter["record"] for letter in dead_letters(tmp_path)]) == [b"0", b"1", b"2"]
