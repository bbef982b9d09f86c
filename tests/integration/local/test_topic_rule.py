from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.errors import Unavailable
from infra.local.emulator import topic_rule
from infra.local.emulator.checkpoints import DeadLetterFile
from infra.local.emulator.topic_rule import ATTEMPTS, MAX_BYTES, MAX_MESSAGES, WORKERS, Sender, TopicRule
from tests.conftest import eventually

SENDER = Sender("uid1kdigest", "GW-1")
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


def test_each_device_s_messages_are_handed_on_in_their_order_with_who_sent_them(tmp_path: Path) -> None:
    handled: list[dict[str, Any]] = []
    with running(tmp_path, handled.append) as rule:
        for number in range(99):
            rule.take(f"iot/devices/GW-{number % 3}/data", b"%d" % number, SENDER)
    for device in range(3):
        own = [event for event in handled if event["deviceId"] == f"GW-{device}"]
        assert payloads(own) == [b"%d" % number for number in range(device, 99, 3)]
    assert {(event["principal"], event["clientId"]) for event in handled} == {(SENDER.principal, SENDER.client_id)}


@pytest.mark.parametrize("topic", ["iot/devices/GW-1/commands", "iot/devices/a/b/data", "iot/devices//data", "data"])
def test_a_topic_that_the_rule_does_not_name_is_passed_over(tmp_path: Path, topic: str) -> None:
    handled: list[dict[str, Any]] = []
    with running(tmp_path, handled.append) as rule:
        rule.take(topic, b"{}", SENDER)
    assert not handled


def test_what_fails_is_tried_again_and_then_done_with(tmp_path: Path) -> None:
    tried: list[dict[str, Any]] = []

    def fail_once(event: dict[str, Any]) -> None:
        tried.append(event)
        if len(tried) == 1:
            raise RuntimeError("down")

    with running(tmp_path, fail_once) as rule:
        rule.take("iot/devices/GW-1/data", b"first", SENDER)
        rule.take("iot/devices/GW-1/data", b"second", SENDER)
    assert payloads(tried) == [b"first", b"first", b"second"]
    assert not dead_letters(tmp_path)


def test_what_fails_again_and_again_goes_to_the_dead_letters_and_holds_nothing_up(tmp_path: Path) -> None:
    tried: list[dict[str, Any]] = []

    def fail_poison(event: dict[str, Any]) -> None:
        tried.append(event)
        if payloads([event]) == [b"poison"]:
            raise RuntimeError("poison")

    with running(tmp_path, fail_poison) as rule:
        rule.take("iot/devices/GW-1/data", b"poison", SENDER)
        rule.take("iot/devices/GW-1/data", b"well", SENDER)
    assert payloads(tried) == [b"poison"] * ATTEMPTS + [b"well"]
    (letter,) = dead_letters(tmp_path)
    assert letter["error"] == "RuntimeError('poison')"
    assert letter["record"] == tried[0]


def test_a_device_that_floods_waits_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_rule, "WORKERS", 1)  # so that the order is that of the turns
    begun, go_on = threading.Event(), threading.Event()
    handled: list[str] = []

    def handle(event: dict[str, Any]) -> None:
        handled.append(event["deviceId"])
        begun.set()
        assert go_on.wait(20)

    with running(tmp_path, handle) as rule:
        for _ in range(MAX_MESSAGES - 1):
            rule.take("iot/devices/flood/data", b"x", SENDER)
        eventually(begun.is_set, "it is under way")
        for number in range(10):
            rule.take(f"iot/devices/GW-{number}/data", b"x", SENDER)
        go_on.set()
    last = max(handled.index(f"GW-{number}") for number in range(10))
    assert handled[: last + 1].count("flood") <= 11, "they take turns"
    assert len(handled) == MAX_MESSAGES + 9


