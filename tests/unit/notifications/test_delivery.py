"""Quiet hours, digests and retries."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.accounts.model import Account
from chalicelib.core.errors import Invalid
from chalicelib.core.times import MINUTE_MS
from chalicelib.energy.periods import periods
from chalicelib.notifications import schemas
from chalicelib.notifications.delivery_rules import (
    RETRY_AFTER_MINUTES,
    Deliveries,
    Delivery,
    delivered,
    due_at_ms,
    failed,
    quiet_until_ms,
    waiting,
)
from chalicelib.notifications.model import NOTIFICATION_KINDS
from chalicelib.notifications.preferences import NotificationSettings, Preferences, QuietHours, Webhook
from chalicelib.notifications.weekly_digest import Drawing, Week, digest_text, digest_week, next_digest_ms

NIGHT = QuietHours(22 * 60, 7 * 60)
BERLIN = "Europe/Berlin"
ACCOUNT = Account("a@example.org", "owner", "hash", 0)


def at(text_: str, timezone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text_).replace(tzinfo=ZoneInfo(timezone)).timestamp()) * 1_000


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-01-10T21:59:59", None),
        ("2026-01-10T22:00:00", "2026-01-11T07:00:00"),
        ("2026-01-11T00:30:00", "2026-01-11T07:00:00"),
        ("2026-01-11T06:59:59", "2026-01-11T07:00:00"),
        ("2026-01-11T07:00:00", None),
        ("2026-03-28T23:00:00", "2026-03-29T07:00:00"),  # the clock goes forward in this night
        ("2026-10-24T23:00:00", "2026-10-25T07:00:00"),  # and back in this one
    ],
)
def test_quiet_hours_go_over_midnight_on_the_local_clock(now: str, until: str | None) -> None:
    ends = quiet_until_ms(NIGHT, BERLIN, at(now, BERLIN))
    assert ends == (None if until is None else at(until, BERLIN))


def test_quiet_hours_that_end_in_the_hour_that_is_left_out_end_when_it_is_over() -> None:
    quiet = QuietHours(22 * 60, 2 * 60 + 30)
    assert quiet_until_ms(quiet, BERLIN, at("2026-03-28T23:00:00", BERLIN)) == at("2026-03-29T03:00:00", BERLIN)


@given(
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sampled_from(["UTC", BERLIN, "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]),
    st.integers(1_767_225_600, 1_798_761_600),
)
def test_what_waits_for_quiet_hours_goes_out_when_they_are_over(
    start: int, end: int, timezone: str, at_seconds: int
) -> None:
    if start == end:
        with pytest.raises(Invalid):
            QuietHours(start, end)
        return
    quiet = QuietHours(start, end)
    until_ms = quiet_until_ms(quiet, timezone, at_seconds * 1_000)
    if until_ms is None:
        return
    assert at_seconds * 1_000 < until_ms <= at_seconds * 1_000 + 26 * 3_600_000
    assert quiet_until_ms(quiet, timezone, until_ms) is None
    assert quiet_until_ms(quiet, timezone, until_ms - 1) == until_ms


def test_without_quiet_hours_nothing_waits() -> None:
    assert quiet_until_ms(None, BERLIN, at("2026-01-11T03:00:00", BERLIN)) is None


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-01-11T12:00:00", "2026-01-12T07:00:00"),
        ("2026-01-12T06:59:59", "2026-01-12T07:00:00"),
        ("2026-01-12T07:00:00", "2026-01-19T07:00:00"),
        ("2026-03-27T12:00:00", "2026-03-30T07:00:00"),  # summer time begins in between
    ],
)
def test_the_digest_comes_on_monday_at_seven(now: str, due: str) -> None:
    assert next_digest_ms(BERLIN, at(now, BERLIN)) == at(due, BERLIN)


def test_tries_are_bounded_and_further_apart_each_time() -> None:
    delivery, pauses, now_ms = Delivery(), [], at("2026-01-11T12:00:00")
    while (delivery := failed(delivery, now_ms)).state == "waiting":
        pauses.append((delivery.next_at_ms - now_ms) // MINUTE_MS)
        now_ms = delivery.next_at_ms
    assert tuple(pauses) == RETRY_AFTER_MINUTES
    assert (delivery.state, delivery.attempts) == ("failed", len(RETRY_AFTER_MINUTES) + 1)


def test_what_is_settled_is_never_due_again() -> None:
    later = Delivery(attempts=1, next_at_ms=5)
    known: Deliveries = {"email": delivered(Delivery()), "webhook": later}
    assert waiting(known, ["email", "webhook"], 4) == []
    assert waiting(known, ["email", "webhook"], 5) == ["webhook"]
    assert due_at_ms(known, ["email", "webhook"]) == 5
    assert due_at_ms(known, ["email"]) is None
    assert waiting({}, ["email"], 0) == ["email"]


def test_a_kind_leaves_only_by_channels_that_are_chosen_and_there() -> None:
    webhook = Webhook("https://example.org/", "s" * 16)
    assert Preferences().outbound("cut") == ()
    assert Preferences(email=True, webhook=webhook).outbound("cut") == ("email", "webhook")
    chosen = Preferences({"cut": ("webhook",), "phantom": ("page",)}, email=True, webhook=webhook)
    assert (chosen.outbound("cut"), chosen.outbound("phantom")) == (("webhook",), ())
    assert (chosen.on_page("cut"), chosen.on_page("phantom"), chosen.on_page("cut_failed")) == (False, True, True)
    assert chosen.outbound("weekly_digest") == ("email",)


@pytest.mark.parametrize(("begin", "end"), [("00:00", "07:05"), ("23:59", "00:00")])
def test_quiet_hours_are_read_as_they_are_shown(begin: str, end: str) -> None:
    body = schemas.ChooseNotifications(quiet_hours=schemas.QuietHours(from_=begin, to=end))
    stored = NotificationSettings("owner", ACCOUNT.email, schemas.preferences_of(body), {})
    answer = schemas.settings_answer(ACCOUNT, stored, None, email_available=True)
    assert answer.quiet_hours == body.quiet_hours
    assert set(answer.kinds) == set(NOTIFICATION_KINDS)


def test_a_digest_names_what_draws_and_who_is_silent_up_to_a_page() -> None:
    week = Week(3, 1, 2, [Drawing("Television", 4.25)], [f"Pi {number}" for number in range(25)], ["Saved: 1.2 kWh"])
    told = digest_text(week)
    assert told.startswith("Your week: 3 cuts, 1 outlet still drawing standby.\n")
    assert "Cuts: 3, of which 1 failed. Found without a cut: 2." in told
    assert "- Television: 4.2 W" in told
    assert "Saved: 1.2 kWh" in told
    assert "- and 5 more" in told


@pytest.mark.parametrize("timezone", ["UTC", BERLIN, "America/New_York", "Pacific/Apia", "Asia/Kathmandu"])
def test_a_years_digests_cover_each_local_day_once(timezone: str) -> None:
    """Also where clocks are put forward or back, and however late a digest is made."""
    zone = ZoneInfo(timezone)
    due_ms = next_digest_ms(timezone, at("2026-01-01 00:00", BERLIN))
    ended_ms = digest_week(timezone, due_ms)[0]
    for number in range(60):
        begins_ms, ends_ms = digest_week(timezone, due_ms)
        assert begins_ms == ended_ms
        days = periods("day", begins_ms, ends_ms - 1, zone)
        assert (len(days), days[0].start_ms, days[-1].end_ms) == (7, begins_ms, ends_ms)
        ended_ms, due_ms = ends_ms, next_digest_ms(timezone, due_ms + number * 1_000_000)
