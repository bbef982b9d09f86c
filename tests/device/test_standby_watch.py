from __future__ import annotations

from ghostwatt_pi.agent.standby_watch import DWELL_MS, StandbyWatch
from ghostwatt_pi.measurement import GAP_MS, Measurement

from .conftest import Told


def watch(told: Told, *, away: bool = True) -> StandbyWatch:
    made = StandbyWatch(told)
    made.is_on = away
    return made


def draw(watch: StandbyWatch, watts: float, from_ms: int, to_ms: int) -> None:
    for at_ms in range(from_ms, to_ms + 1, 60_000):
        watch.notice([Measurement(1, at_ms, 230.0, 0.01, watts)])


def test_standby_past_the_dwell_is_told_once() -> None:
    told = Told()
    draw(watch(told), 2.8, 0, 2 * DWELL_MS)
    assert told.of("standby") == [{"channel": 1, "watts": 2.8, "minutes": 30}]


def test_nothing_is_told_while_the_cloud_is_there_but_the_dwell_counts() -> None:
    told = Told()
    watching = watch(told, away=False)
    draw(watching, 2.8, 0, DWELL_MS)
    assert told == []
    watching.is_on = True
    draw(watching, 2.8, DWELL_MS + 60_000, DWELL_MS + 60_000)
    assert len(told.of("standby")) == 1


def test_use_and_off_are_no_standby() -> None:
    told = Told()
    for watts in (10.0, 0.0):
        draw(watch(told), watts, 0, 2 * DWELL_MS)
    assert told == []


def test_a_gap_is_never_dwell() -> None:
    told = Told()
    watching = watch(told)
    draw(watching, 2.8, 0, DWELL_MS - 60_000)
    draw(watching, 2.8, DWELL_MS + GAP_MS, 2 * DWELL_MS)
    assert told == []
