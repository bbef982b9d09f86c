"""Online, late, offline, flapping: when, why, and one alert a spell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.times import HOUR_MS, MINUTE_MS
from chalicelib.devices import liveness
from chalicelib.devices.liveness import (
    MAX_CHANGES,
    Presence,
    after_call,
    after_change,
    after_flapping,
    due_entry_ms,
    explain_liveness,
    is_call_due_for_storing,
)

NOW = 1_700_000_000_000


def beating(every_ms: int, times: int, *, is_agent: bool = True) -> tuple[Presence, int]:
    """What is remembered of a device that has called so often at this pace, and when it called last."""
    presence, seen_ms = after_call(Presence(), None, NOW, online=False, is_agent=is_agent), NOW
    for _ in range(times):
        presence = after_call(presence, seen_ms, seen_ms + every_ms, online=True)
        seen_ms += every_ms
    return presence, seen_ms


@pytest.mark.parametrize(
    ("silent_seconds", "online", "state", "reason"),
    [
        (30, True, "online", "It called within the last 90 s, and usually calls every 60 s."),
        (
            100,
            True,
            "late",
            "It last called 100 s ago and usually calls every 60 s; it is late, and offline after 150 s.",
        ),
        (
            3_600,
            False,
            "offline",
            "It last called 60 min ago and usually calls every 60 s; after 150 s it counts as offline.",
        ),
    ],
)
def test_the_reason_has_figures(silent_seconds: int, *, online: bool, state: str, reason: str) -> None:
    presence, seen_ms = beating(MINUTE_MS, 5)
    found = explain_liveness(presence, seen_ms, seen_ms + 1_000 * silent_seconds, online=online)
    assert (found.state, found.reason) == (state, reason)


def test_late_begins_at_one_and_a_half_intervals() -> None:
    presence, seen_ms = beating(5 * MINUTE_MS, 30)
    found = explain_liveness(presence, seen_ms, seen_ms + 8 * MINUTE_MS, online=True)
    assert found.state == "late"
    assert found.since_ms == pytest.approx(seen_ms + 450_000, abs=1_000)


def test_a_device_that_has_not_called_never_was() -> None:
    assert explain_liveness(Presence(), None, NOW, online=False).state == "never"


def test_after_one_long_gap_a_device_that_calls_every_five_minutes_stays_online() -> None:
    presence, seen_ms = beating(MINUTE_MS, 10)
    assert liveness.is_silent(seen_ms, presence, seen_ms + 5 * MINUTE_MS)
    presence = after_change(presence, seen_ms + 150_000)
    for _ in range(20):
        online = (
            not liveness.is_silent(seen_ms, presence, seen_ms + 5 * MINUTE_MS) and presence.changes_ms[-1] <= seen_ms
        )
        presence = after_call(presence, seen_ms, seen_ms + 5 * MINUTE_MS, online=online)
        seen_ms += 5 * MINUTE_MS
        assert not liveness.is_silent(seen_ms, presence, seen_ms + 5 * MINUTE_MS)
    assert len(presence.changes_ms) == 3


@pytest.mark.parametrize("pace_seconds", [60, 150, 151, 300, 450, 600, 899, 900])
def test_a_device_that_keeps_its_own_pace_is_never_offline(pace_seconds: int) -> None:
    presence, seen_ms = beating(1, 0, is_agent=False)
    for _ in range(50):
        next_ms = seen_ms + pace_seconds * 1_000
        assert not liveness.is_silent(seen_ms, presence, next_ms - 1)
        presence, seen_ms = after_call(presence, seen_ms, next_ms, online=True), next_ms


@given(st.lists(st.integers(200, 480), min_size=2, max_size=40))
def test_a_device_whose_calls_come_at_irregular_times_is_not_offline_between_them(gaps: list[int]) -> None:
    presence, seen_ms = beating(1, 0, is_agent=False)
    for gap_seconds in gaps:
        next_ms = seen_ms + gap_seconds * 1_000
        assert not liveness.is_silent(seen_ms, presence, next_ms)
        presence, seen_ms = after_call(presence, seen_ms, next_ms, online=True), next_ms


def test_a_device_that_calls_by_turns_soon_and_late_is_offline_once_at_most() -> None:
    presence, seen_ms = beating(1, 0, is_agent=False)
    missed = 0
    for gap_ms in [60_000, 600_000] * 20:
        missed += liveness.is_silent(seen_ms, presence, seen_ms + gap_ms)
        presence, seen_ms = after_call(presence, seen_ms, seen_ms + gap_ms, online=True), seen_ms + gap_ms
    assert missed == 1


def test_until_a_second_call_only_our_own_agent_is_known_to_call_each_minute() -> None:
    agent, _ = beating(1, 0)
    stranger, seen_ms = beating(1, 0, is_agent=False)
    assert (agent.silence_ms, stranger.silence_ms) == (150_000, 900_000)
    found = explain_liveness(stranger, seen_ms, seen_ms + 400_000, online=True)
    assert (found.state, found.reason) == (
        "online",
        "It called within the last 15 min, and how often it calls is not known yet.",
    )
    learned = after_call(stranger, seen_ms, seen_ms + MINUTE_MS, online=True)
    assert learned.silence_ms == 150_000


def test_a_device_that_comes_back_after_an_outage_keeps_what_it_is_allowed() -> None:
    presence, seen_ms = beating(1, 0, is_agent=False)
    back = after_call(presence, seen_ms, seen_ms + HOUR_MS, online=False)
    assert back.silence_ms == 900_000


@given(st.lists(st.integers(0, 40 * 24 * HOUR_MS), max_size=50))
def test_silence_is_bounded_whatever_the_gaps_were(gaps: list[int]) -> None:
    presence, seen_ms = Presence(), NOW
    for gap_ms in gaps:
        presence = after_call(presence, seen_ms, seen_ms + gap_ms, online=True)
        seen_ms += gap_ms
    assert liveness.SILENCE_MS <= presence.silence_ms <= 2_250_000


class Watched:
    """A device and its entry in the index of due devices, which the simple rule moves at each call."""

    def __init__(self, *, moves_each_time: bool) -> None:
        self.moves_each_time = moves_each_time
        self.presence, self.seen_ms, self.online = Presence(), 0, False
        self.entry_ms: int | None = None
        self.moves = 0

    def call(self, now_ms: int) -> None:
        if not is_call_due_for_storing(self.online, self.seen_ms or None, now_ms):
            return
        self.presence = after_call(self.presence, self.seen_ms or None, now_ms, online=self.online)
        before_ms = None if self.moves_each_time else self.entry_ms
        after_ms = due_entry_ms(before_ms, now_ms, self.presence)
        self.moves += after_ms != self.entry_ms
        self.seen_ms, self.online, self.entry_ms = now_ms, True, after_ms

    def tick(self, now_ms: int) -> bool:
        """The sweep's minute; whether the device goes offline."""
        if self.entry_ms is None or self.entry_ms > now_ms or not self.online:
            return False
        if not liveness.is_silent(self.seen_ms, self.presence, now_ms):
            return False
        self.online, self.entry_ms, self.presence = False, None, after_change(self.presence, now_ms)
        return True


