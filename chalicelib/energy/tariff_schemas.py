"""Tariffs in JSON, both ways."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal, get_args

import msgspec

from chalicelib.core.schemas import END, HIGHEST_PRICE, Answer, Name, Part, Request
from chalicelib.energy import tariffs
from chalicelib.energy.model import MILLIONTHS, millionths

QUARTER = r"(?:[01]\d|2[0-3]):(?:00|15|30|45)"
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Day, ...] = get_args(Day)
PerKwh = Annotated[float, msgspec.Meta(ge=0, le=HIGHEST_PRICE, description="six decimals are kept")]
WindowPerKwh = Annotated[
    float,
    msgspec.Meta(
        ge=-HIGHEST_PRICE, le=HIGHEST_PRICE, description="six decimals are kept; below 0 the grid pays for use"
    ),
]
WindowStart = Annotated[str, msgspec.Meta(pattern=f"^{QUARTER}{END}", description="local time, a quarter hour")]
WindowEnd = Annotated[str, msgspec.Meta(pattern=f"^(?:{QUARTER}|24:00){END}", description="as from, or 24:00")]


class Window(Request, frozen=True, kw_only=True):
    """Hours of another price. One that does not end after it starts passes midnight, on from the days it names."""

    days: Annotated[list[Day], msgspec.Meta(min_length=1, max_length=7)]
    from_: WindowStart = msgspec.field(name="from")
    to: WindowEnd
    per_kwh: WindowPerKwh


class Tariff(Request, frozen=True, kw_only=True):
    """A price by local dates; validTo is the first day on which it is no longer valid."""

    name: Name
    valid_from: date
    valid_to: date | None = None
    per_kwh: PerKwh
    windows: Annotated[list[Window], msgspec.Meta(max_length=50)] = []


class PutTariffs(Request, frozen=True):
    """All dated tariffs, in place of those before."""

    tariffs: Annotated[list[Tariff], msgspec.Meta(max_length=50)]


class TariffPart(Part, frozen=True, kw_only=True):
    """A stored tariff, with all its fields: validTo is null until further notice, windows may be empty."""

    name: str
    valid_from: date
    valid_to: date | None
    per_kwh: float
    windows: list[Window]


class TariffsAnswer(Answer, frozen=True, kw_only=True):
    tariffs: list[TariffPart]


def tariffs_of(body: PutTariffs) -> list[tariffs.Tariff]:
    """Read the tariffs of a request."""
    return [_tariff(tariff) for tariff in body.tariffs]


def tariffs_answer(stored: Iterable[tariffs.Tariff]) -> TariffsAnswer:
    """Show tariffs as they are stored."""
    return TariffsAnswer(tariffs=[_tariff_part(tariff) for tariff in stored])


def _tariff(tariff: Tariff) -> tariffs.Tariff:
    windows = tuple(_window(window) for window in tariff.windows)
    return tariffs.Tariff(tariff.name, tariff.valid_from, tariff.valid_to, millionths(tariff.per_kwh), windows)


def _window(window: Window) -> tariffs.Window:
    days = tuple(sorted({WEEKDAYS.index(day) for day in window.days}))
    return tariffs.Window(days, _quarter(window.from_), _quarter(window.to), millionths(window.per_kwh))


def _quarter(wall_clock: str) -> int:
    hours, _, minutes = wall_clock.partition(":")
    return int(hours) * 4 + int(minutes) // 15


def _tariff_part(tariff: tariffs.Tariff) -> TariffPart:
    return TariffPart(
        name=tariff.name,
        valid_from=tariff.valid_from,
        valid_to=tariff.valid_to,
        per_kwh=tariff.millionths_per_kwh / MILLIONTHS,
        windows=[_window_part(window) for window in tariff.windows],
    )


def _window_part(window: tariffs.Window) -> Window:
    return Window(
        days=[WEEKDAYS[day] for day in window.days],
        from_=_wall_clock(window.from_quarter),
        to=_wall_clock(window.to_quarter),
        per_kwh=window.millionths_per_kwh / MILLIONTHS,
    )


def _wall_clock(quarter: int) -> str:
    """HH:MM of a quarter hour; the 96th is 24:00, the end of the day."""
    return f"{quarter // 4:02d}:{quarter % 4 * 15:02d}"
