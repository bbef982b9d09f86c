"""Sessions: begun with a log-in, shown by a short-lived session token, kept alive by refresh tokens that rotate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.types import Options

from chalicelib.accounts import session_store as store
from chalicelib.accounts import signing_keys
from chalicelib.accounts import store as users
from chalicelib.accounts.model import (
    SESSION_MS,
    SESSION_TOKEN_MS,
    Account,
    Session,
    refresh_digest,
    refresh_token,
    session_id_of,
)
from chalicelib.core.dynamo import Transaction
from chalicelib.core.errors import Unauthenticated, not_found
from chalicelib.core.identifiers import new_family_secret, new_id, new_secret
from chalicelib.realtime import publisher as live

ALGORITHM = "HS256"
ISSUER = "ghostwatt"
MAX_USER_AGENT_CHARACTERS = 200
"""Enough to tell a person's browsers apart."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a browser gets: both tokens, and when the session token ends.

    browser_token is there after a log-in: by it the browser is known at the next one.
    """

    session_token: str
    refresh_token: str
    expires_at_ms: int
    browser_token: str = ""


def put_new(write: Transaction, account: Account, user_agent: str, now_ms: int) -> Tokens:
    """Add a new session to a transaction; its tokens are good once that is committed."""
    session_id, family = new_id(), new_secret()
    token = refresh_token(session_id, new_family_secret(family))
    session = Session(
        session_id=session_id,
        user_id=account.user_id,
        email=account.email,
        created_at_ms=now_ms,
        last_used_at_ms=now_ms,
        expires_at_ms=now_ms + SESSION_MS,
        refresh_sha256=refresh_digest(token),
        user_agent=user_agent[:MAX_USER_AGENT_CHARACTERS],
        family=family,
    )
    store.put_new(write, session)
    return _tokens(session, token, now_ms)


def authenticate(session_token: str, now_ms: int) -> Session:
    """The session that a token shows, read each time so that a log-out acts at once. Raises Unauthenticated."""
    claims = _claims(session_token, now_ms)
    session = store.load(claims["sid"]) if now_ms < claims["exp"] * 1_000 else None
    if session is None or session.expired(now_ms) or session.user_id != claims["sub"]:
        raise bad_session()
    return session


def refresh(token: str, now_ms: int) -> Tokens:
    """New tokens for a refresh token, which is spent by that. Raises Unauthenticated.

    A token that was spent already, even by a call of the same moment, is in two hands: the session ends with all that
    hangs on it (RFC 9700, section 4.14.2). What was never a token of it ends nothing.
    """
    session_id = session_id_of(token)
    session = store.load(session_id) if session_id else None
    if session is None or session.expired(now_ms) or session.is_api_token:
        raise bad_session()
    if not session.has_token(token):
        if session.had_token(token):
            end(session)
        raise bad_session()
    rotated, next_token = session.rotated(now_ms)
    if not has_account(session) or not store.rotate(session, rotated):
        end(session)
        raise bad_session()
    return _tokens(rotated, next_token, now_ms)


def is_current(token: str, user_id: str, now_ms: int) -> bool:
    """Whether this is the refresh token of one of a person's sessions; it is not spent by that."""
    session_id = session_id_of(token)
    session = store.load(session_id) if session_id else None
    if session is None or session.user_id != user_id or session.expired(now_ms):
        return False
    return session.has_token(token)


def of_user(user_id: str, now_ms: int) -> list[Session]:
    """A person's sessions, the one used last first."""
    alive = (session for session in store.of_user(user_id) if not session.expired(now_ms))
    return sorted(alive, key=lambda session: session.last_used_at_ms, reverse=True)


def end(session: Session) -> None:
    """Log out: its tokens are worthless at once, its dashboards closed."""
    store.remove(session.session_id)
    live.hang_up(session.user_id, {session.session_id})


def end_one(user_id: str, session_id: str) -> None:
    """End one of a person's sessions, or API tokens. Raises NotFound."""
    session = store.load(session_id)
    if session is None or session.user_id != user_id:
        raise not_found("session")
    end(session)


def end_others(session: Session) -> None:
    """Log a person out everywhere else."""
    _end(session.user_id, [other for other in store.of_user(session.user_id) if other.session_id != session.session_id])


def end_all(user_id: str) -> None:
    """Log a person out everywhere."""
    _end(user_id, store.of_user(user_id))


def _end(user_id: str, sessions: list[Session]) -> None:
    store.remove_all(sessions)
    live.hang_up(user_id, {session.session_id for session in sessions})


def has_account(session: Session) -> bool:
    """The index of sessions may lag when an account is closed: what it did not show ends here."""
    account = users.load_open(session.email)
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
    """A token's claims, once its signature holds; its end is left to the caller, whose clock it is."""
    options: Options = {"require": ["exp", "sub", "sid"], "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        secret = _secret(jwt.get_unverified_header(session_token), now_ms)
        claims: dict[str, Any] = jwt.decode(session_token, secret, [ALGORITHM], options, issuer=ISSUER)
    except (jwt.PyJWTError, UnicodeEncodeError) as error:
        raise bad_session() from error
    if not (isinstance(claims["exp"], int) and isinstance(claims["sid"], str) and claims["sid"]):
        raise bad_session()
    return claims


def _secret(header: Mapping[str, Any], now_ms: int) -> str:
    """The secret that a token names; raises Unauthenticated when there is no such."""
    key_id = header.get("kid")
    key = signing_keys.RING.verifying(key_id, now_ms) if isinstance(key_id, str) else None
    if key is None:
        raise bad_session()
    return key.secret


def bad_session() -> Unauthenticated:
    """What is said of every token that opens nothing."""
    return Unauthenticated("This session is not valid or has ended: log in again.", code="bad_session")
