from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

from chalice.app import CloudWatchEvent

from infra.local.emulator.lambda_context import LambdaContext
from infra.local.emulator.scheduler import Schedule
from tests.conftest import eventually


def test_a_run_that_fails_does_not_stop_the_next_and_stop_does() -> None:
    events: list[dict[str, Any]] = []

    def handler(event: dict[str, Any], context: LambdaContext) -> None:
        events.append(event)
        raise RuntimeError("this run failed")

    schedule = Schedule(handler, 0.01)
    thread = threading.Thread(target=schedule.run)
    thread.start()
    eventually(lambda: len(events) >= 3, "it goes on after failures")
    schedule.stop()
    thread.join(10)

    assert not thread.is_alive()
    assert len({event["id"] for event in events}) == len(events)


def test_the_event_is_one_that_chalice_understands() -> None:
    given: list[CloudWatchEvent] = []

    def handler(event: dict[str, Any], context: LambdaContext) -> None:
        given.append(CloudWatchEvent(event, {}))
        schedule.stop()

    schedule = Schedule(handler, 0.01)
    schedule.run()

    assert given[0].source == "aws.events"
    assert given[0].detail_type == "Scheduled Event"
    assert datetime.fromisoformat(given[0].time).tzinfo
