"""Calls of people: a session token, or an API token whose scope opens the route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.accounts.api_tokens import authenticate_api_token, is_api_token
from chalicelib.accounts.model import Session
from chalicelib.accounts.sessions import authenticate_session
from chalicelib.core import rate_limits
from chalicelib.core.authentication import Authentication, Body, Call, credentials_of
from chalicelib.core.errors import Forbidden, Unauthenticated
from chalicelib.core.scopes import Scope, scope_allows

SCHEMES = {
    "session": {"type": "apiKey", "in": "header", "name": "x-session-token"},
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "a session token"},
    "readToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "an API token of either scope (POST /account/token); x-session-token takes it too",
    },
    "controlToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "an API token with the scope control; x-session-token takes it too",
    },
}
NEEDS_SESSION = "This needs a session: log in, and send its token as x-session-token or Authorization: Bearer <token>."


class SessionCall(Call[Body]):
    """A call of a person."""

    __slots__ = ()

    @property
    def session(self) -> Session:
        """The person's session."""
        session: Session = self.caller
        return session

    @property
    def owner_id(self) -> str:
        """The id of the person."""
        return self.session.user_id


class SessionAuthentication(Authentication):
    """Authenticates people, and programs with an API token of theirs."""

    label = "a person"
    call_type = SessionCall
    credential_in_body = False
    schemes = SCHEMES

    def security(self, scope: Scope | None) -> Sequence[str]:
        """A session, or an API token of at least the route's scope."""
        return ["session", "bearer", *([f"{scope}Token"] if scope else [])]

    def credential(self, headers: Mapping[str, str], body: Any) -> str:  # noqa: ARG002 - another way needs it
        """The token of x-session-token, or of Authorization: Bearer."""
        return headers.get("x-session-token", "") or credentials_of(headers, "bearer")

    def authenticate(self, credential: str, scope: Scope | None, now_ms: int) -> tuple[Session, rate_limits.Subject]:
        """The session of a token. Raises Unauthenticated, Forbidden."""
        session = _session(credential, scope, now_ms)
        return session, rate_limits.of_user(session.user_id)


SESSION = SessionAuthentication()


def _session(token: str, scope: Scope | None, now_ms: int) -> Session:
    if not token:
        raise Unauthenticated(NEEDS_SESSION, code="bad_session")
    if not is_api_token(token):
        return authenticate_session(token, now_ms)
    session = authenticate_api_token(token, now_ms)
    if not scope_allows(session.scope, scope):
        code = "read_only" if session.scope == "read" else "out_of_scope"
        raise Forbidden(f"A token with the scope {session.scope} may not do this: log in.", code=code)
    return session
