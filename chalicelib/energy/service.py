"""What outlets used, cost and saved, by local days, weeks, months or years."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chalicelib.accounts import service as accounts
from chalicelib.accounts.model import Account, Session
from chalicelib.core.errors import Invalid
from chalicelib.core.times import DAY_MS, QUARTER_MS
from chalicelib.energy import amounts
from chalicelib.energy import home_outlets as outlets
from chalicelib.energy import savings_service as savings
from chalicelib.energy import tariff_service as tariffs
from chalicelib.energy import usage_service as usage
from chalicelib.energy.bills import Tally, bill, side_by_side, total
from chalicelib.energy.calendar import Length, Period, periods
from chalicelib.energy.savings import Saving
from chalicelib.energy.tariffs import Prices
from chalicelib.energy.usage_service import Loaded
from chalicelib.ports import service as ports
from chalicelib.ports.model import Port


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which periods: those from the one that holds first_ms (None: a few) to the one that holds last_ms."""

    length: Length
    first_ms: int | None
    last_ms: int


@dataclass(frozen=True, slots=True)
class Report:
    """The periods with the tally of each, and what each outlet has in them."""

    account: Account
    periods: Sequence[Period]
    tallies: Sequence[Tally]
    outlets: Sequence[tuple[Port, Sequence[Tally]]]


def of_port(session: Session, port_id: str, wanted: Wanted, now_ms: int) -> Report:
    """The report of one outlet. Raises NotFound, Invalid (from)."""
    account = accounts.of_session(session)
    port = ports.own(account.user_id, port_id)
    prices = tariffs.prices_of(account)
    shown = periods(wanted.length, wanted.first_ms, wanted.last_ms, prices.zone)
    saved = savings.of_port(port, shown[0].start_ms, shown[-1].end_ms, now_ms)
    tallies = _bill(port, shown, saved, prices, now_ms, Loaded())
    return Report(account, shown, tallies, [(port, tallies)])


def of_home(session: Session, wanted: Wanted, now_ms: int) -> Report:
    """The report of all of a person's outlets. Raises Invalid (from)."""
    return of_account(accounts.of_session(session), wanted, now_ms)


def of_account(account: Account, wanted: Wanted, now_ms: int) -> Report:
    """The same for an account that nobody is using at the moment."""
    prices = tariffs.prices_of(account)
    shown = periods(wanted.length, wanted.first_ms, wanted.last_ms, prices.zone)
    first_ms, last_ms = shown[0].start_ms, shown[-1].end_ms
    days = (last_ms - first_ms) // DAY_MS
    owned = [port for port, _ in outlets.all_of(account.user_id, days, outlets.MOST_DAYS_OF_QUARTERS, "from")]
    saved = savings.of_owner(account.user_id, owned, first_ms, last_ms, now_ms)
    loaded = Loaded()
    rows = [(port, _bill(port, shown, _of(port, saved), prices, now_ms, loaded)) for port in owned]
    return Report(account, shown, side_by_side([tallies for _, tallies in rows], shown), rows)


def in_words(account: Account, first_ms: int, last_ms: int, now_ms: int) -> list[str]:
    """What the days between two times came to, in a sentence for a mail.

    Nothing where nothing was measured, or where there are too many outlets for one answer.
    """
    try:
        found = total(of_account(account, Wanted("day", first_ms, last_ms - 1), now_ms).tallies)
    except Invalid:
        return []
    if not found.covered_ms:
        return []
    used, standby, saved = (
        f"{amounts.kwh(energy):.1f} kWh ({amounts.money(cost):.2f} {account.currency})"
        for energy, cost in (
            (found.microjoules, found.cost),
            (found.standby_microjoules, found.standby_cost),
            (found.saved_microjoules, found.saved_cost),
        )
    )
    return [f"Your outlets used {used}, of which standby {standby}. Cutting saved {saved}."]


def _of(port: Port, saved: Iterable[Saving]) -> list[Saving]:
    return [saving for saving in saved if saving.event.port_id == port.port_id]


def _bill(
    port: Port, shown: Sequence[Period], saved: Iterable[Saving], prices: Prices, now_ms: int, loaded: Loaded
) -> list[Tally]:
    usages = usage.of_port(port, shown[0].start_ms, shown[-1].end_ms, QUARTER_MS, now_ms, loaded)
    return bill(shown, usages, saved, prices)
