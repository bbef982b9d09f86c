"""Phantom events and notifications: what happened, and what a person is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.core.times import DAY_MS

Action = Literal["auto_cut", "notified", "observed"]
Outcome = Literal["sent", "obeyed", "confirmed", "contradicted", "refused", "undone"]
NOTIFICATION_RETENTION_MS = 90 * DAY_MS


@dataclass(frozen=True, slots=True)
class PhantomEvent:
    """A stretch of standby and what was done about it; outcome follows a cut from command to confirmed watts.

    obeyed_at_ms: when the device said that it had switched off; taken back when the watts contradict it.
    """

    event_id: str
    owner_id: str
    port_id: str
    port_name: str
    device_id: str
    device_uid: str
    detected_watts: float
    detected_at_ms: int
    started_at_ms: int
    action: Action
    reason: str
    outcome: Outcome | None = None
    ended_at_ms: int | None = None
    verdict: Literal["right", "wrong"] | None = None
    obeyed_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """One sentence for a person; kind says what it is about, details is what a mail says beyond the sentence."""

    notification_id: str
    owner_id: str
    kind: str
    message: str
    at_ms: int
    port_id: str | None = None
    device_id: str | None = None
    read: bool = False
    details: str | None = None


def time_ordered_id(at_ms: int, about: str) -> str:
    """An id that sorts by time and is the same whenever the same thing is found again."""
    return f"{at_ms:013d}-{about}"
