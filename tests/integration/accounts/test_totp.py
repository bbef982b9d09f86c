"""Two-step log-in through the real entry: set up, asked for, and switched off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.accounts.model import SecondFactor
from chalicelib.accounts.second_factor import STEP_MS, check_second_factor, totp_code
from chalicelib.accounts.store import UserItem, load_account, load_open_account
from chalicelib.core.errors import Invalid
from tests.conftest import Answered, Call, Person, now_ms


@dataclass
class App:
    """A person's authenticator app, which shows a code that was not used yet."""

    secret: str
    last_step: int = 0

    def code(self) -> str:
        self.last_step = max(self.last_step + 1, now_ms() // STEP_MS - 1)
        return totp_code(self.secret, self.last_step)


@dataclass
class SetUp:
    app: App
    recovery_codes: list[str]


def wrong_code(app: App) -> str:
    good = {totp_code(app.secret, now_ms() // STEP_MS + steps) for steps in range(-2, 4)}
    return next(code for code in map("{:06d}".format, range(10)) if code not in good)


def begin(person: Person) -> Answered:
    return person.call("POST", "/account/totp", {"currentPassword": person.password})


@pytest.fixture
def two_step(person: Person) -> SetUp:
    app = App(begin(person).body["secret"])
    answer = person.call("POST", "/account/totp/confirm", {"code": app.code()})
    assert answer.status == 200, answer
    return SetUp(app, answer.body["recoveryCodes"])


def log_in(call: Call, person: Person, code: str | None = None, password: str | None = None) -> Answered:
    body = {"email": person.email, "password": password or person.password}
    return call("POST", "/account/login", body if code is None else body | {"code": code})


def test_it_is_set_up_with_the_password_and_a_first_code(call: Call, person: Person) -> None:
    made = begin(person)
    assert made.status == 200
    assert made.body["secret"] in made.body["uri"]
    rows = made.body["qr"]
    assert {len(row) for row in rows} == {len(rows)}
    assert all(row.strip("01") == "" and row.startswith("1111111") for row in (rows[0], rows[6]))
    account = person.call("GET", "/account").body
    assert (account["totp"], account["recoveryCodesLeft"]) == (False, 0)
    assert log_in(call, person).status == 200, "before the first code nothing asks for one"
    app = App(made.body["secret"])
    wrong = person.call("POST", "/account/totp/confirm", {"code": wrong_code(app)})
    assert (wrong.status, wrong.body["code"], wrong.body["field"]) == (422, "wrong_code", "code")
    codes = person.call("POST", "/account/totp/confirm", {"code": app.code()}).body["recoveryCodes"]
    assert len(set(codes)) == 10
    account = person.call("GET", "/account").body
    assert (account["totp"], account["recoveryCodesLeft"]) == (True, 10)
    assert "secret" not in account
    stored = str(load_account(person.email))
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def test_it_is_not_begun_without_the_password_nor_twice(person: Person, two_step: SetUp) -> None:
    wrong = person.call("POST", "/account/totp", {"currentPassword": "wrong horse"})
    assert (wrong.status, wrong.body["code"]) == (422, "wrong_password")
    again = begin(person)
    assert (again.status, again.body["code"]) == (409, "totp_on")
    confirmed = person.call("POST", "/account/totp/confirm", {"code": two_step.app.code()})
    assert (confirmed.status, confirmed.body["code"]) == (409, "totp_not_begun")


def test_log_in_asks_for_a_code_after_the_right_password_alone(call: Call, person: Person, two_step: SetUp) -> None:
    wrong = log_in(call, person, password="wrong horse")
    assert (wrong.status, wrong.body["code"]) == (401, "bad_credentials")
    with_code = log_in(call, person, two_step.app.code(), password="wrong horse")
    assert (with_code.status, with_code.body["code"]) == (401, "bad_credentials")
    asked = log_in(call, person)
    assert (asked.status, asked.body["code"], asked.body["field"]) == (401, "code_required", "code")
    refused = log_in(call, person, wrong_code(two_step.app))
    assert (refused.status, refused.body["code"], refused.body["field"]) == (401, "wrong_code", "code")
    assert "Set-Cookie" not in refused.headers or "refresh=" not in refused.headers["Set-Cookie"]
    assert log_in(call, person, two_step.app.code()).status == 200


def test_a_code_opens_once(call: Call, person: Person, two_step: SetUp) -> None:
    code = two_step.app.code()
    assert log_in(call, person, code).status == 200
    again = log_in(call, person, code)
    assert (again.status, again.body["code"]) == (401, "wrong_code")


def test_a_code_that_two_use_at_once_opens_once(person: Person, two_step: SetUp) -> None:
    account = load_open_account(person.email)
    assert account
    code = two_step.app.code()
    check_second_factor(account, code, now_ms())
    with pytest.raises(Invalid):
        check_second_factor(account, code, now_ms())  # with the account as it was read before


def test_each_recovery_code_opens_once(call: Call, person: Person, two_step: SetUp) -> None:
    code = two_step.recovery_codes[0]
    assert log_in(call, person, code.lower()).status == 200
    assert log_in(call, person, code).body["code"] == "wrong_code"
    assert log_in(call, person, two_step.recovery_codes[1]).status == 200
    assert person.call("GET", "/account").body["recoveryCodesLeft"] == 8


def test_guessing_codes_is_slowed_down_wherever_they_are_asked_for(call: Call, person: Person, two_step: SetUp) -> None:
    wrong = wrong_code(two_step.app)
    answers = [log_in(call, person, wrong).status for _ in range(6)]
    assert answers == [401] * 5 + [429]
    closing = {"currentPassword": person.password, "code": wrong}
    assert person.call("DELETE", "/account", closing).status == 429
    assert log_in(call, person).body["code"] == "code_required", "that the password is right is still said"


@pytest.mark.parametrize("what", ["close", "token", "off"])
def test_what_asks_for_the_password_asks_for_a_code_too(call: Call, person: Person, two_step: SetUp, what: str) -> None:
    proof: dict[str, Any] = {"currentPassword": person.password}
    acts = {
        "close": ("DELETE", "/account", {}),
        "token": ("POST", "/account/token", {"name": "x", "expiresInDays": 3650}),
        "off": ("DELETE", "/account/totp", {}),
    }
    method, path, body = acts[what]
    missing = person.call(method, path, body | proof)
    assert (missing.status, missing.body["field"]) == (422, "code")
    wrong = person.call(method, path, body | proof | {"code": wrong_code(two_step.app)})
    assert (wrong.status, wrong.body["code"]) == (422, "wrong_code")
    no_password = person.call(method, path, body | {"currentPassword": "wrong horse", "code": two_step.app.code()})
    assert (no_password.status, no_password.body["code"]) == (422, "wrong_password")
    assert person.call(method, path, body | proof | {"code": two_step.app.code()}).status in (200, 201, 202)


def test_it_is_switched_off_for_good(call: Call, person: Person, two_step: SetUp) -> None:
    proof = {"currentPassword": person.password, "code": two_step.recovery_codes[0]}
    assert person.call("DELETE", "/account/totp", proof).status == 200
    assert log_in(call, person).status == 200
    account = load_account(person.email)
    assert account
    assert account.second_factor is None
    assert begin(person).body["secret"] != two_step.app.secret


def test_a_new_password_leaves_it_on(call: Call, person: Person, two_step: SetUp) -> None:
    change = {"currentPassword": person.password, "newPassword": "a green lamp in the hall"}
    assert person.call("PATCH", "/account", change).status == 200
    assert log_in(call, person, password="a green lamp in the hall").body["code"] == "code_required"


def test_what_is_stored_of_it_can_be_read_again(person: Person) -> None:
    raw = '{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","is_on":true,"last_step":3,"recovery_sha256":["ab"]}'
    stored = UserItem.second_factor.deserialize(raw)
    assert stored == SecondFactor("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", is_on=True, last_step=3, recovery_sha256=("ab",))
    assert UserItem.second_factor.serialize(stored) == raw


@pytest.mark.parametrize("code", ["", "1", "x" * 65])
def test_what_is_no_code_is_named(call: Call, person: Person, code: str) -> None:
    answer = log_in(call, person, code)
    assert (answer.status, answer.body["field"]) == (422, "code")
