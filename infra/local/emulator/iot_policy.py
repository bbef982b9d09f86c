"""Reading the policy that the custom authorizer gives, as AWS IoT does: what no statement allows is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any


def allows(policies: Sequence[Mapping[str, Any]], action: str, thing: str) -> bool:
    """Whether these policies allow an action, for example iot:Publish, on a thing, for example topic/a/b."""
    effects = {
        statement["Effect"]
        for policy in policies
        for statement in policy["Statement"]
        if _fits(statement["Action"], action) and _fits(statement["Resource"].split(":", 5)[5], thing)
    }
    return effects == {"Allow"}


def _fits(pattern: str, name: str) -> bool:
    """Only * stands for more than itself."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None
