"""Keys of devices, and what their agents report: dropped readings are told once an episode."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.times import MINUTE_MS
from chalicelib.devices.model import AgentReport, Device, Keys, api_key_device_id, key_digest, make_api_key

NOW_MS = 1_700_000_000_000
OLD, NEW = key_digest("gwk.dev.old"), key_digest("gwk.dev.new")


def test_a_key_names_its_device() -> None:
    assert api_key_device_id(make_api_key("GW-0123", "secret")) == "GW-0123"


@pytest.mark.parametrize("junk", ["", "gwk", "gwk.", "gwk.dev", "gwk.dev.", "gwk..secret", "other.dev.secret"])
def test_what_is_no_key_names_none(junk: str) -> None:
    assert api_key_device_id(junk) is None


def test_the_old_key_lives_until_the_new_one_is_first_used() -> None:
    keys = Keys(current_sha256=OLD).with_next(NEW)
    assert (keys.match(OLD, 0), keys.match(NEW, 0)) == ("current", "next")
    assert (keys.rotated().match(OLD, 0), keys.rotated().match(NEW, 0)) == (None, "current")


def test_an_old_key_that_nobody_used_lives_as_long() -> None:
    keys = Keys().with_next(OLD).with_next(NEW)
    assert (keys.match(OLD, 0), keys.match(NEW, 0)) == ("current", "next")
    assert keys.rotated().match(OLD, 0) is None


def test_an_expired_key_fits_no_more() -> None:
    keys = Keys().with_next(NEW, expires_at_ms=100)
    assert (keys.match(NEW, 99), keys.match(NEW, 100)) == ("next", None)
    assert keys.rotated().match(NEW, 100) is None


@pytest.mark.parametrize(
    ("keys", "last_seen_ms", "used"),
    [
        (Keys(), None, False),
        (Keys().with_next(OLD), None, False),
        (Keys().with_next(OLD), 7, False),
        (Keys().with_next(OLD).rotated(), None, True),
        (Keys().with_next(OLD).with_next(NEW), None, False),
        (Keys().with_next(OLD).rotated().with_next(NEW), 7, True),
    ],
    ids=["no key", "waiting", "called in a made-up past", "used, its call refused", "two waiting", "used and rotated"],
)
def test_a_key_was_used_once_it_became_the_current_one(keys: Keys, last_seen_ms: int | None, *, used: bool) -> None:
    device = Device("GW-0123", "uid", "owner", "Pi", 0, keys=keys, last_seen_ms=last_seen_ms)
    assert device.key_was_used is used


def test_the_first_total_is_told_unless_it_is_nothing() -> None:
    assert AgentReport().updated("1.2", 0, NOW_MS) == (AgentReport("1.2", 0, None), 0)
    assert AgentReport().updated(None, 7, NOW_MS) == (AgentReport(None, 7, NOW_MS), 7)


def test_what_is_not_said_is_not_forgotten() -> None:
    report = AgentReport("1.2", 7, NOW_MS)
    assert report.updated(None, None, NOW_MS + 1) == (report, 0)


def test_a_total_that_began_anew_counts_from_there() -> None:
    report = AgentReport("1.2", 700, NOW_MS)
    assert report.updated(None, 5, NOW_MS + 2 * 60 * MINUTE_MS)[1] == 5


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(0, 3)), max_size=40))
def test_a_spell_of_dropping_is_told_once(steps: list[tuple[int, int]]) -> None:
    report, total, at_ms, rose_at_ms = AgentReport(None, 0, None), 0, NOW_MS, -(10**15)
    for minutes, more in steps:
        at_ms, total = at_ms + minutes * MINUTE_MS, total + more
        report, lost = report.updated(None, total, at_ms)
        begins = more > 0 and at_ms - rose_at_ms >= 60 * MINUTE_MS
        assert (lost > 0) == begins
        rose_at_ms = at_ms if more else rose_at_ms
