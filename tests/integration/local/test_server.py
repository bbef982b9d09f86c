from __future__ import annotations

import statistics
import time

import pytest
import requests
from starlette.responses import PlainTextResponse

from infra.local.errors import StackError
from infra.local.runner.server import listen
from tests.integration.local.conftest import Serve

DELAYED_ACKNOWLEDGEMENT_SECONDS = 0.04


def test_a_taken_port_is_refused_with_its_number() -> None:
    taken = listen("127.0.0.1", 0)
    with taken.socket, pytest.raises(StackError, match=f"port {taken.port}"):
        listen("127.0.0.1", taken.port)


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(StackError, match=r"192\.0\.2\.77"):
        listen("192.0.2.77", 0)


def test_answers_on_an_open_connection_do_not_wait_for_acknowledgements(serve: Serve) -> None:
    url = f"http://127.0.0.1:{serve(PlainTextResponse('hello'))}/"
    taken = []
    with requests.Session() as session:
        for _ in range(30):
            started = time.monotonic()
            session.get(url, timeout=10)
            taken.append(time.monotonic() - started)

    assert statistics.median(taken) < DELAYED_ACKNOWLEDGEMENT_SECONDS
