"""Findings and verdicts of the detector, phantom events, and the status of an outlet by its watts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["active", "standby", "off"]
Advice = Literal["cut", "notify"]
Action = Literal["auto_cut", "notified", "observed"]
FeedbackVerdict = Literal["right", "wrong"]
"""A person's verdict on a phantom event."""
Outcome = Literal["sent", "obeyed", "confirmed", "contradicted", "refused", "undone"]

MINUTE_MS = 60_000
SPOKEN_IN_SECONDS_MS = 2 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Finding:
    """Standby that has lasted long enough and holds at the newest reading: mean watts of the stretch since since_ms.

    advice is what may be done at most; the port's policy is applied by the caller.
    """

    since_ms: int
    at_ms: int
    watts: float
    threshold_watts: float
    advice: Advice
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the readings mean: a finding as long as standby stands at the newest reading.

    ended_at_ms: the appliance is in use again, which ends the spell last found; status: what the port is doing now.
    """

    finding: Finding | None
    ended_at_ms: int | None
    status: Status


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
    verdict: FeedbackVerdict | None = None
    obeyed_at_ms: int | None = None


def phantom_status(watts: float, threshold_watts: float | None) -> Status:
    """What a port is at these watts: nothing drawn is off, below the threshold is standby, if there is one."""
    if watts <= 0:
        return "off"
    return "standby" if threshold_watts is not None and watts < threshold_watts else "active"


def duration_text(lasted_ms: int) -> str:
    """A length of time in a sentence: seconds below two minutes, where minutes would say too little."""
    if lasted_ms < SPOKEN_IN_SECONDS_MS:
        return f"{lasted_ms / 1_000:.0f} s"
    return f"{lasted_ms / MINUTE_MS:.0f} min"


def reason(watts: float, standing_ms: int, threshold_watts: float, use_watts: float | None = None) -> str:
    """Why it was found, in one sentence with figures; use_watts is the least the appliance draws in use."""
    in_use = f"; {use_watts:.0f} W or more in use" if use_watts else ""
    return f"{watts:.1f} W for {duration_text(standing_ms)}, below {threshold_watts:.3g} W{in_use}"
