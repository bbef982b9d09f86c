from __future__ import annotations

import time

import pytest
import requests
from starlette.responses import PlainTextResponse

from infra.local.errors import StackError
from infra.local.server import ByPort, listen
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
    fastest = 1.0
    with requests.Session() as session:
        for _ in range(20):
            started = time.monotonic()
            session.get(url, timeout=10)
            fastest = min(fastest, time.monotonic() - started)
            session.get(url, timeout=10)

    assert fastest < DELAYED_ACKNOWLEDGEMENT_SECONDS


def test_requests_of_one_port_go_to_its_own_app(serve: Serve) -> None:
    def port_of(app: PlainTextResponse) -> str:
        return requests.get(f"http://127.0.0.1:{serve(ByPort(0, PlainTextResponse('special'), app))}", timeout=10).text

    assert port_of(PlainTextResponse("everyone")) == "everyone"
