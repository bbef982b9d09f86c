"""Closing an account through the real entry, also when it breaks off half way."""

from __future__ import annotations

import secrets

import pytest

from chalicelib.accounts import service
from chalicelib.accounts.passwords import verify_password
from chalicelib.accounts.session_store import load_sessions_of_user
from chalicelib.accounts.store import load_account, mark_account_closed
from chalicelib.core.errors import Unauthenticated, Unavailable
from chalicelib.deletion.service import finish_closing
from chalicelib.deletion.store import load_deletion_requests, request_deletion
from chalicelib.devices.service import authenticate_device, register_device
from tests.conftest import Answered, Call

PASSWORD = "correct horse"
CLOSE = {"currentPassword": PASSWORD}
NOW_MS = 1_800_000_000_000


def new_email() -> str:
    return f"{secrets.token_hex(6)}@example.com"


def sign_up(call: Call, email: str) -> dict[str, str]:
    """A new account; the headers of its first session."""
    answer = call("POST", "/account/signup", {"email": email, "password": PASSWORD})
    assert answer.status == 201
    return {"x_session_token": answer.body["sessionToken"]}


def log_in(call: Call, email: str) -> Answered:
    return call("POST", "/account/login", {"email": email, "password": PASSWORD})


def test_a_closed_account_is_unusable_at_once(call: Call) -> None:
    email = new_email()
    first = sign_up(call, email)
    second = log_in(call, email).body
    account = load_account(email)
    assert account is not None
    device, api_key = register_device(account, f"GW-{secrets.token_hex(6)}", "Pi", NOW_MS)
    assert authenticate_device(api_key, NOW_MS).device_id == device.device_id
    assert call("DELETE", "/account", CLOSE, **first).status == 202
    assert call("GET", "/account", **first).status == 401
    assert call("GET", "/account", x_session_token=second["sessionToken"]).status == 401
    assert call("POST", "/account/refresh", {"refreshToken": second["refreshToken"]}).status == 401
    assert log_in(call, email).status == 401
    with pytest.raises(Unauthenticated):
        authenticate_device(api_key, NOW_MS)


def test_the_same_address_signs_up_again_as_somebody_new(call: Call) -> None:
    email = new_email()
    session = sign_up(call, email)
    before = load_account(email)
    call("DELETE", "/account", CLOSE, **session)
    sign_up(call, email)
    after = load_account(email)
    assert before is not None
    assert after is not None
    assert before.user_id != after.user_id


def half_closed(call: Call) -> tuple[str, str, str]:
    """An account whose closing died after its first steps: its address, a session token, a device key."""
    email = new_email()
    session_token = sign_up(call, email)["x_session_token"]
    account = load_account(email)
    assert account is not None
    _, api_key = register_device(account, f"GW-{secrets.token_hex(6)}", "Pi", NOW_MS)
    request_deletion(f"account#{email}", NOW_MS)
    assert mark_account_closed(account, NOW_MS)
    return email, session_token, api_key


def test_a_half_closed_account_lets_nobody_in(call: Call) -> None:
    email, session_token, _ = half_closed(call)
    assert log_in(call, email).status == 401
    assert call("GET", "/account", x_session_token=session_token).status == 401
    finish_closing(email, NOW_MS)


@pytest.mark.parametrize("who", ["schedule", "person", "newcomer"])
def test_a_closing_that_died_half_way_is_finished(call: Call, who: str) -> None:
    email, session_token, api_key = half_closed(call)
    if who == "schedule":
        finish_closing(email, NOW_MS)
    elif who == "person":
        assert call("DELETE", "/account", CLOSE, x_session_token=session_token).status == 202
    else:
        sign_up(call, email)
    assert call("GET", "/account/sessions", x_session_token=session_token).status == 401
    with pytest.raises(Unauthenticated):
        authenticate_device(api_key, NOW_MS)
    assert f"account#{email}" not in load_deletion_requests(10_000)


def test_finishing_leaves_an_open_account_alone(call: Call) -> None:
    email = new_email()
    session = sign_up(call, email)
    finish_closing(email, NOW_MS)
    assert call("GET", "/account", **session).status == 200


def test_a_log_in_that_a_closing_overtakes_leaves_no_session(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    email = new_email()
    session = sign_up(call, email)
    account = load_account(email)
    assert account is not None

    def verify(password_hash: str | None, password: str) -> bool:
        monkeypatch.setattr(service, "verify_password", verify_password)
        return call("DELETE", "/account", CLOSE, **session).status == 202

    monkeypatch.setattr(service, "verify_password", verify)
    with pytest.raises(Unavailable):
        service.log_in(email, PASSWORD, "", "192.0.2.5", NOW_MS)
    assert load_sessions_of_user(account.user_id) == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (None, 400, "empty_body"),
        ({}, 422, "invalid"),
        ({"currentPassword": ""}, 422, "invalid"),
        ({"currentPassword": "wrong horse"}, 422, "wrong_password"),
    ],
)
def test_a_session_alone_does_not_close_an_account(
    call: Call, body: dict[str, str] | None, status: int, code: str
) -> None:
    session = sign_up(call, new_email())
    answer = call("DELETE", "/account", body, **session)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert body is None or answer.body["field"] == "currentPassword"
    assert call("GET", "/account", **session).status == 200


def test_guessing_the_password_of_a_stolen_session_is_slowed_down(call: Call) -> None:
    session = sign_up(call, new_email())
    answers = [call("DELETE", "/account", {"currentPassword": f"guess {n}"}, **session).status for n in range(11)]
    assert answers == [422] * 10 + [429]
    long_lived = {"name": "x", "expiresInDays": 3650, "currentPassword": PASSWORD}
    assert call("POST", "/account/token", long_lived, **session).status == 429, "all that ask for it count together"
