"""The queries of the energy routes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chalicelib.core.schemas import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    Moment,
    Query,
    SpanQuery,
    check_port_id,
    moment_ms,
)
from chalicelib.energy.periods import Length

DEFAULT_DAYS = 30
MOST_DAYS = 90


class EnergyQuery(Query, frozen=True, kw_only=True):
    """The periods of a report."""

    period: Length = "day"
    from_: Moment | None = msgspec.field(default=None, name="from")
    to: Annotated[Moment, msgspec.Meta(description="ISO 8601 or epoch milliseconds, exclusive; now")] | None = None

    def first_ms(self) -> int | None:
        """Start (epoch ms), None for the default of the period.

        Raises:
            Invalid: It is no time (field from).
        """
        return moment_ms(self.from_, "from", 0) if self.from_ else None

    def end_ms(self, now_ms: int) -> int:
        """End, not included (epoch ms).

        Raises:
            Invalid: It is no time (field to).
        """
        return moment_ms(self.to, "to", now_ms)


class SavingsQuery(SpanQuery, frozen=True, kw_only=True):
    """Which page of the ledger of savings, of one outlet or of all."""

    port_id: str | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None

    def __post_init__(self) -> None:
        """Refuse what is no span, and what cannot be the id of an outlet."""
        super().__post_init__()
        check_port_id(self.port_id)


class WhatIfQuery(Query, frozen=True, kw_only=True):
    """How far back to look."""

    days: Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS)] = DEFAULT_DAYS
