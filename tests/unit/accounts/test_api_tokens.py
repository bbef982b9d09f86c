from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.accounts.api_tokens import PREFIXES, api_token, api_token_session_id
from chalicelib.accounts.model import refresh_token, refresh_token_session_id
from chalicelib.core.identifiers import new_id, new_secret
from chalicelib.core.scopes import Scope, scope_allows

SCOPES: list[Scope] = ["read", "control"]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_names_its_session(scope: Scope) -> None:
    session_id = new_id()
    assert api_token_session_id(api_token(scope, session_id, new_secret())) == session_id


@pytest.mark.parametrize("scope", SCOPES)
def test_refresh_tokens_and_api_tokens_are_never_taken_for_each_other(scope: Scope) -> None:
    session_id, secret = new_id(), new_secret()
    assert refresh_token_session_id(api_token(scope, session_id, secret)) is None
    assert api_token_session_id(refresh_token(session_id, secret)) is None


@given(st.text() | st.from_regex(r"gw[rc]\.[0-9a-f]{18,22}\.[A-Za-z0-9_-]{40,45}\n?"))
def test_only_the_exact_form_names_a_session(text: str) -> None:
    named = api_token_session_id(text)
    assert named is None or text in {api_token(scope, named, text[-43:]) for scope in SCOPES}


def test_a_token_that_controls_may_also_read_and_not_the_other_way_round() -> None:
    assert scope_allows("control", "control")
    assert scope_allows("control", "read")
    assert scope_allows("read", "read")
    assert not scope_allows("read", "control")


@pytest.mark.parametrize("scope", SCOPES)
def test_a_route_that_names_no_scope_takes_no_token(scope: Scope) -> None:
    assert not scope_allows(scope, None)


def test_the_scopes_have_prefixes_of_their_own() -> None:
    assert len(set(PREFIXES.values())) == len(SCOPES)
