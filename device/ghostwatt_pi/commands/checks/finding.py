"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """`name` is what was checked; `says` what was seen; `mend` what a person can do, where something is to be done."""

    name: Literal["clock", "network", "key", "serial", "disk", "relay"]
    state: Literal["ok", "warn", "fail"]
    says: str
    mend: str | None = None


class WrongServer(Finding):
    """Something answers at the address, but it is no Ghostwatt cloud: waiting will not help."""
