from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from starlette.applications import Starlette

from infra.local.emulator.clients import create_client
from infra.local.emulator.invocations import Invocations
from infra.local.emulator.lambda_context import LambdaContext
from tests.conftest import eventually
from tests.integration.local.conftest import Serve


class Job:
    """Notes what it is given; an event that says so fails."""

    def __init__(self) -> None:
        self.given: list[dict[str, Any]] = []
        self.seconds_left: list[int] = []

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> None:
        self.given.append(event)
        self.seconds_left.append(context.get_remaining_time_in_millis() // 1_000)
        if event.get("fails"):
            raise RuntimeError("as it was told")


@pytest.fixture
def job() -> Job:
    return Job()


@pytest.fixture
def url(serve: Serve, job: Job) -> Iterator[str]:
    invocations = Invocations({"job": job})
    thread = threading.Thread(target=invocations.run)
    thread.start()
    yield f"http://127.0.0.1:{serve(Starlette(routes=[invocations.service()]))}"
    invocations.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_botocore_starts_a_function_and_does_not_wait(url: str, job: Job) -> None:
    answer = create_client("lambda", url).invoke(FunctionName="job", InvocationType="Event", Payload=b'{"n": 1}')
    assert answer["StatusCode"] == 202
    eventually(lambda: job.given == [{"n": 1}], "the job is done")
    assert 890 < job.seconds_left[0] <= 900


def test_after_one_that_fails_the_next_comes(url: str, job: Job) -> None:
    client = create_client("lambda", url)
    for event in (b'{"fails": true}', b'{"n": 2}'):
        client.invoke(FunctionName="job", InvocationType="Event", Payload=event)
    eventually(lambda: job.given == [{"fails": True}, {"n": 2}], "both are done")


@pytest.mark.parametrize(
    ("name", "kind", "body", "status"),
    [("other", "Event", "{}", 404), ("job", "RequestResponse", "{}", 400), ("job", "Event", "{", 400)],
)
def test_what_cannot_be_done_is_refused(url: str, job: Job, name: str, kind: str, body: str, status: int) -> None:
    address = f"{url}/2015-03-31/functions/{name}/invocations"
    answer = requests.post(address, data=body, headers={"X-Amz-Invocation-Type": kind}, timeout=60)
    assert answer.status_code == status
    assert answer.headers["x-amzn-ErrorType"]
    assert job.given == []
