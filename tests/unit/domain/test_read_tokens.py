from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import accounts
from chalicelib.domain.identity import new_id, new_secret
from chalicelib.domain.read_tokens import read_token, session_id_of


def test_a_token_names_its_session() -> None:
    session_id = new_id()
    assert session_id_of(read_token(session_id, new_secret())) == session_id


def test_refresh_tokens_and_read_tokens_are_never_taken_for_each_other() -> None:
    session_id, secret = new_id(), new_secret()
    assert accounts.session_id_of(read_token(session_id, secret)) is None
    assert session_id_of(accounts.refresh_token(session_id, secret)) is None


@given(st.text() | st.from_regex(r"gwr\.[0-9a-f]{18,22}\.[A-Za-z0-9_-]{40,45}\n?"))
def test_only_the_exact_form_names_a_session(text: str) -> None:
    named = session_id_of(text)
    assert named is None or text == read_token(named, text[-43:])
