"""Guessing a password has an end, and nobody is shut out of an account by somebody else's guesses."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.accounts import guess_limits
from chalicelib.accounts.known_browsers import BROWSER_TOKEN_MS, known_browser_id
from chalicelib.accounts.service import log_in
from chalicelib.accounts.sessions import authenticate_session
from chalicelib.accounts.store import UserItem, load_account
from chalicelib.core.errors import GhostwattError, TooMany, Unauthenticated
from chalicelib.core.settings import settings
from chalicelib.devices.pairing_service import MAX_WRONG_CODES_PER_ADDRESS, get_claim
from tests.conftest import Answered, Call, Person, now_ms

MOST = 20
"""Wrong passwords a day in the test of many addresses: guessing on to the default of 100 takes five times as long."""
WRONG = "wrong horse battery"


@pytest.fixture
def address() -> str:
    """An address that nobody else uses."""
    return f"2001:db8:{secrets.randbelow(65_536):x}:{secrets.randbelow(65_536):x}::/64"


def guess(email: str, address: str, at_ms: int, **proofs: str) -> GhostwattError:
    with pytest.raises((TooMany, Unauthenticated)) as refused:
        log_in(email, WRONG, "", address, at_ms, **proofs)
    return refused.value


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only five wrong passwords a day."""
    yield from allow_wrong_passwords(monkeypatch, 5)


