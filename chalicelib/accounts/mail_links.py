"""Links that are mailed to an address: whoever follows one has shown that they read its mail."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Literal

from chalicelib.core.identifiers import constant_time_equal, digest
from chalicelib.core.times import DAY_MS, MINUTE_MS

Purpose = Literal["confirm", "reset"]
LIFE_MS: dict[Purpose, int] = {"confirm": 3 * DAY_MS, "reset": 30 * MINUTE_MS}
"""A confirmation may wait over a weekend. A reset opens the account, so it is short.
Source: OWASP Forgot Password Cheat Sheet."""
TOKEN = re.compile(r"([A-Za-z0-9_-]{4,1400})\.[A-Za-z0-9_-]{43}")
"""The address in base64, so that one read finds the account, and a secret as new_secret makes it."""


@dataclass(frozen=True, slots=True)
class MailLink:
    """The stored form of a link that was mailed and not used yet."""

    sha256: str
    expires_at_ms: int

    def opens(self, token: str, now_ms: int) -> bool:
        """Whether a token is the link's and has not expired."""
        return constant_time_equal(digest(token), self.sha256) and now_ms < self.expires_at_ms


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and text of a mail. Neither contains text that the person who asked for it could choose."""

    subject: str
    text: str


def link_token(email: str, secret: str) -> str:
    """The token of a link."""
    return f"{base64.urlsafe_b64encode(email.encode()).decode().rstrip('=')}.{secret}"


def link_token_email(token: str) -> str | None:
    """The address of the account that a token names; None if the text is no such token."""
    match = TOKEN.fullmatch(token)
    if match is None:
        return None
    encoded = match.group(1)
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return None


def compose_letter(purpose: Purpose, token: str, page_url: str) -> Letter:
    """The mail with a link. The token stands behind a #, so that it appears in no server's log."""
    link = f"{page_url.rstrip('/')}/#/{purpose}/{token}"
    if purpose == "confirm":
        return Letter(
            "Confirm your e-mail address",
            "An account at Ghostwatt was made with this e-mail address. If it is yours, confirm it within 3 days:\n\n"
            f"{link}\n\n"
            "If you did not make it, do nothing: nothing else will be sent to you.\n",
        )
    return Letter(
        "Choose a new password",
        "Somebody asked for a new password for your account at Ghostwatt. Choose one within 30 minutes:\n\n"
        f"{link}\n\n"
        "It logs you out everywhere. If it was not you, do nothing: your password stays as it is.\n",
    )
