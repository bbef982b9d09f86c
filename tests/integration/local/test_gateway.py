"""The gateway over real HTTP, in front of a small Chalice app that shows what it was given."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from chalice.app import Chalice, CORSConfig, Response
from starlette.applications import Starlette
from starlette.routing import Mount

from infra.local.emulator import template
from infra.local.emulator.edge_responses import GatewayAnswers
from infra.local.emulator.gateway import HASHING_AT_ONCE, MAX_BODY_BYTES, Gateway
from tests.integration.local.conftest import Serve

ORIGIN = "https://page.example"
ANSWERS = GatewayAnswers(template.load({"Stage": "local", "WebOrigin": ORIGIN}))
MEET = threading.Barrier(4)
SLOW = threading.Event()
HASHED = threading.Event()
SIGNING_UP, SIGN_UPS_MAY_END = threading.Event(), threading.Event()
HASHING = threading.Semaphore(HASHING_AT_ONCE)


def small_app() -> Any:
    app: Any = Chalice("small", env={})
    app.api.cors = CORSConfig(allow_origin=ORIGIN)

    def event(**_path: str) -> Response:
        return Response(json.dumps(app.current_request.to_original_event()))

    def meet(**_path: str) -> str:
        MEET.wait(10)  # all four are inside now
        return str(app.current_request.uri_params["name"])

    def binary() -> Response:
        return Response(b"\x00\xff", {"Content-Type": "application/octet-stream"})

    def cookies() -> Response:
        return Response("", {"Set-Cookie": ["a=1", "b=2"], "Content-Type": "text/plain"}, 204)

    def slow() -> str:
        SLOW.wait(10)
        return "late"

    def log_in() -> str:
        if not HASHING.acquire(blocking=False):
            raise RuntimeError("too many at once")
        try:
            HASHED.wait(10)
        finally:
            HASHING.release()
        return "done"

    def sign_up() -> str:
        SIGNING_UP.set()
        SIGN_UPS_MAY_END.wait(10)
        return "done"

    app.route("/account/login", methods=["POST"])(log_in)
    app.route("/account/signup", methods=["POST"])(sign_up)
    app.route("/event/{name}", methods=["GET", "POST"], content_types=["*/*"])(event)
    app.route("/meet/{name}")(meet)
    app.route("/binary")(binary)
    app.route("/cookies")(cookies)
    app.route("/slow")(slow)
    return app


@pytest.fixture
def base(serve: Serve) -> str:
    return mounted(serve, Gateway(small_app(), ANSWERS))


def mounted(serve: Serve, gateway: Gateway) -> str:
    return f"http://127.0.0.1:{serve(Starlette(routes=[Mount('/api', gateway)]))}/api"


def test_a_request_becomes_a_rest_proxy_event(base: str) -> None:
    url = f"{base}/event/caf%C3%A9?a=1&a=2&b=%20x&empty="
    event = requests.post(url, data='{"x": 1}', headers={"X-Session-Token": "t", "User-Agent": "me"}, timeout=60).json()

    assert event["resource"] == event["requestContext"]["resourcePath"] == "/event/{name}"
    assert event["path"] == "/event/caf%C3%A9"
    assert event["pathParameters"] == {"name": "café"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [" x"], "empty": [""]}
    assert event["queryStringParameters"] == {"a": "2", "b": " x", "empty": ""}
    assert event["headers"]["x-session-token"] == "t"
    assert event["multiValueHeaders"]["x-session-token"] == ["t"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"x": 1}', False)
    context = event["requestContext"]
    assert (context["stage"], context["httpMethod"]) == ("api", "POST")
    assert context["path"] == "/api/event/caf%C3%A9"
    assert context["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "me"}


def test_what_is_absent_is_null(base: str) -> None:
    event = requests.get(f"{base}/event/x", timeout=60).json()

    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None
    assert event["stageVariables"] is None
    assert event["body"] is None


@pytest.mark.parametrize(
    ("body", "content_type"), [(b"\xff\xfe", "application/json"), (b"plain", "application/octet-stream")]
)
def test_bytes_that_are_no_text_or_binary_by_type_come_as_base64(base: str, body: bytes, content_type: str) -> None:
    event = requests.post(f"{base}/event/x", data=body, headers={"Content-Type": content_type}, timeout=60).json()

    assert event["isBase64Encoded"]
    assert event["body"] == {b"\xff\xfe": "//4=", b"plain": "cGxhaW4="}[body]


def test_a_binary_answer_arrives_as_bytes(base: str) -> None:
    answer = requests.get(f"{base}/binary", headers={"Accept": "application/octet-stream"}, timeout=60)

    assert answer.content == b"\x00\xff"


def test_headers_of_several_values_stay_several(base: str) -> None:
    answer = requests.get(f"{base}/cookies", timeout=60)

    assert answer.status_code == 204
    assert answer.raw.headers.getlist("Set-Cookie") == ["a=1", "b=2"]


def test_requests_at_the_same_time_do_not_see_each_other(base: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda name: requests.get(f"{base}/meet/{name}", timeout=60).text, "abcd")

    assert list(answers) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("DELETE", "/event/x"), ("HEAD", "/event/x"), ("OPTIONS", "/nothing")]
)
@pytest.mark.parametrize("authorization", ["", "Device abc", "Bearer x"])
def test_unknown_paths_and_methods_answer_in_our_own_shape(
    base: str, method: str, path: str, authorization: str
) -> None:
    answer = requests.request(method, base + path, headers={"Authorization": authorization}, timeout=60)

    assert answer.status_code == 404
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Content-Type"] == "application/json"
    if method != "HEAD":
        assert answer.json() == {"success": False, "error": "There is no such route.", "code": "not_found"}


def test_a_preflight_names_the_origin_and_the_methods_of_the_route(base: str) -> None:
    answer = requests.options(f"{base}/event/x", timeout=60)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert set(answer.headers["Access-Control-Allow-Methods"].split(",")) == {"GET", "POST", "OPTIONS"}


def test_a_body_past_the_limit_is_refused(base: str) -> None:
    answer = requests.post(f"{base}/event/x", data=b"x" * (MAX_BODY_BYTES + 1), timeout=60)

    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_a_body_that_does_not_come_ends_its_request(serve: Serve) -> None:
    address = urlsplit(mounted(serve, Gateway(small_app(), ANSWERS, body_seconds=0.05)))
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=60) as client:
        client.sendall(b"POST /api/event/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        answer = client.makefile("rb").read()  # to the end: the server hangs up

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"timeout"' in answer


def test_a_flood_of_log_ins_leaves_room_for_other_requests(base: str) -> None:
    with ThreadPoolExecutor(60) as pool:
        log_ins = [pool.submit(requests.post, f"{base}/account/login", json={}, timeout=60) for _ in range(60)]
        try:
            other = requests.get(f"{base}/event/x", timeout=60)
        finally:
            HASHED.set()

    assert other.status_code == 200
    assert [log_in.result().status_code for log_in in log_ins] == [200] * 60


def test_a_flood_of_sign_ups_leaves_log_in_alone(base: str) -> None:
    HASHED.set()
    with ThreadPoolExecutor(31) as pool:
        sign_ups = [pool.submit(requests.post, f"{base}/account/signup", json={}, timeout=60) for _ in range(30)]
        try:
            assert SIGNING_UP.wait(10)
            log_in = requests.post(f"{base}/account/login", json={}, timeout=60)
        finally:
            SIGN_UPS_MAY_END.set()

    assert log_in.status_code == 200
    assert [sign_up.result().status_code for sign_up in sign_ups] == [200] * 30


def test_a_flood_of_one_callers_requests_leaves_the_threads_to_the_others(base: str) -> None:
    mine, other = {"x-session-token": "mine"}, {"Authorization": "Device other"}
    SLOW.clear()
    with ThreadPoolExecutor(60) as pool:
        flood = [pool.submit(requests.get, f"{base}/slow", headers=mine, timeout=60) for _ in range(60)]
        try:
            answers = [requests.get(f"{base}/event/x", headers=other, timeout=60) for _ in range(3)]
        finally:
            SLOW.set()

    assert [answer.status_code for answer in answers] == [200] * 3
    assert [answer.result().status_code for answer in flood] == [200] * 60
    SLOW.clear()


class Dying(Chalice):
    """An app whose function dies, or answers what is no proxy result."""

    result: Any = None

    def __call__(self, event: Any, context: Any) -> Any:  # noqa: ARG002 - Lambda fixes the arguments
        if self.result is None:
            raise MemoryError
        return self.result


@pytest.mark.parametrize("result", [None, "text", {"body": "x"}, {"statusCode": 200, "body": {"no": "text"}}])
def test_a_function_that_dies_or_answers_nonsense_is_our_failure_in_our_shape(serve: Serve, result: Any) -> None:
    app = Dying("dying", env={})
    app.result = result
    app.route("/x")(lambda: None)

    answer = requests.get(mounted(serve, Gateway(app, ANSWERS)) + "/x", timeout=60)

    assert answer.status_code == 502
    assert answer.json()["code"] == "internal_error"


def test_a_function_that_takes_too_long_is_answered_for(serve: Serve) -> None:
    base = mounted(serve, Gateway(small_app(), ANSWERS, timeout_seconds=0.05))
    try:
        answer = requests.get(f"{base}/slow", timeout=60)
    finally:
        SLOW.set()

    assert (answer.status_code, answer.json()["code"]) == (503, "timeout")
    assert answer.headers["Retry-After"]
