"""E-mail addresses, passwords, choices and refresh tokens."""

from __future__ import annotations

import pytest

from chalicelib.accounts.model import AccountUpdate, Session, refresh_token, refresh_token_session_id
from chalicelib.accounts.passwords import normalize_password
from chalicelib.core.email_addresses import normalize_email
from chalicelib.core.errors import Invalid
from chalicelib.core.identifiers import digest, new_id, new_secret

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize("typed", ["  Ann@Example.COM\n", "ann@example.com", "ANN@EXAMPLE.COM\t"])
def test_an_address_has_one_form_however_it_is_typed(typed: str) -> None:
    assert normalize_email(typed) == "ann@example.com"


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert normalize_email(f"{DECOMPOSED}@example.com") == normalize_email(f"{COMPOSED}@example.com")
    assert normalize_password(DECOMPOSED) == normalize_password(COMPOSED)


@pytest.mark.parametrize(
    "typed", ["", "   ", "ann", "@", "ann@", "@example.com", "a@b@c", "a n@b.c", "a\0@b.c", "a\x85b@c"]
)
def test_what_is_no_address_is_refused_by_name(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        normalize_email(typed)
    assert refused.value.field == "email"


def test_an_address_that_grows_too_long_by_case_folding_is_refused() -> None:
    longest = "a" * 246 + "@b.c"
    assert normalize_email(longest) == longest
    with pytest.raises(Invalid):
        normalize_email("\u00df" * 246 + "@b.c")


def test_a_password_keeps_its_case_its_blanks_and_every_script() -> None:
    typed = " Pa\u00df w\u00f6rt \U0001f511 " * 20
    assert normalize_password(typed) == typed


@pytest.mark.parametrize("character", ["\0", "\n", "\t", "\x1b", "\x7f", "\x9f"])
def test_a_password_with_a_control_character_is_refused_by_name(character: str) -> None:
    with pytest.raises(Invalid) as refused:
        normalize_password(f"correct{character}horse", "newPassword")
    assert refused.value.field == "newPassword"


@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia"])
def test_a_timezone_of_the_database_can_be_chosen(timezone: str) -> None:
    assert AccountUpdate(timezone=timezone).timezone == timezone


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "europe/berlin", "../etc/passwd", "/etc/localtime", "UTC\0", ""])
def test_any_other_timezone_is_refused_by_name(timezone: str) -> None:
    with pytest.raises(Invalid) as refused:
        AccountUpdate(timezone=timezone)
    assert refused.value.field == "timezone"


def test_a_refresh_token_names_its_session_and_is_stored_as_a_digest() -> None:
    session_id, secret = new_id(), new_secret()
    token = refresh_token(session_id, secret)
    assert refresh_token_session_id(token) == session_id
    assert secret not in digest(token)
    assert digest(token) != digest(refresh_token(session_id, new_secret()))


@pytest.mark.parametrize("junk", ["", ".", "5e55", "5e55.", ".secret", f"{'5e' * 3_000}.{'s' * 43}", f"{'5e' * 10}.s"])
def test_what_is_no_refresh_token_names_no_session(junk: str) -> None:
    assert refresh_token_session_id(junk) is None


def test_a_session_ends_at_its_last_millisecond() -> None:
    session = Session("5e55", "user", "a@b.c", 0, 0, expires_at_ms=100, refresh_sha256="", user_agent="")
    assert not session.expired(99)
    assert session.expired(100)
