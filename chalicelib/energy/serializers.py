"""What cuts saved; apart from the other views, so that a function without money does not load its rules."""

from __future__ import annotations

from chalicelib.core.times import SECOND_MS, iso, iso_or_none
from chalicelib.energy import amounts
from chalicelib.energy.savings import Saving, assumption
from chalicelib.energy.schemas import SavingPart
from chalicelib.energy.tariffs import Prices


def saving(shown: Saving, prices: Prices) -> SavingPart:
    """What one cut saved, at these prices."""
    return SavingPart(
        event_id=shown.event.event_id,
        port_id=shown.event.port_id,
        port_name=shown.event.port_name,
        from_=iso(shown.from_ms),
        to=iso_or_none(shown.to_ms),
        standby_watts=shown.milliwatts / 1_000,
        seconds=shown.counted_ms // SECOND_MS,
        saved_kwh=amounts.kwh(shown.microjoules),
        saved_money=amounts.money(shown.cost(prices)),
        ended_by=shown.ended_by,
        assumption=assumption(shown),
    )
