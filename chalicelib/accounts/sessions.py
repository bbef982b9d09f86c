"""Sessions: begun by a log-in, proved by short-lived session tokens, kept alive by refresh tokens that rotate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.types import Options

from chalicelib.accounts import session_store, signing_keys
from chalicelib.accounts.model import (
    SESSION_MS,
    SESSION_TOKEN_MS,
    Account,
    Session,
    refresh_token,
    refresh_token_session_id,
)
from chalicelib.accounts.store import load_open_account
from chalicelib.core.dynamo import Transaction
from chalicelib.core.errors import Unauthenticated, not_found
from chalicelib.core.identifiers import digest, new_family_secret, new_id, new_secret
from chalicelib.realtime.connections import close_sessions

ALGORITHM = "HS256"
ISSUER = "ghostwatt"
MAX_USER_AGENT_CHARACTERS = 200
"""Enough to tell a person's browsers apart."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that a browser gets.

    Attributes:
        session_token: Proves the session, for SESSION_TOKEN_MS.
        refresh_token: Gets the next tokens, once.
        expires_at_ms: When the session token ends.
        browser_token: After a log-in: the browser is recognized by it at the next one (known_browsers.py).
    """

    session_token: str
    refresh_token: str
    expires_at_ms: int
    browser_token: str = ""


def put_new_session(write: Transaction, account: Account, user_agent: str, now_ms: int) -> Tokens:
    """Add a new session to a transaction; its tokens are valid once that is committed."""
    session_id, family = new_id(), new_secret()
    token = refresh_token(session_id, new_family_secret(family))
    session = Session(
        session_id=session_id,
        user_id=account.user_id,
        email=account.email,
        created_at_ms=now_ms,
        last_used_at_ms=now_ms,
        expires_at_ms=now_ms + SESSION_MS,
        refresh_sha256=digest(token),
        user_agent=user_agent[:MAX_USER_AGENT_CHARACTERS],
        family=family,
    )
    session_store.put_session(write, session)
    return _tokens(session, token, now_ms)


def authenticate_session(session_token: str, now_ms: int) -> Session:
    """The session of a session token. It is read each time, so that a log-out takes effect at once.

    Raises:
        Unauthenticated: The token is invalid or expired, or its session has ended.
    """
    claims = _claims(session_token, now_ms)
    session = session_store.load_session(claims["sid"]) if now_ms < claims["exp"] * 1_000 else None
    if session is None or session.expired(now_ms) or session.user_id != claims["sub"]:
        raise invalid_session()
    return session


def refresh_session(token: str, now_ms: int) -> Tokens:
    """Exchange a refresh token for new tokens.

    A token that was exchanged before, even by a simultaneous call, is in two hands: its session ends, with all its
    tokens. A text that was never a token of the session ends nothing.
    Source: RFC 9700, section 4.14.2.

    Raises:
        Unauthenticated: The token is not the newest one of a session, or the account is closed.
    """
    session = _session_of_refresh_token(token)
    if session is None or session.expired(now_ms) or session.is_api_token:
        raise invalid_session()
    if not session.has_token(token):
        if session.had_token(token):
            end_session(session)
        raise invalid_session()
    rotated, next_token = session.rotated(now_ms)
    if not has_account(session) or not session_store.save_rotated_session(session, rotated):
        end_session(session)
        raise invalid_session()
    return _tokens(rotated, next_token, now_ms)


def _session_of_refresh_token(token: str) -> Session | None:
    session_id = refresh_token_session_id(token)
    return session_store.load_session(session_id) if session_id else None


def is_current_refresh_token(token: str, user_id: str, now_ms: int) -> bool:
    """Whether a token is the newest refresh token of one of a person's sessions. The token stays valid."""
    session = _session_of_refresh_token(token)
    if session is None or session.user_id != user_id or session.expired(now_ms):
        return False
    return session.has_token(token)


def list_sessions(user_id: str, now_ms: int) -> list[Session]:
    """A person's sessions and API tokens that have not ended, the one used last first."""
    active = (session for session in session_store.load_sessions_of_user(user_id) if not session.expired(now_ms))
    return sorted(active, key=lambda session: session.last_used_at_ms, reverse=True)


def end_session(session: Session) -> None:
    """End a session: its tokens are invalid at once, its dashboards are closed."""
    session_store.remove_session(session.session_id)
    close_sessions(session.user_id, {session.session_id})


def end_own_session(user_id: str, session_id: str) -> None:
    """End one of a person's sessions or API tokens.

    Raises:
        NotFound: The person has no such session.
    """
    session = session_store.load_session(session_id)
    if session is None or session.user_id != user_id:
        raise not_found("session")
    end_session(session)


def end_other_sessions(session: Session) -> None:
    """End all of a person's sessions and API tokens but one."""
    sessions = session_store.load_sessions_of_user(session.user_id)
    _end(session.user_id, [other for other in sessions if other.session_id != session.session_id])


def end_all_sessions(user_id: str) -> None:
    """End all of a person's sessions and API tokens."""
    _end(user_id, session_store.load_sessions_of_user(user_id))


def _end(user_id: str, sessions: list[Session]) -> None:
    session_store.remove_sessions(sessions)
    close_sessions(user_id, {session.session_id for session in sessions})


def has_account(session: Session) -> bool:
    """Whether the account of a session is open.

    Closing an account ends its sessions by an index that may lag; this check ends the ones that it missed.
    """
    account = load_open_account(session.email)
    return account is not None and account.user_id == session.user_id


def _tokens(session: Session, token: str, now_ms: int) -> Tokens:
    expires_at_seconds = (now_ms + SESSION_TOKEN_MS) // 1_000
    claims = {
        "iss": ISSUER,
        "sub": session.user_id,
        "sid": session.session_id,
        "iat": now_ms // 1_000,
        "exp": expires_at_seconds,
    }
    key = signing_keys.RING.signing(now_ms)
    session_token = jwt.encode(claims, key.secret, ALGORITHM, headers={"kid": key.key_id})
    return Tokens(session_token, token, expires_at_seconds * 1_000)


def _claims(session_token: str, now_ms: int) -> dict[str, Any]:
    """The claims of a token whose signature is right. The caller checks `exp`, by its own clock."""
    options: Options = {"require": ["exp", "sub", "sid"], "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        secret = _secret(jwt.get_unverified_header(session_token), now_ms)
        claims: dict[str, Any] = jwt.decode(session_token, secret, [ALGORITHM], options, issuer=ISSUER)
    except (jwt.PyJWTError, UnicodeEncodeError) as error:
        raise invalid_session() from error
    if not (isinstance(claims["exp"], int) and isinstance(claims["sid"], str) and claims["sid"]):
        raise invalid_session()
    return claims


def _secret(header: Mapping[str, Any], now_ms: int) -> str:
    """The secret of the key that a token names. Raises Unauthenticated for an unknown key."""
    key_id = header.get("kid")
    key = signing_keys.RING.verifying(key_id, now_ms) if isinstance(key_id, str) else None
    if key is None:
        raise invalid_session()
    return key.secret


def invalid_session() -> Unauthenticated:
    """The error for every invalid token, whatever is wrong with it."""
    return Unauthenticated("This session is not valid or has ended: log in again.", code="bad_session")
