"""An export: all data of a person as one zip, made by a job that takes minutes, kept for a day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chalicelib.core.errors import TooMany
from chalicelib.core.times import DAY_MS, MINUTE_MS, SECOND_MS

Format = Literal["csv", "jsonl"]
State = Literal["waiting", "running", "ready", "failed"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl")
START_LEASE_MS = 15 * MINUTE_MS
"""A job that has not begun by then never will: Lambda drops an invocation of that age (MaximumEventAgeInSeconds)."""
WORK_MS = 14 * MINUTE_MS
"""A Lambda ends after 15 minutes: a minute is left to store the file, or to say that it took too long."""
RUN_LEASE_MS = 16 * MINUTE_MS
"""A job that has not ended by then was killed."""
KEPT_MS = DAY_MS
LINK_MS = 15 * MINUTE_MS
MOST_A_DAY = 5
"""An export reads all data of a person: no other call costs as much."""
TIMED_OUT = "The export took too long; ask again, for a shorter time (from, to)."
WITHDRAWN = "It was withdrawn when your password changed; ask again."
BROKE_OFF = "The export broke off on our side; ask again."


@dataclass(frozen=True, slots=True)
class Export:
    """One export of one person.

    Attributes:
        owner_id: The person.
        number: Counts the exports of the person.
        email: The person's address.
        created_at_ms: When it was requested (epoch ms).
        first_ms: Start of its data (epoch ms).
        last_ms: End of its data, included (epoch ms).
        formats: The formats of its tables.
        file_key: The name of its file, which cannot be guessed.
        lease_until_ms: When a job that still waits or runs counts as dead (epoch ms).
        stored_state: The last state that was stored.
        bytes: The size of the file, None without one.
        stored_error: Why it failed, in a sentence for the person.
    """

    owner_id: str
    number: int
    email: str
    created_at_ms: int
    first_ms: int
    last_ms: int
    formats: tuple[Format, ...]
    file_key: str
    lease_until_ms: int
    stored_state: State = "waiting"
    bytes: int | None = None
    stored_error: str | None = None

    @property
    def export_id(self) -> str:
        """Its public id; the ids of a person count up, so that two requests at once make one export."""
        return f"export-{self.number}"

    def is_dead(self, now_ms: int) -> bool:
        """Say whether its job must have died."""
        return self.stored_state in ("waiting", "running") and now_ms >= self.lease_until_ms

    def state(self, now_ms: int) -> State:
        """Tell its state."""
        return "failed" if self.is_dead(now_ms) else self.stored_state

    def error(self, now_ms: int) -> str | None:
        """Tell why it failed, None if it has not."""
        return BROKE_OFF if self.is_dead(now_ms) else self.stored_error

    def is_under_way(self, now_ms: int) -> bool:
        """Say whether its file is still to come."""
        return self.state(now_ms) in ("waiting", "running")

    def has_expired(self, now_ms: int) -> bool:
        """Say whether its file is gone."""
        return now_ms >= self.created_at_ms + KEPT_MS


def check_number(before: Sequence[Export], now_ms: int) -> None:
    """Check the number of exports of a day.

    Raises:
        TooMany: These are as many as one day may have.
    """
    recent = sorted(export.created_at_ms for export in before if not export.has_expired(now_ms))
    if len(recent) >= MOST_A_DAY:
        seconds = math.ceil((recent[-MOST_A_DAY] + KEPT_MS - now_ms) / SECOND_MS)
        message = f"There are at most {MOST_A_DAY} exports a day."
        raise TooMany(message, code="too_many_exports", retry_after_seconds=seconds)


def next_number(before: Sequence[Export]) -> int:
    """Find the number of the export after these."""
    return max((export.number for export in before), default=0) + 1
