"""The two cookies of the page: its refresh token, and the token of a browser that logged in before.

Scripts and other sites cannot read them, and browsers send them to account routes only.
"""

from __future__ import annotations

from typing import Any

from chalicelib.accounts.known_browsers import BROWSER_TOKEN_MS
from chalicelib.accounts.model import SESSION_MS
from chalicelib.core.authentication import Call
from chalicelib.core.origins import Site
from chalicelib.core.settings import settings
from chalicelib.core.times import SECOND_MS

REFRESH_COOKIE = "refresh"
BROWSER_COOKIE = "browser"

Headers = dict[str, str | list[str]]


def refresh_token_of(call: Call[Any]) -> str:
    """The refresh token in the page's cookie; "" without one, and for calls from other sites, which cannot spend it."""
    return _cookie(call, REFRESH_COOKIE) if call.site is Site.OWN else ""


def browser_token_of(call: Call[Any]) -> str:
    """The token of a known browser; "" without one."""
    return _cookie(call, BROWSER_COOKIE)


def session_cookies(call: Call[Any], refresh_token: str, browser_token: str = "") -> Headers:
    """The header that keeps a session, and after a log-in the browser's token.

    The origin that CORS allows gets no cookie: in its calls this site's cookie would be another person's session.

    Returns:
        Set-Cookie, or nothing for other sites.
    """
    if call.site is not Site.OWN:
        return {}
    refresh = _set_cookie(REFRESH_COOKIE, refresh_token, SESSION_MS)
    if not browser_token:
        return {"Set-Cookie": refresh}
    return {"Set-Cookie": [refresh, _set_cookie(BROWSER_COOKIE, browser_token, BROWSER_TOKEN_MS)]}


def cleared_session_cookie(call: Call[Any]) -> Headers:
    """The header that removes the refresh token; nothing for other sites."""
    return {"Set-Cookie": _set_cookie(REFRESH_COOKIE, "", 0)} if call.site is Site.OWN else {}


def _cookie(call: Call[Any], name: str) -> str:
    pairs = (pair.strip().partition("=") for pair in call.headers.get("cookie", "").split(";"))
    return next((value for cookie, _, value in pairs if cookie == name), "")


def _set_cookie(name: str, value: str, life_ms: int) -> str:
    secure = "" if settings().public_url.startswith("http://") else "; Secure"
    return f"{name}={value}; Path=/api/account; Max-Age={life_ms // SECOND_MS}; HttpOnly; SameSite=Strict{secure}"
