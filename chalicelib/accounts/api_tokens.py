"""API tokens: long-lived credentials of a person's programs (Grafana, Home Assistant), each with a scope."""

from __future__ import annotations

import re
from typing import Literal

from chalicelib.core.times import DAY_MS

Scope = Literal["read", "control"]
"""read: the home's data. control: also switches outlets, gives feedback and opens the live WebSocket."""
MAX_TOKENS = 20
"""Live ones of one person: one a program, with room to replace each."""
SEEN_MS = DAY_MS
"""How exactly the last use is kept: a write at each reading would cost more than the reading."""
LONG_LIVED_DAYS = 400
"""A token that lives longer than this needs the password again."""
PREFIXES: dict[Scope, str] = {"read": "gwr", "control": "gwc"}
"""Each scope's first letters, by which scanners of leaked secrets find a token."""
API_TOKEN = re.compile(r"gw[rc]\.([0-9a-f]{20})\.[A-Za-z0-9_-]{43}")
"""A session's id and a secret, as identity.new_id and identity.new_secret make them."""


def api_token(scope: Scope, session_id: str, secret: str) -> str:
    """The token that a program keeps."""
    return f"{PREFIXES[scope]}.{session_id}.{secret}"


def session_id_of(token: str) -> str | None:
    """The session that an API token names, None if it is no API token."""
    shape = API_TOKEN.fullmatch(token)
    return None if shape is None else shape.group(1)


def allows(scope: Scope, needed: Scope | None) -> bool:
    """Whether a token of this scope may call a route; `needed` is None for a route that no token may call."""
    return needed in ("read", scope)
