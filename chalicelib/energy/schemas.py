"""Energy and money: reports by period, tariffs, savings, what is always on.

kWh are rounded to six decimals, money to four, grams to three, half to even, and each figure by itself: a total is the
rounded sum, not the sum of what was rounded.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

from chalicelib.core.schemas import END, HIGHEST_PRICE, Answer, Iso, Name, Part, Request

QUARTER = r"(?:[01]\d|2[0-3]):(?:00|15|30|45)"
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
LocalDate = Annotated[str, msgspec.Meta(description="YYYY-MM-DD in the account's time zone")]
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


class EnergyFigures(Part, frozen=True, kw_only=True):
    """What was used, cost, saved by cuts and emitted; coveredSeconds is the measured time, of all outlets together."""

    kwh: float
    standby_kwh: float
    cost: float
    standby_cost: float
    saved_kwh: float
    saved_money: float
    grams_co2: float
    covered_seconds: int


class EnergyPeriod(EnergyFigures, frozen=True, kw_only=True):
    """A local day, week (from Monday), month or year, from start until before end."""

    start: Iso
    end: Iso
    date: LocalDate


class EnergyOfPort(EnergyFigures, frozen=True, kw_only=True):
    port_id: str
    port_name: str


class EnergyAnswer(Answer, frozen=True, kw_only=True):
    currency: str
    timezone: str
    period: Literal["day", "week", "month", "year"]
    total: EnergyFigures
    periods: list[EnergyPeriod]


class HomeEnergyAnswer(EnergyAnswer, frozen=True, kw_only=True):
    ports: list[EnergyOfPort]


class SavingPart(Part, frozen=True, kw_only=True):
    """What one cut saved: standbyWatts for the seconds that count; to is null while the outlet is off."""

    event_id: str
    port_id: str
    port_name: str
    from_: Iso = msgspec.field(name="from")
    to: Iso | None
    standby_watts: float
    seconds: int
    saved_kwh: float
    saved_money: float
    ended_by: Literal["restored", "use", "limit", "open", "unknown"]
    assumption: str


class SavingList(Answer, frozen=True, kw_only=True):
    currency: str
    savings: list[SavingPart]
    cursor: str | None


class WhatIfPort(Part, frozen=True, kw_only=True):
    port_id: str
    port_name: str
    dwell_seconds: int
    standby_kwh: float
    saved_kwh: float
    saved_money: float
    cuts: int


class KeepsPower(Part, frozen=True, kw_only=True):
    """An outlet that is not cut, and why; it saves nothing."""

    port_id: str
    port_name: str
    standby_kwh: float
    saved_kwh: float
    saved_money: float
    reason: str


class WhatIfAnswer(Answer, frozen=True, kw_only=True):
    currency: str
    days: int
    standby_kwh: float
    saved_kwh: float
    saved_money: float
    ports: list[WhatIfPort]
    keeps_power: list[KeepsPower]
    assumption: str


class AlwaysOnOutlet(Part, frozen=True, kw_only=True):
    """An outlet's standby; watts are null where there was none, or nothing was measured."""

    port_id: str
    port_name: str
    kind: str
    standby_watts: float | None
    standby_hours_a_day: float
    yearly_kwh: float
    yearly_cost: float
    lowest_watts: float | None
    always_on: bool
    worst: bool
    advice: str


class AlwaysOnAnswer(Answer, frozen=True, kw_only=True):
    """The dearest standby first; baselineWatts is null without a night that was measured whole."""

    currency: str
    days: int
    baseline_watts: float | None
    nights: int
    outlets: list[AlwaysOnOutlet]
