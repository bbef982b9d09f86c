"""What a person pays and saves: dated tariffs, the ledger of cuts, and what cuts could have saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from chalicelib.accounts.model import Account, Session
from chalicelib.accounts.service import get_account
from chalicelib.core.times import DAY_MS
from chalicelib.detection import phantom_event_store
from chalicelib.detection.explain import explain_decision
from chalicelib.detection.model import PhantomEvent
from chalicelib.detection.port_state import PortState
from chalicelib.energy import store, usage
from chalicelib.energy.model import millionths
from chalicelib.energy.savings import LIMIT_MS, PotentialSaving, Saving, potential_saving, saving_of
from chalicelib.energy.slots import SLOT_MS
from chalicelib.energy.tariffs import Prices, Tariff, check_tariffs
from chalicelib.ports.model import Port
from chalicelib.ports.relay_commands import CUT_TTL_MS
from chalicelib.ports.service import get_owned_port
from chalicelib.ports.store import load_port
from chalicelib.readings.model import LATE_MS

REACH_MS = LIMIT_MS + LATE_MS + CUT_TTL_MS
"""The longest time between a phantom event and the end of its saving: found late, obeyed late, counted for a day."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A page of savings, newest first, with the prices to value them, and the cursor of the next page."""

    account: Account
    prices: Prices
    savings: list[Saving]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An outlet, and what cuts after the detector's dwell would have saved there.

    Attributes:
        port: The outlet.
        dwell_seconds: The detector's dwell.
        potential: What cuts would have saved.
        keeps_power: Why the detector would not cut it; None where it would.
    """

    port: Port
    dwell_seconds: int
    potential: PotentialSaving
    keeps_power: str | None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What cuts would have saved if all outlets of a person were on policy cut."""

    account: Account
    candidates: list[Candidate]


def get_tariffs(session: Session) -> list[Tariff]:
    """Get a person's dated tariffs.

    Raises:
        Unauthenticated: The account is closed.
    """
    return store.load_tariffs(get_account(session).user_id)


def replace_tariffs(session: Session, tariffs: Sequence[Tariff]) -> None:
    """Replace all dated tariffs of a person.

    Raises:
        Invalid: They do not fit together; it names the field.
        Unauthenticated: The account is closed.
    """
    check_tariffs(tariffs)
    store.save_tariffs(get_account(session).user_id, tariffs)


def load_prices(account: Account) -> Prices:
    """Load the prices of an account: its dated tariffs, and its flat price where none is valid."""
    flat_millionths_per_kwh = millionths(account.tariff_per_kwh)
    return Prices(flat_millionths_per_kwh, ZoneInfo(account.timezone), store.load_tariffs(account.user_id))


def load_ledger(
    session: Session, port_id: str | None, span_ms: tuple[int, int], limit: int, cursor: str | None, now_ms: int
) -> Ledger:
    """Load a page of the cuts that were obeyed.

    Args:
        session: The person.
        port_id: The outlet, None for all.
        span_ms: The first and the last time of detection (epoch ms, both included).
        limit: The number of cuts.
        cursor: Where the page begins, None from the start.
        now_ms: The present (epoch ms).

    Raises:
        NotFound: The person has no such outlet.
        Invalid: The cursor is not one of ours (field cursor).
    """
    account = get_account(session)
    if port_id is not None:
        get_owned_port(account.user_id, port_id)
    events, next_cursor = phantom_event_store.load_obeyed_cuts(account.user_id, port_id, *span_ms, limit, cursor)
    savings = _savings(events, _load_ports_of_open_events(events), now_ms)
    return Ledger(account, load_prices(account), savings, next_cursor)


def load_port_savings(port: Port, first_ms: int, last_ms: int, now_ms: int) -> list[Saving]:
    """Load the savings of an outlet that may lie, at least in part, between two times (epoch ms)."""
    events, _ = phantom_event_store.load_obeyed_cuts(port.owner_id, port.port_id, max(first_ms - REACH_MS, 0), last_ms)
    return _savings(events, [port], now_ms)


def load_home_savings(owner_id: str, owned: Iterable[Port], first_ms: int, last_ms: int, now_ms: int) -> list[Saving]:
    """Load the savings of all of a person's outlets that may lie, at least in part, between two times (epoch ms)."""
    events, _ = phantom_event_store.load_obeyed_cuts(owner_id, None, max(first_ms - REACH_MS, 0), last_ms)
    return _savings(events, owned, now_ms)


def _load_ports_of_open_events(events: Iterable[PhantomEvent]) -> list[Port]:
    """Without those deleted while they were cut."""
    port_ids = {event.port_id for event in events if event.ended_at_ms is None}
    return [port for port in map(load_port, sorted(port_ids)) if port is not None]


def _savings(events: Iterable[PhantomEvent], owned: Iterable[Port], now_ms: int) -> list[Saving]:
    still_off = {port.relay.cut_event_id for port in owned if port.relay.desired == "off"}
    savings = (saving_of(event, now_ms, is_still_off=event.event_id in still_off) for event in events)
    return [saving for saving in savings if saving is not None]


def what_if(session: Session, days: int, now_ms: int) -> WhatIf:
    """Compute what cuts at all of a person's outlets would have saved in the last days.

    Raises:
        Invalid: There are too many outlets for so many days (field days).
        Unavailable: Late readings are still being summed up.
    """
    account = get_account(session)
    prices = load_prices(account)
    owned = usage.load_home_outlets(account.user_id, days, usage.MOST_DAYS_OF_SLOTS, "days")
    cache = usage.DeviceCache()
    return WhatIf(account, [_candidate(port, state, days, prices, now_ms, cache) for port, state in owned])


def _candidate(
    port: Port, state: PortState, days: int, prices: Prices, now_ms: int, cache: usage.DeviceCache
) -> Candidate:
    explanation = explain_decision(state.detector, port.rule)
    slots = usage.load_usage(port, now_ms - days * DAY_MS, now_ms, SLOT_MS, now_ms, cache)
    keeps_power = explanation.waits_for if explanation.advice == "notify" else None
    saved = potential_saving(slots, explanation.dwell_seconds * 1_000, prices)
    if keeps_power is not None:
        saved = PotentialSaving(saved.standby_microjoules)
    return Candidate(port, explanation.dwell_seconds, saved, keeps_power)