def test_a_message_that_is_tried_again_holds_up_no_other_device(tmp_path: Path) -> None:
    tried: list[bytes] = []

    def fail_poison(event: dict[str, Any]) -> None:
        tried.extend(payloads([event]))
        if payloads([event]) == [b"poison"]:
            raise RuntimeError("poison")

    with running(tmp_path, fail_poison, pause_seconds=600) as rule:
        for number in range(2 * WORKERS):
            rule.take(f"iot/devices/GW-{number}/data", b"poison", SENDER)
        eventually(lambda: tried.count(b"poison") == 2 * WORKERS, "each is tried, and paused")
        rule.take("iot/devices/GW-well/data", b"well", SENDER)
        eventually(lambda: b"well" in tried, "the other is handled meanwhile")


@pytest.mark.parametrize(("size", "most"), [(15, MAX_MESSAGES), (100_000, 1 + MAX_BYTES // 100_000)])
def test_what_waits_of_a_device_is_bounded(tmp_path: Path, size: int, most: int) -> None:
    go_on = threading.Event()

    def handle(_: dict[str, Any]) -> None:
        assert go_on.wait(20)

    with running(tmp_path, handle) as rule:
        topic, count = "iot/devices/GW-1/data", 1
        while (promise := rule.take(topic, b"x" * size, SENDER)).done():
            count += 1
        assert count == most
        assert rule.take("iot/devices/GW-2/data", b"x" * size, SENDER).done(), "another device has room"
        go_on.set()
        eventually(promise.done, "there is room again")


def test_past_the_total_a_device_may_have_one_message_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_rule, "MAX_TOTAL_BYTES", 100)
    go_on = threading.Event()

    def handle(_: dict[str, Any]) -> None:
        assert go_on.wait(20)

    with running(tmp_path, handle) as rule:
        first = rule.take("iot/devices/GW-1/data", b"x" * 200, SENDER)
        second = rule.take("iot/devices/GW-2/data", b"x", SENDER)
        assert not first.done()
        assert not second.done()
        go_on.set()
        eventually(lambda: first.done() and second.done(), "there is room again")


def test_a_stop_hands_on_what_waits_and_keeps_what_cannot_be(tmp_path: Path) -> None:
    begun, tried = threading.Event(), []

    def fail(event: dict[str, Any]) -> None:
        begun.set()
        tried.append(event)
        raise RuntimeError("down")

    with running(tmp_path, fail, pause_seconds=600) as rule:
        for number in range(3):
            rule.take("iot/devices/GW-1/data", b"%d" % number, SENDER)
        eventually(begun.is_set, "the first is tried")
    assert payloads(tried) == [b"0"] * ATTEMPTS + [b"1"] * ATTEMPTS + [b"2"] * ATTEMPTS
    assert payloads([letter["record"] for letter in dead_letters(tmp_path)]) == [b"0", b"1", b"2"]


def test_while_the_database_refuses_to_work_a_message_waits_and_is_not_given_up(tmp_path: Path) -> None:
    outage, tried = iter(range(ATTEMPTS * 4)), []

    def wait(event: dict[str, Any]) -> None:
        tried.append(event)
        if next(outage, None) is not None:
            raise Unavailable("The database does not answer; try again.", code="database_unavailable")

    with running(tmp_path, wait) as rule:
        rule.take("iot/devices/GW-1/data", b"first", SENDER)
        eventually(lambda: len(tried) > ATTEMPTS * 4, "it is handled in the end")
    assert not dead_letters(tmp_path)


def test_what_still_waits_when_the_stack_stops_is_a_dead_letter_for_a_redrive(tmp_path: Path) -> None:
    tried: list[dict[str, Any]] = []

    def wait(event: dict[str, Any]) -> None:
        tried.append(event)
        raise Unavailable("The database does not answer; try again.", code="database_unavailable")

    with running(tmp_path, wait) as rule:
        rule.take("iot/devices/GW-1/data", b"first", SENDER)
        eventually(lambda: len(tried) > ATTEMPTS, "it waits")
    (letter,) = dead_letters(tmp_path)
    assert payloads([letter["record"]]) == [b"first"]
