"""Tariffs: the price of a kilowatt-hour by date, weekday and time of day, in quarter hours.

All time zones of today are whole quarter hours from UTC, so that a quarter hour of UTC has one price.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

from chalicelib.core.errors import Invalid
from chalicelib.core.local_time import local
from chalicelib.core.times import QUARTER_MS

QUARTERS_A_DAY = 96
QUARTERS_A_WEEK = 7 * QUARTERS_A_DAY
MOST_TARIFFS = 50


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of another price.

    A window whose end does not lie after its start passes midnight; it belongs to the day on which it starts.

    Attributes:
        days: Weekdays; Monday is 0.
        from_quarter: Start, in quarter hours since midnight.
        to_quarter: End, not included, in quarter hours since midnight.
        millionths_per_kwh: The price, in millionths of the currency.
    """

    days: tuple[int, ...]
    from_quarter: int
    to_quarter: int
    millionths_per_kwh: int

    def quarters(self) -> Iterator[int]:
        """List its quarter hours of the week; 0 is Monday 00:00."""
        length = (self.to_quarter - self.from_quarter) % QUARTERS_A_DAY or QUARTERS_A_DAY
        for day in self.days:
            first = day * QUARTERS_A_DAY + self.from_quarter
            yield from (quarter % QUARTERS_A_WEEK for quarter in range(first, first + length))


@dataclass(frozen=True, slots=True)
class Tariff:
    """A price, with windows of other prices, from the local day valid_from until before valid_to (None: no end)."""

    name: str
    valid_from: date
    valid_to: date | None
    millionths_per_kwh: int
    windows: tuple[Window, ...] = ()

    def week(self) -> list[int]:
        """List the price of each quarter hour of the week, in millionths per kWh.

        Raises:
            Invalid: Two windows overlap.
        """
        prices: list[int | None] = [None] * QUARTERS_A_WEEK
        for number, window in enumerate(self.windows):
            for quarter in window.quarters():
                if prices[quarter] is not None:
                    raise _invalid("This window overlaps another one of its tariff.", f"windows[{number}].from")
                prices[quarter] = window.millionths_per_kwh
        return [self.millionths_per_kwh if price is None else price for price in prices]


def check_tariffs(tariffs: Sequence[Tariff]) -> None:
    """Check that tariffs fit together.

    Raises:
        Invalid: There are more than MOST_TARIFFS, one ends before it starts, or two overlap; it names the field.
    """
    if len(tariffs) > MOST_TARIFFS:
        raise _invalid(f"There are at most {MOST_TARIFFS} tariffs.", "tariffs")
    for number, tariff in enumerate(tariffs):
        if tariff.valid_to is not None and tariff.valid_to <= tariff.valid_from:
            raise _invalid("A tariff ends after it starts.", f"tariffs[{number}].validTo")
        try:
            tariff.week()
        except Invalid as error:
            raise _invalid(error.message, f"tariffs[{number}].{error.field}") from error
    _check_validity(tariffs)


def _check_validity(tariffs: Sequence[Tariff]) -> None:
    for earlier, later in pairwise(sorted(range(len(tariffs)), key=lambda number: tariffs[number].valid_from)):
        ends = tariffs[earlier].valid_to
        if ends is None or tariffs[later].valid_from < ends:
            raise _invalid(
                f"This tariff starts while “{tariffs[earlier].name}” is valid.", f"tariffs[{later}].validFrom"
            )


def _invalid(message: str, field_name: str) -> Invalid:
    return Invalid(message, code="invalid", field=field_name)


@dataclass(frozen=True, slots=True)
class Prices:
    """The price at any time: of the tariff that is valid on the local day, else the account's flat price."""

    flat_millionths_per_kwh: int
    zone: ZoneInfo
    tariffs: Sequence[Tariff] = ()
    _weeks: list[list[int]] = field(init=False, repr=False)
    _by_quarter: dict[int, int] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Sort the tariffs by date and compute the week of prices of each."""
        object.__setattr__(self, "tariffs", sorted(self.tariffs, key=lambda tariff: tariff.valid_from))
        object.__setattr__(self, "_weeks", [tariff.week() for tariff in self.tariffs])

    def at(self, at_ms: int) -> int:
        """Find the price at a time, in millionths per kWh. All outlets share what is computed for a quarter hour."""
        quarter_ms = at_ms - at_ms % QUARTER_MS
        price = self._by_quarter.get(quarter_ms)
        if price is None:
            price = self._by_quarter[quarter_ms] = self._price(quarter_ms)
        return price

    def _price(self, at_ms: int) -> int:
        wall_clock = local(at_ms, self.zone)
        day = wall_clock.date()
        index = bisect_right(self.tariffs, day, key=lambda tariff: tariff.valid_from) - 1
        if index < 0 or not _valid_on(self.tariffs[index], day):
            return self.flat_millionths_per_kwh
        return self._weeks[index][day.weekday() * QUARTERS_A_DAY + wall_clock.hour * 4 + wall_clock.minute // 15]


def _valid_on(tariff: Tariff, day: date) -> bool:
    return tariff.valid_to is None or day < tariff.valid_to
