"""API tokens: sessions of programs. They last for as long as was asked, do not rotate, and have a scope."""

from __future__ import annotations

from chalicelib.accounts import session_store as store
from chalicelib.accounts import sessions
from chalicelib.accounts.api_tokens import MAX_TOKENS, SEEN_MS, Scope, api_token, session_id_of
from chalicelib.accounts.model import Session
from chalicelib.core.errors import Conflict
from chalicelib.core.identifiers import constant_time_equal, digest, new_id, new_secret
from chalicelib.core.times import DAY_MS


def issue(session: Session, name: str, scope: Scope, days: int, now_ms: int) -> tuple[Session, str]:
    """Make a token of a person, good for so many days.

    Returns:
        Its session, and the token, which is shown here and never again.

    Raises:
        Conflict: The person has MAX_TOKENS already (code too_many_tokens).
    """
    if sum(other.is_api_token for other in sessions.of_user(session.user_id, now_ms)) >= MAX_TOKENS:
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
    store.put(issued)
    return issued, token


def is_one(token: str) -> bool:
    """Whether this has the form of an API token."""
    return session_id_of(token) is not None


def authenticate(token: str, now_ms: int) -> Session:
    """The session of an API token, read each time so that ending it acts at once. Raises Unauthenticated."""
    session_id = session_id_of(token)
    session = store.load(session_id) if session_id else None
    if session is None or not session.is_api_token or not constant_time_equal(digest(token), session.refresh_sha256):
        raise sessions.bad_session()
    if session.expired(now_ms) or not sessions.has_account(session):
        raise sessions.bad_session()
    if now_ms - session.last_used_at_ms >= SEEN_MS:
        store.note_use(session.session_id, now_ms)
    return session
