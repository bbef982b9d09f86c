"""The shipped detector behind the scorer of the recordings: score.py dev tests.benchmarks.trace_detector:Factory.

One outlet with policy cut, through the functions that the stream calls: step_detector, then effects_of.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict

from chalicelib.detection.cut_decisions import effects_of
from chalicelib.detection.detector import step_detector
from chalicelib.detection.detector_state import State
from chalicelib.detection.model import MINUTE_MS
from chalicelib.detection.port_state import PortState
from chalicelib.ports.model import Port
from chalicelib.ports.relay_commands import judged_wrong, report, switch_relay

EPOCH_MS = 1_700_000_040_000
"""Recordings count from 0 s; a whole minute of a real date stands for it."""
BATCH = 30
"""Readings between two loads and saves of the detector's memory."""


class Meta(TypedDict):
    """What the scorer tells of a recording."""

    trace: str
    never_cut: bool
    kind: str


class Factory:
    """Readings in, "cut now" out. A person restores: 'use' is to switch on, 'false' to say that the cut was wrong.

    The caller gives no readings between a cut and the restore.
    """

    def __init__(self, meta: Meta) -> None:
        self._port = Port(
            "port", "uid", "device", "owner", "Outlet", 1, meta["kind"], policy="cut", never_cut=meta["never_cut"]
        )
        self._state = PortState()
        self._since_save = 0

    def step(self, t_seconds: float, power_w: float, held_seconds: float = 0) -> bool:
        """Take one reading, which has held for so long; whether the outlet is cut now."""
        return self._take([_epoch_ms(t_seconds)], [power_w], [round(held_seconds * 1_000)])

    def _take(self, times_ms: list[int], watts: list[float], held_ms: list[int]) -> bool:
        at_ms = times_ms[-1]
        self._answer(at_ms)
        detector, verdict = step_detector(self._state.detector, self._port.rule, times_ms, watts, held_ms)
        look = effects_of(self._port, replace(self._state, detector=self._saved(detector)), verdict, at_ms)
        self._state = look.state
        if look.relay is not None:
            self._port = replace(self._port, relay=look.relay)
        return look.relay is not None

    def restored(self, t_seconds: float, reason: str) -> None:
        """The person switches on again: it was wanted ('use'), or it had been in use ('false')."""
        relay, at_ms = self._port.relay, _epoch_ms(t_seconds)
        wrong = reason == "false"
        relay = judged_wrong(relay, relay.cut_event_id or "", at_ms) if wrong else switch_relay(relay, "on", at_ms)
        self._port = replace(self._port, relay=relay)

    def _answer(self, at_ms: int) -> None:
        """Readings after a cut: the scorer did not carry it out, as a Pi that refuses."""
        relay = self._port.relay
        if relay.desired == "off":
            self._port = replace(self._port, relay=report(relay, "on", relay.version, "in_use", at_ms))

    def _saved(self, detector: State) -> State:
        self._since_save += 1
        if self._since_save < BATCH:
            return detector
        self._since_save = 0
        return State.unpack(detector.pack())


class ByMinute(Factory):
    """A Factory that takes a minute of readings at once, as from an upload: quicker, and within half a point."""

    def __init__(self, meta: Meta) -> None:
        super().__init__(meta)
        self._readings: list[tuple[int, float, int]] = []

    def step(self, t_seconds: float, power_w: float, held_seconds: float = 0) -> bool:
        """Keep one reading until a minute is full; whether the outlet is cut now."""
        self._readings.append((_epoch_ms(t_seconds), power_w, round(held_seconds * 1_000)))
        if self._readings[-1][0] // MINUTE_MS == self._readings[0][0] // MINUTE_MS:
            return False
        times_ms, watts, held_ms = map(list, zip(*self._readings, strict=True))
        self._readings = []
        return self._take(times_ms, watts, held_ms)


class ClosedLoop(Factory):
    """A Factory whose relay obeys: after a cut the caller goes on giving readings, of 0 W, until the restore."""

    def _answer(self, at_ms: int) -> None:
        """Readings after a command: the Pi has carried it out."""
        relay = self._port.relay
        self._port = replace(self._port, relay=report(relay, relay.desired, relay.version, None, at_ms))


def _epoch_ms(t_seconds: float) -> int:
    return EPOCH_MS + round(t_seconds * 1_000)
