"""What cuts have saved, and what they could have: the ledger, the savings of a span, and what if all were on cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.accounts import service as accounts
from chalicelib.accounts.model import Account, Session
from chalicelib.core.times import DAY_MS
from chalicelib.detection import phantom_event_store as phantom_events
from chalicelib.detection.explain import explain_decision
from chalicelib.detection.port_state import PortState
from chalicelib.energy import home_outlets as outlets
from chalicelib.energy import tariff_service as tariffs
from chalicelib.energy import usage_service as usage
from chalicelib.energy.savings import LIMIT_MS, Saving, saving_of
from chalicelib.energy.slots import SLOT_MS
from chalicelib.energy.tariffs import Prices
from chalicelib.energy.what_if import Potential, potential
from chalicelib.notifications.model import PhantomEvent
from chalicelib.ports import service as ports
from chalicelib.ports import store as port_store
from chalicelib.ports.model import Port
from chalicelib.ports.relays import CUT_TTL_MS
from chalicelib.readings.model import LATE_MS

REACH_MS = LIMIT_MS + LATE_MS + CUT_TTL_MS
"""A cut saves until so long after it was found: found late, obeyed late, and counted for a day."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A page of savings, newest first, with what prices them, and the cursor to go on."""

    account: Account
    prices: Prices
    savings: list[Saving]
    cursor: str | None


def ledger(
    session: Session, port_id: str | None, span_ms: tuple[int, int], limit: int, cursor: str | None, now_ms: int
) -> Ledger:
    """A page of the cuts that were found between two times and obeyed, of one port or of all.

    Raises NotFound for another's port, Invalid (cursor).
    """
    account = accounts.of_session(session)
    if port_id is not None:
        ports.own(account.user_id, port_id)
    events, after = phantom_events.obeyed(account.user_id, port_id, *span_ms, limit, cursor)
    return Ledger(account, tariffs.prices_of(account), _savings(events, _ports_of_open(events), now_ms), after)


def of_port(port: Port, first_ms: int, last_ms: int, now_ms: int) -> list[Saving]:
    """The savings of a port that may reach into a span."""
    events, _ = phantom_events.obeyed(port.owner_id, port.port_id, max(first_ms - REACH_MS, 0), last_ms)
    return _savings(events, [port], now_ms)


def of_owner(owner_id: str, owned: Iterable[Port], first_ms: int, last_ms: int, now_ms: int) -> list[Saving]:
    """The savings of all of a person's ports that may reach into a span."""
    events, _ = phantom_events.obeyed(owner_id, None, max(first_ms - REACH_MS, 0), last_ms)
    return _savings(events, owned, now_ms)


def _ports_of_open(events: Iterable[PhantomEvent]) -> list[Port]:
    """A port can be deleted while it is cut."""
    wanted = {event.port_id for event in events if event.ended_at_ms is None}
    return [port for port in map(port_store.load, sorted(wanted)) if port is not None]


def _savings(events: Iterable[PhantomEvent], known: Iterable[Port], now_ms: int) -> list[Saving]:
    standing = {port.relay.cut_event_id for port in known if port.relay.desired == "off"}
    found = (saving_of(event, now_ms, is_still_off=event.event_id in standing) for event in events)
    return [saving for saving in found if saving is not None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What cuts after the detector's dwell would have saved at a port, or why it would not be cut (keeps_power)."""

    port: Port
    dwell_seconds: int
    potential: Potential
    keeps_power: str | None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What if all ports were on cut."""

    account: Account
    candidates: list[Candidate]


def what_if(session: Session, days: int, now_ms: int) -> WhatIf:
    """What cuts at all of a person's ports would have saved in the last days. Raises Invalid (days)."""
    account = accounts.of_session(session)
    prices = tariffs.prices_of(account)
    owned = outlets.all_of(account.user_id, days, outlets.MOST_DAYS_OF_SLOTS, "days")
    loaded = usage.Loaded()
    return WhatIf(account, [_candidate(port, state, days, prices, now_ms, loaded) for port, state in owned])


def _candidate(port: Port, state: PortState, days: int, prices: Prices, now_ms: int, loaded: usage.Loaded) -> Candidate:
    explained = explain_decision(state.detector, port.rule)
    usages = usage.of_port(port, now_ms - days * DAY_MS, now_ms, SLOT_MS, now_ms, loaded)
    keeps_power = explained.waits_for if explained.advice == "notify" else None
    found = potential(usages, explained.dwell_seconds * 1_000, prices)
    if keeps_power is not None:
        found = Potential(found.standby_microjoules)
    return Candidate(port, explained.dwell_seconds, found, keeps_power)
