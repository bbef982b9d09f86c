"""Routes of tariffs: the account's dated prices."""

from __future__ import annotations

from typing import get_args

from chalice.app import Blueprint

from chalicelib.core.http import Call, Who, route
from chalicelib.energy import schemas as wire
from chalicelib.energy import tariff_service as tariffs
from chalicelib.energy.amounts import MILLIONTHS, millionths
from chalicelib.energy.tariffs import Tariff, Window

WEEKDAYS = get_args(wire.Day)

blueprint = Blueprint(__name__)


@route(blueprint, "GET", "/account/tariffs", answers=wire.TariffsAnswer, who=Who.SESSION)
def list_tariffs(call: Call[None]) -> wire.TariffsAnswer:
    """Your dated tariffs; where none is valid the account's tariffPerKwh is the price"""
    return wire.TariffsAnswer(tariffs=[_shown(tariff) for tariff in tariffs.of_person(call.session)])


@route(blueprint, "PUT", "/account/tariffs", body=wire.PutTariffs, answers=wire.TariffsAnswer, who=Who.SESSION)
def replace_tariffs(call: Call[wire.PutTariffs]) -> wire.TariffsAnswer:
    """Replace your dated tariffs: flat, or by weekday and time of day"""
    given = [_tariff(tariff) for tariff in call.body.tariffs]
    tariffs.replace_all(call.session, given)
    return wire.TariffsAnswer(tariffs=[_shown(tariff) for tariff in given])


def _tariff(given: wire.Tariff) -> Tariff:
    windows = tuple(_window(window) for window in given.windows)
    return Tariff(given.name, given.valid_from, given.valid_to, millionths(given.per_kwh), windows)


def _window(given: wire.Window) -> Window:
    days = tuple(sorted({WEEKDAYS.index(day) for day in given.days}))
    return Window(days, _quarter(given.from_), _quarter(given.to), millionths(given.per_kwh))


def _quarter(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 4 + int(minutes) // 15


def _shown(tariff: Tariff) -> wire.TariffPart:
    return wire.TariffPart(
        name=tariff.name,
        valid_from=tariff.valid_from,
        valid_to=tariff.valid_to,
        per_kwh=tariff.millionths_per_kwh / MILLIONTHS,
        windows=[_shown_window(window) for window in tariff.windows],
    )


def _shown_window(window: Window) -> wire.Window:
    return wire.Window(
        days=[WEEKDAYS[day] for day in window.days],
        from_=_clock(window.from_quarter),
        to=_clock(window.to_quarter),
        per_kwh=window.millionths_per_kwh / MILLIONTHS,
    )


def _clock(quarter: int) -> str:
    """The time on the clock; the 96th quarter is 24:00, the end of the day."""
    return f"{quarter // 4:02d}:{quarter % 4 * 15:02d}"