@pytest.fixture
def some(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """MOST wrong passwords a day."""
    yield from allow_wrong_passwords(monkeypatch, MOST)


def allow_wrong_passwords(monkeypatch: pytest.MonkeyPatch, per_day: int) -> Iterator[None]:
    """Set the limit of an account for the length of a test."""
    monkeypatch.setenv("LIMITS", f"sign_ups=off address_calls=off wrong_passwords={per_day}+{per_day}/d")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def known_browser(person: Person, address: str, at_ms: int) -> str:
    """The token of a browser that has logged in."""
    return log_in(person.email, person.password, "", address, at_ms).browser_token


def attack(email: str, at_ms: int, from_addresses: int = 1) -> list[GhostwattError]:
    """Ten guesses from each address."""
    addresses = [f"attacker-{secrets.token_hex(6)}" for _ in range(from_addresses)]
    return [guess(email, address, at_ms) for address in addresses for _ in range(10)]


@pytest.mark.usefixtures("some")
def test_sixty_guesses_from_six_addresses_are_cut_short_and_shut_out_no_owner(person: Person, address: str) -> None:
    at_ms, known = now_ms(), f"home-{address}"
    log_in(person.email, person.password, "", known, at_ms - 2 * 86_400_000)
    browser = known_browser(person, f"trip-{address}", at_ms - 86_400_000)
    answers = attack(person.email, at_ms, from_addresses=6)
    assert sum(isinstance(answer, Unauthenticated) for answer in answers) == MOST
    last = answers[-1]
    assert isinstance(last, TooMany)
    assert (last.code, last.retry_after_seconds) == ("too_many_attempts", 86_400 // MOST)
    with pytest.raises(TooMany):
        log_in(person.email, person.password, "", f"stranger-{address}", at_ms)
    assert log_in(person.email, person.password, "", f"café-{address}", at_ms, browser_token=browser)
    assert log_in(person.email, person.password, "", known, at_ms)


@pytest.mark.usefixtures("few")
def test_an_account_that_is_not_there_is_limited_alike(call: Call) -> None:
    answers = attack(f"{secrets.token_hex(6)}@example.org", now_ms())
    assert [type(answer) for answer in answers] == [Unauthenticated] * 5 + [TooMany] * 5


@pytest.mark.usefixtures("few")
def test_a_browser_with_a_session_is_known_by_it(person: Person, address: str) -> None:
    at_ms = now_ms()
    token = log_in(person.email, person.password, "", address, at_ms - 60_000).refresh_token
    attack(person.email, at_ms)
    elsewhere = f"elsewhere-{address}"
    with pytest.raises(TooMany):
        log_in(person.email, person.password, "", elsewhere, at_ms, refresh_token=token[:-2] + "xx")
    assert log_in(person.email, person.password, "", elsewhere, at_ms, refresh_token=token)


def test_behind_one_address_a_known_browser_logs_in_whatever_the_neighbours_guess(
    person: Person, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_ms = now_ms()
    monkeypatch.setattr(guess_limits, "MAX_FAILURES_PER_ADDRESS", 20)
    browser = known_browser(person, address, at_ms)
    for _ in range(guess_limits.MAX_FAILURES_PER_ADDRESS):
        guess(f"{secrets.token_hex(6)}@example.org", address, at_ms)
    with pytest.raises(TooMany):
        log_in(person.email, person.password, "", address, at_ms)
    assert log_in(person.email, person.password, "", address, at_ms, browser_token=browser)


@pytest.mark.usefixtures("few")
def test_a_stolen_browser_cookie_is_no_way_to_guess_on(person: Person, stranger: Person, address: str) -> None:
    at_ms = now_ms()
    browser = known_browser(person, address, at_ms)
    answers = [guess(person.email, f"{n}-{address}", at_ms, browser_token=browser) for n in range(20)]
    assert [isinstance(answer, TooMany) for answer in answers] == [False] * 10 + [True] * 10
    attack(stranger.email, at_ms)
    with pytest.raises(TooMany):
        log_in(stranger.email, stranger.password, "", f"x-{address}", at_ms, browser_token=browser)


@pytest.mark.usefixtures("few")
def test_the_limit_of_an_account_is_full_again_after_a_day(person: Person, address: str) -> None:
    at_ms = now_ms()
    attack(person.email, at_ms)
    assert log_in(person.email, person.password, "", address, at_ms + 86_400_000)
    answers = attack(person.email, at_ms + 2 * 86_400_000)
    assert [type(answer) for answer in answers] == [Unauthenticated] * 5 + [TooMany] * 5


@dataclass
class Browser:
    """Cookies, kept as a browser keeps them."""

    call: Call
    cookies: dict[str, str]

    def log_in(self, email: str, password: str) -> Answered:
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.call("POST", "/account/login", {"email": email, "password": password}, Cookie=sent)
        for cookie in answer.headers.get("Set-Cookie", "").split(", "):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer


@pytest.mark.usefixtures("few")
def test_a_browser_is_known_by_its_cookie_also_after_logging_out(
    call: Call, person: Person, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    place: dict[str, Any] = {"address": f"a-{address}"}
    monkeypatch.setattr("chalicelib.core.authentication.address_bucket", lambda _: place["address"])
    browser = Browser(call, {})
    assert browser.log_in(person.email, person.password).status == 200
    assert set(browser.cookies) == {"refresh", "browser"}
    del browser.cookies["refresh"]  # as logging out does
    place["address"] = f"b-{address}"
    attack(person.email, now_ms())
    assert Browser(call, {}).log_in(person.email, person.password).status == 429
    assert browser.log_in(person.email, person.password).status == 200


def test_what_is_kept_of_a_place_is_no_address(person: Person, address: str) -> None:
    log_in(person.email, person.password, "", address, now_ms())
    account = load_account(person.email)
    assert account is not None
    assert len(account.known_places) == 2, "where the account was made, and this one"
    assert address not in str(account.known_places)


@pytest.mark.usefixtures("few")
def test_a_program_that_logs_in_again_and_again_without_cookies_makes_nobody_unknown(
    person: Person, address: str
) -> None:
    at_ms, home = now_ms(), f"home-{address}"
    browser = known_browser(person, home, at_ms)
    for _ in range(30):
        log_in(person.email, person.password, "", address, at_ms)
    attack(person.email, at_ms)
    assert log_in(person.email, person.password, "", home, at_ms)
    assert log_in(person.email, person.password, "", f"elsewhere-{address}", at_ms, browser_token=browser)


@pytest.mark.usefixtures("few")
def test_a_browsers_token_that_is_forged_old_or_of_another_kind_proves_nothing(person: Person, address: str) -> None:
    at_ms = now_ms()
    tokens = log_in(person.email, person.password, "", address, at_ms)
    attack(person.email, at_ms)
    head, body, signed = tokens.browser_token.split(".")
    for forged in (f"{head}.{body}.{signed[:-4]}AAAA", tokens.session_token, "x", "é.é.é", "a" * 5_000):
        with pytest.raises(TooMany):
            log_in(person.email, person.password, "", f"b-{address}", at_ms, browser_token=forged)
    assert known_browser_id(tokens.browser_token, "somebody else", at_ms) is None
    account = load_account(person.email)
    assert account is not None
    assert known_browser_id(tokens.browser_token, account.user_id, at_ms)
    assert known_browser_id(tokens.browser_token, account.user_id, at_ms + BROWSER_TOKEN_MS) is None
    with pytest.raises(Unauthenticated):
        authenticate_session(tokens.browser_token, at_ms)


def test_an_account_stored_before_places_were_known_logs_in_and_is_known_from_then_on(
    person: Person, address: str
) -> None:
    UserItem(person.email).update(actions=[UserItem.known_places.remove()])
    log_in(person.email, person.password, "", address, now_ms())
    account = load_account(person.email)
    assert account is not None
    assert len(account.known_places) == 1


def test_wrong_pairing_codes_are_counted_by_address_too(address: str, database: str) -> None:
    at_ms = now_ms()
    refusals = []
    for number in range(MAX_WRONG_CODES_PER_ADDRESS // 5 + 1):
        for _ in range(5):
            with pytest.raises(GhostwattError) as refused:
                get_claim(f"person-{number}-{address}", "BCDF-GHJK", at_ms, address)
            refusals.append(refused.value)
    limited = [isinstance(refusal, TooMany) for refusal in refusals]
    assert limited == [False] * MAX_WRONG_CODES_PER_ADDRESS + [True] * 5
