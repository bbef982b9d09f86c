from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.accounts.mail_links import LIFE_MS, compose_letter, link_token, link_token_email
from chalicelib.accounts.model import MailLink, Purpose
from chalicelib.core.identifiers import digest, new_secret

PURPOSES: list[Purpose] = ["confirm", "reset"]


@given(st.text(min_size=3, max_size=254).filter(str.isprintable))
def test_a_token_names_its_account(email: str) -> None:
    assert link_token_email(link_token(email, new_secret())) == email


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{1,8}\.[A-Za-z0-9_-]{43}", fullmatch=True))
def test_whatever_is_shown_as_a_token_gets_an_answer(token: str) -> None:
    assert link_token_email(token) is None or "." in token


def test_a_link_opens_until_its_end_and_with_its_own_token_alone() -> None:
    token = link_token("ann@example.org", new_secret())
    link = MailLink(digest(token), 1_000)
    assert link.opens(token, 999)
    assert not link.opens(token, 1_000)
    assert not link.opens(link_token("ann@example.org", new_secret()), 0)


def test_a_reset_lasts_half_an_hour() -> None:
    assert LIFE_MS["reset"] == 30 * 60_000


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_link_stands_whole_on_a_line_of_its_own_behind_the_hash(purpose: Purpose) -> None:
    token = link_token("ann@example.org", new_secret())
    written = compose_letter(purpose, token, "https://ghostwatt.example/")
    assert f"https://ghostwatt.example/#/{purpose}/{token}" in written.text.splitlines()
    assert written.subject.isascii()
    assert "ann" not in written.subject
