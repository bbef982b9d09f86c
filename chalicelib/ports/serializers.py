"""Ports, what is known of them, and why the detector decides so."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core.times import iso, iso_or_none
from chalicelib.detection import outlet_status, silence
from chalicelib.detection.backtest import Cut
from chalicelib.detection.explain import Explanation
from chalicelib.detection.port_state import PortState
from chalicelib.ports import schemas as wire
from chalicelib.ports.model import Port
from chalicelib.ports.relays import Relay
from chalicelib.readings.model import MeterReading

UNKNOWN = PortState()
"""Of a port that has sent no reading yet."""


def latest(newest: MeterReading | None) -> wire.LatestReading | None:
    """The newest reading of a port."""
    if newest is None:
        return None
    return wire.LatestReading(
        timestamp=iso(newest.at_ms),
        timestamp_ms=newest.at_ms,
        voltage=newest.voltage,
        current=newest.current,
        power=newest.power,
    )


def relay(shown: Relay) -> wire.RelayPart:
    """Desired and reported state of a relay."""
    return wire.RelayPart(
        desired=shown.desired,
        version=shown.version,
        reported=shown.reported,
        reported_version=shown.reported_version,
        reason=shown.reason,
        switched_by=shown.switched_by,
    )


def port(shown: Port, state: PortState = UNKNOWN, heard_ms: int | None = None) -> wire.PortPart:
    """A port with what is known of it; heard_ms: its device's readings have come up to then (detection/silence.py)."""
    return wire.PortPart(
        port_id=shown.port_id,
        device_id=shown.device_id,
        name=shown.name,
        channel=shown.channel,
        kind=shown.kind,
        threshold_watts=shown.threshold_watts,
        dwell_seconds=shown.dwell_seconds,
        policy=shown.policy,
        never_cut=shown.never_cut,
        status=outlet_status.of(shown, state, heard_ms),
        silent_since_ms=silence.since_ms(state, heard_ms),
        latest=latest(state.latest),
        relay=relay(shown.relay),
    )


def explanation(port_id: str, shown: Explanation) -> wire.DetectorAnswer:
    """Why the detector decides as it does."""
    return wire.DetectorAnswer(
        port_id=port_id,
        threshold_watts=shown.threshold_watts,
        source=shown.source,
        standby_watts=shown.standby_watts,
        gap_to_watts=shown.gap_to_watts,
        histogram=[
            wire.HistogramBar(from_watts=bar.from_watts, to_watts=bar.to_watts, minutes=bar.minutes)
            for bar in shown.histogram
        ],
        observed_minutes=shown.observed_minutes,
        idle_runs=shown.idle_runs,
        typical_idle_minutes=shown.typical_idle_minutes,
        dwell_seconds=shown.dwell_seconds,
        advice=shown.advice,
        waits_for=shown.waits_for,
    )


def backtest(
    port_id: str, cuts: Sequence[Cut], readings: int, read_until_ms: int | None, cursor: str | None
) -> wire.BacktestAnswer:
    """A page of a backtest."""
    return wire.BacktestAnswer(
        port_id=port_id,
        cuts=[_backtest_cut(cut) for cut in cuts],
        saved_watt_hours=round(sum(cut.saved_joules for cut in cuts) / 3_600, 3),
        wrong_cuts=sum(cut.wrong for cut in cuts),
        readings=readings,
        read_until=iso_or_none(read_until_ms),
        cursor=cursor,
    )


def _backtest_cut(shown: Cut) -> wire.BacktestCut:
    return wire.BacktestCut(
        at=iso(shown.at_ms),
        watts=round(shown.watts, 3),
        reason=shown.reason,
        restored_at=iso_or_none(shown.restored_at_ms),
        saved_watt_hours=round(shown.saved_joules / 3_600, 3),
        wrong=shown.wrong,
    )