PACES = st.sampled_from([5_000, 56_000, MINUTE_MS, 61_000, 5 * MINUTE_MS, 14 * MINUTE_MS]) | st.integers(1, HOUR_MS)


@given(st.lists(st.tuples(PACES, st.integers(1, 12)), max_size=12), st.integers(1, MINUTE_MS))
def test_an_entry_that_mostly_stays_takes_a_device_offline_at_the_same_tick(
    spells: list[tuple[int, int]], tick_ms: int
) -> None:
    lazy, simple = Watched(moves_each_time=False), Watched(moves_each_time=True)
    at_ms, tick_ms = NOW, NOW + tick_ms
    calls = [at_ms := at_ms + pace_ms for pace_ms, times in spells for _ in range(times)]
    for call_ms in [*calls, at_ms + 2 * HOUR_MS]:
        while tick_ms < call_ms:
            assert lazy.tick(tick_ms) == simple.tick(tick_ms)
            tick_ms += MINUTE_MS
        lazy.call(call_ms)
        simple.call(call_ms)
        assert (lazy.seen_ms, lazy.online, lazy.presence) == (simple.seen_ms, simple.online, simple.presence)


@pytest.mark.parametrize("pace_ms", [MINUTE_MS, 62_000, 5 * MINUTE_MS])
def test_a_steady_device_moves_its_entry_at_every_second_call_at_most_and_is_never_looked_at(pace_ms: int) -> None:
    device = Watched(moves_each_time=False)
    for number in range(20):  # so that its pace is learnt
        device.call(NOW + number * pace_ms)
    device.moves = 0
    for number in range(20, 40):
        at_ms = NOW + number * pace_ms
        assert device.entry_ms is not None
        assert device.entry_ms > at_ms, "the sweep does not look at it"
        device.call(at_ms)
    assert device.moves <= 10


def test_an_outage_is_not_a_pace() -> None:
    presence, seen_ms = beating(MINUTE_MS, 5)
    assert after_call(presence, seen_ms, seen_ms + HOUR_MS, online=False).interval_seconds == 60


@given(st.lists(st.integers(1, 2 * HOUR_MS), max_size=60))
def test_flapping_is_told_once_a_spell(gaps: list[int]) -> None:
    """The slow way beside it: count all changes of the last hour at each change."""
    presence, at_ms = Presence(), NOW
    changes: list[int] = []
    in_spell = False
    for gap_ms in gaps:
        at_ms += gap_ms
        changes.append(at_ms)
        after = after_change(presence, at_ms)
        flaps = sum(at_ms - HOUR_MS < change for change in changes) > MAX_CHANGES
        assert liveness.begins_to_flap(presence, after) == (flaps and not in_spell)
        assert liveness.is_flapping(after, at_ms) == flaps
        in_spell, presence = flaps, after
        assert len(presence.changes_ms) <= liveness.KEPT_CHANGES


def test_flapping_is_explained_and_ends_by_itself() -> None:
    presence = Presence()
    for number in range(6):
        presence = after_change(presence, NOW + number * 3 * MINUTE_MS)
    last_ms = NOW + 15 * MINUTE_MS
    found = explain_liveness(presence, last_ms, last_ms, online=False)
    assert (found.state, found.since_ms) == ("flapping", NOW + 12 * MINUTE_MS)
    assert "6 times within an hour; it is offline now" in found.reason
    assert liveness.is_flapping(presence, presence.calm_at_ms - 1)
    assert not liveness.is_flapping(presence, presence.calm_at_ms)
    assert explain_liveness(presence, last_ms, presence.calm_at_ms, online=False).state == "offline"
    assert after_flapping(presence) == replace(presence, flapping_since_ms=None)
