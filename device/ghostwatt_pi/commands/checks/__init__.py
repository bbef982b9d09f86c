"""The checks of `ghostwatt-pi doctor`. Each yields findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check.

    Attributes:
        name: The part that was checked.
        state: Whether it works.
        says: The result as a sentence.
        remediation: The advice to a person; None when there is nothing to do.
    """

    name: Literal["clock", "network", "key", "serial", "disk", "relay"]
    state: Literal["ok", "warn", "fail"]
    says: str
    remediation: str | None = None


class WrongServer(Finding):
    """A server answers at the address, but it is not a Ghostwatt cloud: waiting will not help."""
