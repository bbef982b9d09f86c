"""Pages of other sites get nobody logged in or out: no cookie, no session, and 403 in the contract's shape."""

from __future__ import annotations

import secrets

import pytest

from tests.conftest import Answered, Call, Person

FOREIGN = [
    pytest.param({"Origin": "http://evil.example"}, id="another origin"),
    pytest.param({"Origin": "null"}, id="an opaque origin"),
    pytest.param({"Origin": ""}, id="an empty origin"),
    pytest.param({"Origin": "http://evil.example, http://localhost:8000"}, id="two origins"),
    pytest.param({"Origin": "http://localhost:8000.evil.example"}, id="a name that begins like ours"),
    pytest.param({"Sec-Fetch-Site": "cross-site"}, id="cross-site, no origin"),
    pytest.param({"Sec-Fetch-Site": "same-site"}, id="same-site, no origin"),
    pytest.param({"Referer": "http://evil.example/page"}, id="only a referer"),
]


def refused(answer: Answered) -> bool:
    body, headers = answer.body, answer.headers
    return (answer.status, body["success"], body["code"], headers.get("Set-Cookie")) == (403, False, "bad_origin", None)


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_logs_nobody_in(call: Call, person: Person, headers: dict[str, str]) -> None:
    known = {"email": person.email, "password": person.password}
    new = {"email": f"{secrets.token_hex(6)}@example.org", "password": person.password}
    tokens = call("POST", "/account/login", known).body
    form = {**headers, "Content-Type": "text/plain"}
    assert refused(call("POST", "/account/login", known, **form))
    assert refused(call("POST", "/account/signup", new, **form))
    assert call("POST", "/account/login", new).status == 401
    assert refused(call("POST", "/account/refresh", {"refreshToken": tokens["refreshToken"]}, **form))
    assert refused(call("POST", "/account/refresh", Cookie=f"refresh={tokens['refreshToken']}", **headers))
    assert call("POST", "/account/refresh", {"refreshToken": tokens["refreshToken"]}).status == 200


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_logs_nobody_out(call: Call, person: Person, headers: dict[str, str]) -> None:
    shown = {"x_session_token": person.token, **headers}
    assert refused(call("POST", "/account/logout", **shown))
    assert refused(call("DELETE", "/account", **shown))
    assert person.call("GET", "/account").status == 200


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "none"}])
def test_a_program_is_answered_as_ever(call: Call, person: Person, headers: dict[str, str]) -> None:
    answer = call("POST", "/account/login", {"email": person.email, "password": person.password}, **headers)
    assert answer.status == 200
    assert answer.headers["Set-Cookie"].startswith(f"refresh={answer.body['refreshToken']};")
