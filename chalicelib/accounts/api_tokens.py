"""API tokens: long-lived credentials of a person's programs (Grafana, Home Assistant), each with a scope.

An API token is a session of a program: it does not rotate, and lasts for as long as was asked.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from chalicelib.accounts import service, session_store
from chalicelib.accounts.model import Session
from chalicelib.accounts.sessions import has_account, invalid_session, list_sessions
from chalicelib.core.errors import Conflict, Invalid
from chalicelib.core.identifiers import constant_time_equal, digest, new_id, new_secret
from chalicelib.core.scopes import Scope
from chalicelib.core.times import DAY_MS

MAX_TOKENS = 20
"""Live tokens of one person: one a program, with room to replace each."""
USE_PRECISION_MS = DAY_MS
"""How exactly the last use is stored: a write at each reading would cost more than the reading."""
LONG_LIVED_DAYS = 400
"""A token that lives longer than this needs the password again."""
PREFIXES: dict[Scope, str] = {"read": "gwr", "control": "gwc"}
"""The first letters of each scope's tokens, by which scanners find leaked ones."""
API_TOKEN = re.compile(r"gw[rc]\.([0-9a-f]{20})\.[A-Za-z0-9_-]{43}")
"""Prefix, session id and secret, as new_id and new_secret make them."""


class IssuedToken(NamedTuple):
    """A new API token: its session, and the token itself, which is shown once."""

    session: Session
    token: str


def api_token(scope: Scope, session_id: str, secret: str) -> str:
    """The token that a program keeps."""
    return f"{PREFIXES[scope]}.{session_id}.{secret}"


def api_token_session_id(token: str) -> str | None:
    """The id of the session that an API token names; None if the text is no API token."""
    match = API_TOKEN.fullmatch(token)
    return None if match is None else match.group(1)


def is_api_token(token: str) -> bool:
    """Whether a text has the form of an API token."""
    return API_TOKEN.fullmatch(token) is not None


def create_api_token(
    session: Session,
    name: str,
    scope: Scope,
    days: int,
    now_ms: int,
    *,
    current_password: str | None = None,
    code: str | None = None,
) -> IssuedToken:
    """Create an API token.

    Args:
        session: The log-in of the person who asks.
        name: Tells the person which program has the token.
        scope: What the token may do.
        days: How long it lives.
        now_ms: The current time.
        current_password: Needed for more than LONG_LIVED_DAYS.
        code: Of the second factor; needed beside the password where the account has one.

    Raises:
        Invalid: The password or the code is missing or wrong.
        TooMany: One of them was wrong too often.
        Conflict: The person has MAX_TOKENS already (code too_many_tokens).
    """
    if days > LONG_LIVED_DAYS and current_password is None:
        message = f"A token that lives over {LONG_LIVED_DAYS} days needs your password."
        raise Invalid(message, code="required", field="currentPassword")
    if current_password is not None:
        service.confirm_person(session, current_password, code, now_ms)
    if sum(other.is_api_token for other in list_sessions(session.user_id, now_ms)) >= MAX_TOKENS:
        raise Conflict(f"There are {MAX_TOKENS} tokens: end one first.", code="too_many_tokens")
    session_id = new_id()
    token = api_token(scope, session_id, new_secret())
    issued = Session(
        session_id=session_id,
        user_id=session.user_id,
        email=session.email,
        created_at_ms=now_ms,
        last_used_at_ms=now_ms,
        expires_at_ms=now_ms + days * DAY_MS,
        refresh_sha256=digest(token),
        user_agent="",
        token_name=name,
        scope=scope,
    )
    session_store.save_session(issued)
    return IssuedToken(issued, token)


def authenticate_api_token(token: str, now_ms: int) -> Session:
    """The session of an API token. It is read each time, so that ending it takes effect at once.

    Raises:
        Unauthenticated: The token is unknown or has ended.
    """
    session_id = api_token_session_id(token)
    session = session_store.load_session(session_id) if session_id else None
    if session is None or not session.is_api_token or not constant_time_equal(digest(token), session.refresh_sha256):
        raise invalid_session()
    if session.expired(now_ms) or not has_account(session):
        raise invalid_session()
    if now_ms - session.last_used_at_ms >= USE_PRECISION_MS:
        session_store.save_session_use(session.session_id, now_ms)
    return session
