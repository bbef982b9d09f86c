"""The cookie of a browser that logged in before: it opens nothing, but others' guesses do not stop it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.api.http import Reply
from chalicelib.domain.identity import new_secret
from chalicelib.settings import settings

COOKIE = "browser"
MAX_AGE_SECONDS = 400 * 86_400
"""The longest that browsers keep a cookie (RFC 6265bis, section 5.5)."""
MAX_CHARACTERS = 100


def secret_of(headers: Mapping[str, str]) -> str:
    """The browser's secret, a new one if it has none yet."""
    pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
    secret = next((value for name, _, value in pairs if name == COOKIE), "")
    return secret if 0 < len(secret) <= MAX_CHARACTERS and secret.isascii() else new_secret()


def kept(reply: Reply, secret: str) -> Reply:
    """An answer that gives the browser its secret too, if it is one that gives it a cookie at all."""
    cookie = reply.headers.get("Set-Cookie")
    if not isinstance(cookie, str):
        return reply
    secure = "" if settings().public_url.startswith("http://") else "; Secure"
    mine = f"{COOKIE}={secret}; Path=/api/account; Max-Age={MAX_AGE_SECONDS}; HttpOnly; SameSite=Strict{secure}"
    return replace(reply, headers={**reply.headers, "Set-Cookie": [cookie, mine]})
