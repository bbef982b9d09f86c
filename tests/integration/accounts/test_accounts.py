"""Accounts through the real entry: sign up, log in, change."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters

from chalicelib.accounts import guess_limits, passwords, service
from chalicelib.accounts.model import Account
from chalicelib.accounts.passwords import hash_password, needs_rehash
from chalicelib.accounts.store import load_account, put_new_account, save_password_hash
from chalicelib.core import shared_limits
from chalicelib.core.dynamo import Transaction
from chalicelib.core.errors import TooMany, Unauthenticated
from chalicelib.core.identifiers import new_id
from chalicelib.core.times import MINUTE_MS
from tests.conftest import Answered, Call

PASSWORD = "correct horse"
LONGEST = ("A blue lamp in the hall, and a green cat. " * 7)[:256]
NOW_MS = 1_800_000_000_000


def new_email() -> str:
    return f"{secrets.token_hex(6)}@example.com"


def sign_up(call: Call, email: str | None = None) -> dict[str, str]:
    """A new account; the headers of its first session."""
    answer = call("POST", "/account/signup", {"email": email or new_email(), "password": PASSWORD})
    assert answer.status == 201
    return {"x_session_token": answer.body["sessionToken"]}


def log_in(call: Call, email: str, password: str = PASSWORD) -> Answered:
    return call("POST", "/account/login", {"email": email, "password": password})


def test_a_person_signs_up_and_is_logged_in(call: Call) -> None:
    email = new_email()
    answer = call("POST", "/account/signup", {"email": f"  {email.upper()} ", "password": PASSWORD})
    assert answer.status == 201
    assert set(answer.body) == {"success", "sessionToken", "refreshToken", "expiresAt"}
    account = call("GET", "/account", x_session_token=answer.body["sessionToken"]).body
    assert (account["email"], account["currency"], account["timezone"]) == (email, "EUR", "UTC")
    assert "password" not in str(account).lower()


def test_an_address_is_taken_however_it_is_written(call: Call) -> None:
    email = new_email()
    sign_up(call, email)
    answer = call("POST", "/account/signup", {"email": f" {email.title()}", "password": "another password"})
    assert (answer.status, answer.body["code"], answer.body["field"]) == (409, "email_taken", "email")


def test_a_password_is_stored_as_argon2id_alone(call: Call) -> None:
    email = new_email()
    sign_up(call, email)
    stored = load_account(email)
    assert stored is not None
    assert stored.password_hash.startswith("$argon2id$v=19$")


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(call: Call) -> None:
    email = new_email()
    sign_up(call, email)
    wrong, unknown = log_in(call, email, "wrong horse"), log_in(call, new_email())
    assert (wrong.status, wrong.body["code"]) == (401, "bad_credentials")
    assert (unknown.status, unknown.body) == (wrong.status, wrong.body)


class RecordingHasher:
    """Verifies as the hasher in use does, and notes against which hashes."""

    def __init__(self) -> None:
        self.hashes: list[str] = []
        self._hasher = passwords.HASHER

    def verify(self, password_hash: str, password: str) -> bool:
        self.hashes.append(password_hash)
        return self._hasher.verify(password_hash, password)


def test_an_unknown_address_costs_the_same_verification_as_a_wrong_password(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    email, hasher = new_email(), RecordingHasher()
    sign_up(call, email)
    monkeypatch.setattr(passwords, "HASHER", hasher)
    log_in(call, email, "wrong horse")
    log_in(call, new_email(), "wrong horse")
    wrong, unknown = (extract_parameters(password_hash) for password_hash in hasher.hashes)
    assert unknown == wrong


def test_a_hash_of_older_parameters_is_renewed_at_the_next_log_in(call: Call) -> None:
    email = new_email()
    sign_up(call, email)
    account = load_account(email)
    assert account is not None
    assert save_password_hash(account, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD))
    assert log_in(call, email).status == 200
    renewed = load_account(email)
    assert renewed is not None
    assert not needs_rehash(renewed.password_hash)
    assert log_in(call, email).status == 200


def test_guessing_ends_in_429_that_says_for_how_long(call: Call) -> None:
    email = new_email()
    sign_up(call, email)
    answers = [log_in(call, email, "wrong horse")]
    while (
        answers[-1].status == 401 and len(answers) < 2 * shared_limits.MOST_FAILURES + 1
    ):  # a window may end in between
        answers.append(log_in(call, email, "wrong horse"))
    assert len(answers) > shared_limits.MOST_FAILURES
    assert (answers[-1].status, answers[-1].body["code"]) == (429, "too_many_attempts")
    assert 0 < int(answers[-1].headers["retry-after"]) <= 15 * 60


def test_a_guesser_shuts_out_neither_other_places_nor_the_next_window(call: Call) -> None:
    email = new_email()
    sign_up(call, email)
    for _ in range(shared_limits.MOST_FAILURES):
        with pytest.raises(Unauthenticated):
            service.log_in(email, "wrong horse", "", "192.0.2.1", NOW_MS)
    with pytest.raises(TooMany):
        service.log_in(email, PASSWORD, "", "192.0.2.1", NOW_MS)
    assert service.log_in(email, PASSWORD, "", "192.0.2.2", NOW_MS)
    assert service.log_in(email, PASSWORD, "", "192.0.2.1", NOW_MS + 15 * MINUTE_MS)


def test_one_address_cannot_go_through_many_peoples_accounts(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guess_limits, "MAX_FAILURES_PER_ADDRESS", 3)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            service.log_in(new_email(), PASSWORD, "", "192.0.2.3", NOW_MS)
    with pytest.raises(TooMany):
        service.log_in(new_email(), PASSWORD, "", "192.0.2.3", NOW_MS)


def test_logging_in_rightly_uses_up_no_attempts(call: Call) -> None:
    email = new_email()
    sign_up(call, email)
    for _ in range(shared_limits.MOST_FAILURES + 1):
        service.log_in(email, PASSWORD, "", "192.0.2.4", NOW_MS)


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("no-at-sign", PASSWORD, "email"),
        ("a\0b@example.com", PASSWORD, "email"),
        ("a b@example.com", PASSWORD, "email"),
        ("x" * 256 + "@example.com", PASSWORD, "email"),
        ("\u00df" * 240 + "@example.com", PASSWORD, "email"),
        ("ann@example.com", "nul\0in it", "password"),
        ("ann@example.com", "line\nbreak", "password"),
        ("ann@example.com", "x" * 257, "password"),
    ],
)
def test_hostile_addresses_and_passwords_are_refused_by_name(call: Call, email: str, password: str, field: str) -> None:
    for path in ("/account/signup", "/account/login"):
        answer = call("POST", path, {"email": email, "password": password})
        assert (answer.status, answer.body["field"]) == (422, field)


def test_half_a_surrogate_pair_is_no_json(call: Call) -> None:
    answer = call("POST", "/account/signup", {"email": "ann@example.com", "password": "lone\ud800surrogate"})
    assert (answer.status, answer.body["code"]) == (400, "bad_json")


@pytest.mark.parametrize(
    "password", [secrets.token_hex(128), "\u6b63\u3057\u3044\u99ac\u306e\u96fb\u6c60\u3068", "\U0001f511 und ein Apfel"]
)
def test_long_passwords_and_all_scripts_are_welcome(call: Call, password: str) -> None:
    email = new_email()
    assert call("POST", "/account/signup", {"email": email, "password": password}).status == 201
    assert log_in(call, email, password).status == 200
    assert log_in(call, email, password[:-1]).status == 401


def test_settings_change_one_by_one(call: Call) -> None:
    session = sign_up(call)
    assert call("PATCH", "/account", {"timezone": "Europe/Berlin", "tariffPerKwh": 0.35}, **session).status == 200
    call("PATCH", "/account", {"currency": "CHF", "gramsCo2PerKwh": 41.5}, **session)
    account = call("GET", "/account", **session).body
    assert (account["timezone"], account["tariffPerKwh"]) == ("Europe/Berlin", 0.35)
    assert (account["currency"], account["gramsCo2PerKwh"]) == ("CHF", 41.5)


@pytest.mark.parametrize(
    ("currency", "price"), [("IDR", 1444.7), ("VND", 2_998.0), ("IRR", 120_000), ("XAF", 1e6), ("EUR", 0.3)]
)
def test_a_price_in_any_currency_is_taken(call: Call, currency: str, price: float) -> None:
    session = sign_up(call)
    answer = call("PATCH", "/account", {"currency": currency, "tariffPerKwh": price}, **session)
    assert (answer.status, answer.body["currency"], answer.body["tariffPerKwh"]) == (200, currency, price)


@pytest.mark.parametrize("zone", ["Asia/Calcutta", "US/Pacific", "EST5EDT", "Etc/GMT+2", "GB", "America/Buenos_Aires"])
def test_old_names_of_time_zones_are_taken(call: Call, zone: str) -> None:
    session = sign_up(call)
    assert call("PATCH", "/account", {"timezone": zone}, **session).body["timezone"] == zone


def test_the_smallest_and_the_largest_numbers_can_be_stored(call: Call) -> None:
    session = sign_up(call)
    answer = call("PATCH", "/account", {"tariffPerKwh": 1e-300, "gramsCo2PerKwh": 10_000}, **session)
    assert (answer.body["tariffPerKwh"], answer.body["gramsCo2PerKwh"]) == (0.0, 10_000.0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        *(
            ({"timezone": zone}, "timezone")
            for zone in (
                *("Mars/Olympus", "Etc/Unknown", "UTC+2", "+02:00", "europe/berlin", "localtime", "posixrules"),
                *("Factory", "right/UTC", "posix/Europe/Berlin", "/etc/localtime", "../zoneinfo/UTC", "leapseconds"),
            )
        ),
        *(({"currency": code}, "currency") for code in ("XXQ", "XXX", "XTS", "ABC", "eur")),
        ({"tariffPerKwh": 1_000_001}, "tariffPerKwh"),
        ({"currency": "euro"}, "currency"),
        ({"currency": "EUR\n"}, "currency"),
        ({"tariffPerKwh": -0.1}, "tariffPerKwh"),
        ({"newPassword": "another horse"}, "currentPassword"),
        ({"currentPassword": PASSWORD}, "newPassword"),
        ({"currentPassword": PASSWORD, "newPassword": "short"}, "newPassword"),
        ({"email": "other@example.com"}, "email"),
    ],
)
def test_a_wrong_change_is_refused_by_name_and_changes_nothing(call: Call, change: dict[str, Any], field: str) -> None:
    session = sign_up(call)
    before = call("GET", "/account", **session).body
    answer = call("PATCH", "/account", change, **session)
    assert (answer.status, answer.body["field"]) == (422, field)
    assert call("GET", "/account", **session).body == before


def test_a_new_password_ends_all_other_sessions(call: Call) -> None:
    email = new_email()
    other = sign_up(call, email)
    session = {"x_session_token": log_in(call, email).body["sessionToken"]}
    change = {"currentPassword": PASSWORD, "newPassword": "another horse"}
    assert call("PATCH", "/account", change, **session).status == 200
    assert call("GET", "/account", **session).status == 200
    assert call("GET", "/account", **other).status == 401
    assert log_in(call, email).status == 401
    assert log_in(call, email, "another horse").status == 200


def test_the_current_password_cannot_be_guessed(call: Call) -> None:
    email = new_email()
    session = sign_up(call, email)
    change = {"currentPassword": "wrong horse", "newPassword": "another horse"}
    answers = [call("PATCH", "/account", change, **session) for _ in range(2 * shared_limits.MOST_FAILURES + 1)]
    first, last = answers[0], answers[-1]
    assert (first.status, first.body["code"], first.body["field"]) == (422, "wrong_password", "currentPassword")
    assert last.status == 429
    assert log_in(call, email).status == 200


@pytest.mark.parametrize("password", ["password", "P@ssw0rd", "12345678", "aaaaaaaa", "Ghostwatt1"])
def test_a_password_that_is_guessed_first_is_refused_at_sign_up_and_at_a_change(call: Call, password: str) -> None:
    refused = call("POST", "/account/signup", {"email": new_email(), "password": password})
    assert (refused.status, refused.body["code"], refused.body["field"]) == (422, "common_password", "password")
    change = {"currentPassword": PASSWORD, "newPassword": password}
    answer = call("PATCH", "/account", change, **sign_up(call))
    assert (answer.status, answer.body["code"], answer.body["field"]) == (422, "common_password", "newPassword")


def test_the_address_itself_is_no_password(call: Call) -> None:
    email = new_email()
    for password in (email, email.upper(), email.partition("@")[0]):
        refused = call("POST", "/account/signup", {"email": email, "password": password})
        assert (refused.status, refused.body["code"]) == (422, "common_password")


def test_an_account_whose_password_would_be_refused_today_still_logs_in(call: Call) -> None:
    email = new_email()
    sign_up(call, email)
    account = load_account(email)
    assert account
    save_password_hash(account, hash_password("password"))
    assert log_in(call, email, "password").status == 200


@pytest.mark.parametrize("email", ["zz@y", "ann@localhost", "ann..smith@example.org", "ann@127.0.0.1"])
def test_an_address_that_mail_cannot_reach_is_refused_by_name(call: Call, email: str) -> None:
    refused = call("POST", "/account/signup", {"email": email, "password": PASSWORD})
    assert (refused.status, refused.body["code"], refused.body["field"]) == (422, "invalid", "email")


def test_an_account_with_an_address_that_would_be_refused_today_still_logs_in(call: Call) -> None:
    email = f"{secrets.token_hex(6)}@y"
    write = Transaction()
    put_new_account(write, Account(email, new_id(), hash_password(PASSWORD), NOW_MS))
    assert write.commit()
    assert log_in(call, email).status == 200
