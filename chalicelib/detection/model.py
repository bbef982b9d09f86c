"""What the detector is told and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from chalicelib.ports.kinds import kind_of

Policy = Literal["observe", "notify", "cut"]
Status = Literal["active", "standby", "off"]
Advice = Literal["cut", "notify"]

MINUTE_MS = 60_000
SPOKEN_IN_SECONDS_MS = 2 * MINUTE_MS
DEFAULT_THRESHOLD_WATTS = 10.0
"""Where a person gives a dwell and no threshold, and what parts idle from use before anything is known: the figure of
the usual guides."""
DEFAULT_DWELL_SECONDS = 1_800
"""Where a person gives a threshold and no dwell: half an hour."""
RIGHT_PER_WRONG = 5
"""One cut of an appliance in use weighs as much as five that were right: as long as the confirmed ones are fewer, the
detector only tells."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the owner set for a port, and what a person said of its cuts.

    threshold_watts or dwell_seconds is None where it is to be learned. undone_at_ms: a person last switched the outlet
    on at this time after a cut. uses_confirmed and false_cuts only grow: restores because the appliance was wanted
    again, and cuts said to be wrong. relay_off: the outlet is off, or about to be; its readings say nothing of the
    appliance.
    """

    kind: str = "unknown"
    policy: Policy = "notify"
    never_cut: bool = False
    threshold_watts: float | None = None
    dwell_seconds: int | None = None
    undone_at_ms: int | None = None
    uses_confirmed: int = 0
    false_cuts: int = 0
    relay_off: bool = False

    @property
    def dwell_ms(self) -> int:
        """The dwell of the fixed rule."""
        return 1_000 * (DEFAULT_DWELL_SECONDS if self.dwell_seconds is None else self.dwell_seconds)

    @property
    def is_fixed(self) -> bool:
        """Whether the person has set the rule: a threshold, or a dwell, as in "below 10 W for half an hour"."""
        return self.threshold_watts is not None or self.dwell_seconds is not None

    @property
    def is_protected(self) -> bool:
        """Whether this outlet must keep its power."""
        return self.never_cut or kind_of(self.kind).never_cut

    @property
    def has_lost_trust(self) -> bool:
        """Whether cuts said to be wrong outweigh those that were right."""
        return self.false_cuts * RIGHT_PER_WRONG > self.uses_confirmed

    def unjudged(self) -> Rule:
        """The same rule as if nobody had judged it yet, and free to cut: to try it on the past."""
        return replace(self, policy="cut", undone_at_ms=None, uses_confirmed=0, false_cuts=0, relay_off=False)


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


def status(watts: float, threshold_watts: float | None) -> Status:
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
