"""The always-on report of a home: standby by outlet, the worst of them, and what is drawn at night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.accounts import service as accounts
from chalicelib.accounts.model import Account, Session
from chalicelib.core.times import DAY_MS
from chalicelib.energy import always_on as rules
from chalicelib.energy import home_outlets as outlets
from chalicelib.energy import tariff_service as tariffs
from chalicelib.energy import usage_service as usage
from chalicelib.energy.always_on import DAYS, WORST, Outlet
from chalicelib.energy.calendar import periods
from chalicelib.energy.slots import SLOT_MS, quarters


@dataclass(frozen=True, slots=True)
class AlwaysOn:
    """The outlets, dearest standby first; baseline_watts is None without a night that was measured whole."""

    account: Account
    outlets: Sequence[Outlet]
    baseline_watts: float | None
    nights: int


def report(session: Session, now_ms: int) -> AlwaysOn:
    """What a home draws all the time, by the last DAYS. Raises Invalid for too many outlets."""
    account = accounts.of_session(session)
    prices = tariffs.prices_of(account)
    first_ms = now_ms - DAYS * DAY_MS
    owned = [port for port, _ in outlets.all_of(account.user_id, DAYS, outlets.MOST_DAYS_OF_SLOTS)]
    loaded = usage.Loaded()
    used = {port.port_id: usage.of_port(port, first_ms, now_ms, SLOT_MS, now_ms, loaded) for port in owned}
    ranked = rules.by_cost(rules.outlet(port, used[port.port_id], prices) for port in owned)
    nights = rules.night_quarters(periods("day", first_ms, now_ms, prices.zone), prices)
    measured = {port_id: quarters(usages) for port_id, usages in used.items() if usages}
    baseline, count = rules.baseline_watts(nights, measured)
    marked = [
        replace(outlet, is_worst=number < WORST and outlet.yearly_microjoules > 0)
        for number, outlet in enumerate(ranked)
    ]
    return AlwaysOn(account, marked, baseline, count)
