"""The relay of a port: what is wanted, what was reported, and the rules of cutting and restoring.

Each command has a version; the Pi answers with the version that it obeyed or refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

RelayState = Literal["on", "off"]
SwitchedBy = Literal["person", "detector"]
CUT_TTL_MS = 5 * 60_000
"""How long the detector's cut may be obeyed: the Pi calls every minute, so five minutes outlive a short outage, and a
Pi that was away for longer must not act on old news."""

AT_THE_PLUG = ("by_hand", "at_plug")
"""Reasons of a report that say that a person switched: at the Pi, or at the plug or in its maker's app."""
DOES_NOT_OBEY = ("failed", "not_cut")
"""Reasons of a report that say that the relay did not do what it was told, or that power flows all the same."""


@dataclass(frozen=True, slots=True)
class Relay:
    """Desired and reported state of one outlet.

    only_below_watts and expires_at_ms bind the detector's cuts only; cut_event_id names the phantom event behind
    the last cut; undone_at_ms is when a person last switched the outlet on again, refused_at_ms when the Pi last
    refused a cut. uses_confirmed counts the cuts that a person ended because the appliance was wanted again,
    false_cuts those that a person called wrong: the detector learns from both. plug_version is the version that the
    device had handled when a person last switched at the plug, until the next command. failing: the relay did not do
    what it was told, and has not moved since.
    """

    desired: RelayState = "on"
    version: int = 0
    reported: RelayState | None = None
    reported_version: int | None = None
    reported_at_ms: int | None = None
    reason: str | None = None
    switched_by: SwitchedBy | None = None
    only_below_watts: float | None = None
    expires_at_ms: int | None = None
    cut_event_id: str | None = None
    undone_at_ms: int | None = None
    refused_at_ms: int | None = None
    uses_confirmed: int = 0
    false_cuts: int = 0
    plug_version: int | None = None
    failing: bool = False

    @property
    def cut_by_detector(self) -> bool:
        """Whether the outlet is off, or about to be, because the detector cut it."""
        return self.desired == "off" and self.switched_by == "detector"

    @property
    def obeyed(self) -> bool:
        """Whether the device has done what is wanted."""
        return self.reported == self.desired and self.reported_version == self.version


def cut(relay: Relay, event_id: str, only_below_watts: float, now_ms: int) -> Relay:
    """The detector's command: off, but only while the appliance draws less than only_below_watts, and only soon."""
    return replace(
        _commanded(relay, "off", "detector"),
        only_below_watts=only_below_watts,
        expires_at_ms=now_ms + CUT_TTL_MS,
        cut_event_id=event_id,
    )


def switch_relay(relay: Relay, state: RelayState, now_ms: int) -> Relay:
    """A person's command, without conditions. Switching on tells the detector to leave the outlet alone."""
    switched = replace(_commanded(relay, state, "person"), only_below_watts=None, expires_at_ms=None)
    if state == "off":
        return switched
    confirmed = relay.uses_confirmed + relay.cut_by_detector
    return replace(switched, undone_at_ms=now_ms, cut_event_id=None, uses_confirmed=confirmed)


def judged_wrong(relay: Relay, event_id: str, now_ms: int) -> Relay:
    """A person says that the cut of this event was wrong: it counts, and if it still stands the outlet is wanted on."""
    counted = replace(relay, false_cuts=relay.false_cuts + 1)
    if not relay.cut_by_detector or relay.cut_event_id != event_id:
        return counted
    return replace(switch_relay(counted, "on", now_ms), uses_confirmed=relay.uses_confirmed)


def no_longer_wrong(relay: Relay) -> Relay:
    """A person takes back that a cut was wrong: it no longer counts. What was restored stays so."""
    return replace(relay, false_cuts=max(0, relay.false_cuts - 1))


def _taken_back(relay: Relay) -> Relay:
    restored = _commanded(relay, "on", "detector")
    return replace(restored, only_below_watts=None, expires_at_ms=None, cut_event_id=None)


def report(relay: Relay, state: RelayState, version: int, reason: str | None, now_ms: int) -> Relay:
    """What the device says it did; an answer to an older command than the last one changes nothing.

    A cut that the device refused is taken back at once: the outlet stays on and is wanted on. Switching at the plug is
    a person's command: the outlet is wanted as it is.
    """
    if reason in AT_THE_PLUG and state != relay.desired:
        return _switched_at_the_plug(relay, state, version, reason, now_ms)
    is_known = (relay.reported, relay.reported_version) == (state, version) and reason in (None, relay.reason)
    if version != relay.version or is_known:
        return relay
    failing = reason in DOES_NOT_OBEY or (relay.failing and state == relay.reported)
    reported = replace(
        relay, reported=state, reported_version=version, reported_at_ms=now_ms, reason=reason, failing=failing
    )
    if relay.cut_by_detector and state == "on":
        taken_back = _taken_back(reported)
        return replace(taken_back, reported_version=taken_back.version, reason=reason, refused_at_ms=now_ms)
    return reported


def _switched_at_the_plug(relay: Relay, state: RelayState, version: int, reason: str | None, now_ms: int) -> Relay:
    """After a person switched at the plug.

    The device names the last command that it handled. It may switch again before it has heard of ours, which only
    writes down what it did: that is no newer command than the person's hand.
    """
    if version not in (relay.version, relay.plug_version):
        return relay
    switched = switch_relay(relay, state, now_ms)
    return replace(
        switched,
        reported=state,
        reported_version=switched.version,
        reported_at_ms=now_ms,
        reason=reason,
        plug_version=version,
        failing=False,
    )


def _commanded(relay: Relay, state: RelayState, by: SwitchedBy) -> Relay:
    return replace(relay, desired=state, version=relay.version + 1, switched_by=by, reason=None, plug_version=None)
