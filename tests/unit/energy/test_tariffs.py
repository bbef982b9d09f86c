"""Each quarter hour has the price of its local time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Invalid
from chalicelib.core.local_time import start_ms
from chalicelib.core.times import QUARTER_MS
from chalicelib.energy.tariffs import MOST_TARIFFS, Prices, Tariff, Window, check_tariffs

FLAT, DAY, NIGHT = 300_000, 350_000, 180_000
EVERY_DAY = tuple(range(7))
TWO_PRICES = Tariff("Night", date(2026, 1, 1), None, DAY, (Window(EVERY_DAY, 88, 24, NIGHT),))


def prices(zone: str, *tariffs: Tariff) -> Prices:
    return Prices(FLAT, ZoneInfo(zone), tariffs)


def at(zone: str, *clock: int) -> int:
    return int(datetime(*clock, tzinfo=ZoneInfo(zone)).timestamp()) * 1_000  # type: ignore[arg-type, misc]  # a clock


def quarters_of(day: date, zone: str, found: Prices) -> list[int]:
    zone_info = ZoneInfo(zone)
    return [
        found.at(at_ms)
        for at_ms in range(start_ms(day, zone_info), start_ms(day + timedelta(days=1), zone_info), QUARTER_MS)
    ]


@pytest.mark.parametrize(
    ("zone", "day", "night_quarters"),
    [
        ("Europe/Berlin", date(2026, 3, 28), 32),
        ("Europe/Berlin", date(2026, 3, 29), 28),
        ("Europe/Berlin", date(2026, 10, 25), 36),
        ("America/New_York", date(2026, 3, 8), 28),
        ("America/New_York", date(2026, 11, 1), 36),
        ("Asia/Kathmandu", date(2028, 2, 29), 32),
    ],
)
def test_a_night_window_lasts_as_long_as_its_night(zone: str, day: date, night_quarters: int) -> None:
    assert quarters_of(day, zone, prices(zone, TWO_PRICES)).count(NIGHT) == night_quarters


def test_a_tariff_changes_at_local_midnight() -> None:
    for zone in ("Europe/Berlin", "America/New_York", "Asia/Kathmandu"):
        found = prices(
            zone,
            Tariff("Old", date(2025, 1, 1), date(2026, 4, 1), DAY),
            Tariff("New", date(2026, 4, 1), date(2026, 5, 1), NIGHT),
        )
        assert found.at(at(zone, 2026, 3, 31, 23, 45)) == DAY
        assert found.at(at(zone, 2026, 4, 1)) == NIGHT
        assert (found.at(at(zone, 2024, 12, 31, 23, 45)), found.at(at(zone, 2026, 5, 1))) == (FLAT, FLAT)


def test_a_window_past_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    friday_night = Tariff("Weekend", date(2026, 1, 1), None, DAY, (Window((4,), 88, 24, NIGHT),))
    found = prices("UTC", friday_night)
    priced = {
        clock: found.at(at("UTC", 2026, 11, *clock)) for clock in [(20, 21), (20, 22), (21, 5), (21, 6), (21, 22)]
    }
    assert list(priced.values()) == [DAY, NIGHT, NIGHT, DAY, DAY]
    sunday_night = replace(friday_night, windows=(Window((6,), 88, 24, NIGHT),))
    assert prices("UTC", sunday_night).at(at("UTC", 2026, 11, 23, 5)) == NIGHT


def test_a_whole_day_is_from_midnight_to_midnight() -> None:
    weekend = Tariff("Weekend", date(2026, 1, 1), None, DAY, (Window((5, 6), 0, 96, NIGHT),))
    assert weekend.week() == [DAY] * 480 + [NIGHT] * 192


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
    st.integers(0, 400 * 96),
)
def test_the_price_is_that_of_a_plain_look_at_the_clock(zone: str, quarter: int) -> None:
    at_ms = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000 + quarter * QUARTER_MS
    clock = datetime.fromtimestamp(at_ms / 1_000, ZoneInfo(zone))
    expected = FLAT if clock.year < 2026 else NIGHT if clock.hour >= 22 or clock.hour < 6 else DAY
    assert prices(zone, TWO_PRICES).at(at_ms) == expected


@pytest.mark.parametrize(
    ("tariffs", "field"),
    [
        ([TWO_PRICES, replace(TWO_PRICES, valid_from=date(2027, 1, 1))], "tariffs[1].validFrom"),
        ([replace(TWO_PRICES, valid_from=date(2027, 1, 1)), TWO_PRICES], "tariffs[0].validFrom"),
        ([TWO_PRICES, TWO_PRICES], "tariffs[1].validFrom"),
        ([replace(TWO_PRICES, valid_to=date(2026, 1, 1))], "tariffs[0].validTo"),
        ([replace(TWO_PRICES, windows=(*TWO_PRICES.windows, Window((0,), 20, 28, 1)))], "tariffs[0].windows[1].from"),
        ([TWO_PRICES] * (MOST_TARIFFS + 1), "tariffs"),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(tariffs: list[Tariff], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_tariffs(tariffs)
    assert refused.value.field == field


def test_tariffs_that_follow_on_each_other_are_taken() -> None:
    check_tariffs([replace(TWO_PRICES, valid_from=date(2027, 1, 1)), replace(TWO_PRICES, valid_to=date(2027, 1, 1))])
    check_tariffs([])
