"""Read tokens: a program's way to a person's readings (Grafana, Home Assistant). They open nothing but what is read."""

from __future__ import annotations

import re

from chalicelib.domain.times import DAY_MS

MAX_TOKENS = 20
"""Live ones of one person: one a program, with room to replace each."""
SEEN_MS = DAY_MS
"""How exactly the last use is kept: a write at each reading would cost more than the reading."""
READ_TOKEN = re.compile(r"gwr\.([0-9a-f]{20})\.[A-Za-z0-9_-]{43}")
"""A session's id and a secret, as identity.new_id and identity.new_secret make them."""


def read_token(session_id: str, secret: str) -> str:
    """The token that a program keeps; its first letters let scanners of leaked secrets find it."""
    return f"gwr.{session_id}.{secret}"


def session_id_of(token: str) -> str | None:
    """The session that a read token names, None if it is no read token."""
    shape = READ_TOKEN.fullmatch(token)
    return None if shape is None else shape.group(1)
