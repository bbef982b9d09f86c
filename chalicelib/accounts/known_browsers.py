"""Browsers that have logged in to an account before, known by a signed token that they keep; nothing is stored of them.

The token opens nothing. It is good for as long as its signing key verifies, at most 400 days.
"""

from __future__ import annotations

import jwt
from jwt.types import Options

from chalicelib.accounts import signing_keys
from chalicelib.core.identifiers import new_id
from chalicelib.core.times import DAY_MS, SECOND_MS

ALGORITHM = "HS256"
AUDIENCE = "browser"
"""Session tokens have none, so that neither passes for the other."""
KNOWN_MS = 400 * DAY_MS
"""The longest that browsers keep a cookie (RFC 6265bis, section 5.5)."""
MAX_CHARACTERS = 1_000


def issue(user_id: str, browser_id: str | None, now_ms: int) -> str:
    """A token for a browser that has just logged in: it keeps its id, or gets one."""
    key = signing_keys.RING.signing(now_ms)
    claims = {
        "aud": AUDIENCE,
        "sub": user_id,
        "jti": browser_id or new_id(),
        "exp": (now_ms + KNOWN_MS) // SECOND_MS,
    }
    return jwt.encode(claims, key.secret, ALGORITHM, headers={"kid": key.key_id})


def id_of(token: str, user_id: str, now_ms: int) -> str | None:
    """The id of a browser that logged in to this account before; None if the token does not say so."""
    options: Options = {"require": ["exp", "sub", "jti"], "verify_exp": False}
    try:
        key_id = jwt.get_unverified_header(token).get("kid") if 0 < len(token) <= MAX_CHARACTERS else None
        key = signing_keys.RING.verifying(key_id, now_ms) if isinstance(key_id, str) else None
        if key is None:
            return None
        claims = jwt.decode(token, key.secret, [ALGORITHM], options, audience=AUDIENCE)
    except (jwt.PyJWTError, UnicodeEncodeError):
        return None
    is_good = claims["sub"] == user_id and isinstance(claims["exp"], int) and now_ms < claims["exp"] * SECOND_MS
    return str(claims["jti"]) if is_good else None
