"""What an API token may do."""

from __future__ import annotations

from typing import Literal

Scope = Literal["read", "control"]
"""read: the home's data. control: also switch outlets, give feedback and open the WebSocket."""


def scope_allows(scope: Scope, needed: Scope | None) -> bool:
    """Whether a token of a scope may call a route; `needed` is None for a route that no token may call."""
    return needed in ("read", scope)
