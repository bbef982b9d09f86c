"""The cookie of a browser that logged in before: it opens nothing, but others' guesses do not stop it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.accounts.known_browsers import KNOWN_MS
from chalicelib.core.http import Reply
from chalicelib.core.settings import settings
from chalicelib.core.times import SECOND_MS

COOKIE = "browser"


def token_of(headers: Mapping[str, str]) -> str:
    """The browser's token; "" if it has none."""
    pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")


def kept(reply: Reply, token: str) -> Reply:
    """An answer that gives the browser its token too, if it is one that gives it a cookie at all."""
    cookie = reply.headers.get("Set-Cookie")
    if not isinstance(cookie, str):
        return reply
    secure = "" if settings().public_url.startswith("http://") else "; Secure"
    mine = f"{COOKIE}={token}; Path=/api/account; Max-Age={KNOWN_MS // SECOND_MS}; HttpOnly; SameSite=Strict{secure}"
    return replace(reply, headers={**reply.headers, "Set-Cookie": [cookie, mine]})
