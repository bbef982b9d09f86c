"""Recognize browsers that have logged in to an account before, by a signed token that each browser keeps.

The token opens nothing, and nothing is stored. It is valid while its signing key verifies, at most 400 days.
"""

from __future__ import annotations

import jwt
from jwt.types import Options

from chalicelib.accounts import signing_keys
from chalicelib.core.identifiers import new_id
from chalicelib.core.times import DAY_MS, SECOND_MS

ALGORITHM = "HS256"
AUDIENCE = "browser"
"""Session tokens have no audience, so that neither token passes for the other."""
BROWSER_TOKEN_MS = 400 * DAY_MS
"""The longest that browsers keep a cookie (RFC 6265bis, section 5.5)."""
MAX_CHARACTERS = 1_000


def issue_browser_token(user_id: str, browser_id: str | None, now_ms: int) -> str:
    """A token for a browser that has just logged in. `browser_id` is its id so far; None gives it a new one."""
    key = signing_keys.RING.signing(now_ms)
    claims = {
        "aud": AUDIENCE,
        "sub": user_id,
        "jti": browser_id or new_id(),
        "exp": (now_ms + BROWSER_TOKEN_MS) // SECOND_MS,
    }
    return jwt.encode(claims, key.secret, ALGORITHM, headers={"kid": key.key_id})


def known_browser_id(token: str, user_id: str, now_ms: int) -> str | None:
    """The id of the browser if its token proves an earlier log-in to this account; else None."""
    options: Options = {"require": ["exp", "sub", "jti"], "verify_exp": False}
    try:
        key_id = jwt.get_unverified_header(token).get("kid") if 0 < len(token) <= MAX_CHARACTERS else None
        key = signing_keys.RING.verifying(key_id, now_ms) if isinstance(key_id, str) else None
        if key is None:
            return None
        claims = jwt.decode(token, key.secret, [ALGORITHM], options, audience=AUDIENCE)
    except (jwt.PyJWTError, UnicodeEncodeError):
        return None
    is_valid = claims["sub"] == user_id and isinstance(claims["exp"], int) and now_ms < claims["exp"] * SECOND_MS
    return str(claims["jti"]) if is_valid else None
