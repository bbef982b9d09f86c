"""Reports of energy: by period, of an outlet or of the home, and what is always on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chalicelib.accounts.model import Account, Session
from chalicelib.accounts.service import get_account
from chalicelib.core.errors import Invalid
from chalicelib.core.times import DAY_MS, QUARTER_MS
from chalicelib.energy import service, usage
from chalicelib.energy.always_on import (
    DAYS,
    OutletStandby,
    baseline_watts,
    night_quarters,
    outlet_standby,
    rank_by_cost,
)
from chalicelib.energy.bills import Tally, add_by_period, bill, total
from chalicelib.energy.model import kwh, money
from chalicelib.energy.periods import Length, Period, periods
from chalicelib.energy.savings import Saving
from chalicelib.energy.slots import SLOT_MS, quarter_hours
from chalicelib.energy.tariffs import Prices
from chalicelib.energy.usage import DeviceCache
from chalicelib.ports.model import Port
from chalicelib.ports.service import get_owned_port


@dataclass(frozen=True, slots=True)
class PeriodQuery:
    """The periods of a report: from the one that holds first_ms (None: a few) to the one that holds last_ms."""

    length: Length
    first_ms: int | None
    last_ms: int


@dataclass(frozen=True, slots=True)
class Report:
    """Energy by period: one tally for each period, of all outlets together and of each."""

    account: Account
    periods: Sequence[Period]
    tallies: Sequence[Tally]
    outlets: Sequence[tuple[Port, Sequence[Tally]]]


@dataclass(frozen=True, slots=True)
class AlwaysOnReport:
    """Standby of each outlet, the highest cost first, and what the home draws at night.

    Attributes:
        account: The person's account.
        outlets: The outlets.
        baseline_watts: None without a night in which all outlets were measured.
        nights: The number of such nights.
    """

    account: Account
    outlets: Sequence[OutletStandby]
    baseline_watts: float | None
    nights: int


def report_port(session: Session, port_id: str, query: PeriodQuery, now_ms: int) -> Report:
    """Report the energy of one outlet.

    Raises:
        NotFound: The person has no such outlet.
        Invalid: There are too many periods (field from).
        Unavailable: Late readings are still being summed up.
    """
    account = get_account(session)
    port = get_owned_port(account.user_id, port_id)
    prices = service.load_prices(account)
    listed = periods(query.length, query.first_ms, query.last_ms, prices.zone)
    savings = service.load_port_savings(port, listed[0].start_ms, listed[-1].end_ms, now_ms)
    tallies = _bill(port, listed, savings, prices, now_ms, DeviceCache())
    return Report(account, listed, tallies, [(port, tallies)])


def report_home(account: Account, query: PeriodQuery, now_ms: int) -> Report:
    """Report the energy of all of a person's outlets.

    Raises:
        Invalid: There are too many periods, or outlets for so many (field from).
        Unavailable: Late readings are still being summed up.
    """
    prices = service.load_prices(account)
    listed = periods(query.length, query.first_ms, query.last_ms, prices.zone)
    first_ms, last_ms = listed[0].start_ms, listed[-1].end_ms
    days = (last_ms - first_ms) // DAY_MS
    owned = [port for port, _ in usage.load_home_outlets(account.user_id, days, usage.MOST_DAYS_OF_QUARTERS, "from")]
    savings = service.load_home_savings(account.user_id, owned, first_ms, last_ms, now_ms)
    cache = DeviceCache()
    rows = [(port, _bill(port, listed, _of_port(port, savings), prices, now_ms, cache)) for port in owned]
    return Report(account, listed, add_by_period([tallies for _, tallies in rows], listed), rows)


def describe_energy(account: Account, first_ms: int, last_ms: int, now_ms: int) -> list[str]:
    """Say in a sentence what the home used, cost and saved on the days between two times.

    Returns:
        One line; none where nothing was measured, or where there are too many outlets for one answer.

    Raises:
        Unavailable: Late readings are still being summed up.
    """
    try:
        tally = total(report_home(account, PeriodQuery("day", first_ms, last_ms - 1), now_ms).tallies)
    except Invalid:
        return []
    if not tally.covered_ms:
        return []
    used, standby, saved = (
        f"{kwh(energy):.1f} kWh ({money(cost):.2f} {account.currency})"
        for energy, cost in (
            (tally.microjoules, tally.cost),
            (tally.standby_microjoules, tally.standby_cost),
            (tally.saved_microjoules, tally.saved_cost),
        )
    )
    return [f"Your outlets used {used}, of which standby {standby}. Cutting saved {saved}."]


def _of_port(port: Port, savings: Iterable[Saving]) -> list[Saving]:
    return [saving for saving in savings if saving.event.port_id == port.port_id]


def _bill(
    port: Port, listed: Sequence[Period], savings: Iterable[Saving], prices: Prices, now_ms: int, cache: DeviceCache
) -> list[Tally]:
    usages = usage.load_usage(port, listed[0].start_ms, listed[-1].end_ms, QUARTER_MS, now_ms, cache)
    return bill(listed, usages, savings, prices)


def report_always_on(session: Session, now_ms: int) -> AlwaysOnReport:
    """Report what a home draws all the time, by the last DAYS.

    Raises:
        Invalid: There are too many outlets.
        Unavailable: Late readings are still being summed up.
    """
    account = get_account(session)
    prices = service.load_prices(account)
    first_ms = now_ms - DAYS * DAY_MS
    owned = [port for port, _ in usage.load_home_outlets(account.user_id, DAYS, usage.MOST_DAYS_OF_SLOTS)]
    cache = DeviceCache()
    slots = {port.port_id: usage.load_usage(port, first_ms, now_ms, SLOT_MS, now_ms, cache) for port in owned}
    ranked = rank_by_cost(outlet_standby(port, slots[port.port_id], prices) for port in owned)
    nights = night_quarters(periods("day", first_ms, now_ms, prices.zone), prices)
    measured = {port_id: quarter_hours(usages) for port_id, usages in slots.items() if usages}
    baseline, count = baseline_watts(nights, measured)
    return AlwaysOnReport(account, ranked, baseline, count)
