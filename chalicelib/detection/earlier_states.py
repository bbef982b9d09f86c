"""The detector's memory as earlier releases packed it, in the terms of today's (detector_state.State)."""

from __future__ import annotations

import struct
from typing import Any

from chalicelib.detection.model import MINUTE_MS

HISTOGRAM_BINS, RUN_BINS = 80, 27
_FORMAT_2 = (
    ("watermark_ms", "q"),
    ("last_watts", "d"),
    ("minute", "q"),
    ("readings", "I"),
    ("watt_sum", "d"),
    ("fixed_since_ms", "q"),
    ("fixed_joules", "d"),
    ("idle_since_ms", "q"),
    ("idle_peak_watts", "d"),
    ("standby_since_ms", "q"),
    ("standby_minutes", "I"),
    ("standby_watt_minutes", "d"),
    ("zero_minutes", "H"),
    ("in_use_at_ms", "q"),
    ("found_since_ms", "q"),
    ("threshold_watts", "d"),
    ("standby_watts", "d"),
    ("use_watts", "d"),
    ("minutes_unlearnt", "B"),
    ("heat_minutes", "H"),
    ("heated_sessions", "H"),
    ("sustained_sessions", "H"),
    ("uses_learnt", "I"),
    ("false_learnt", "I"),
)
_FORMAT_3 = (
    *_FORMAT_2,
    ("fixed_zero_ms", "I"),
    ("use_readings", "I"),
    ("use_watt_sum", "d"),
    ("relay_was_off", "B"),
    ("last_bin", "B"),
    ("last_minutes", "B"),
)
_FORMATS = {2: _FORMAT_2, 3: _FORMAT_3}
"""Names and struct codes of the scalars. Format 1 was that of the fixed rule alone; 2 and 3 counted readings and sums
of watts, where today's counts time and energy."""
_UNCHANGED = (
    "watermark_ms",
    "fixed_since_ms",
    "fixed_zero_ms",
    "idle_since_ms",
    "idle_peak_watts",
    "standby_since_ms",
    "zero_minutes",
    "in_use_at_ms",
    "found_since_ms",
    "threshold_watts",
    "standby_watts",
    "use_watts",
    "minutes_unlearnt",
    "heat_minutes",
    "heated_sessions",
    "sustained_sessions",
    "uses_learnt",
    "false_learnt",
    "relay_was_off",
    "last_bin",
    "last_minutes",
)


def unpack(packed: bytes) -> dict[str, Any]:
    """The fields of today's state, from the bytes of an earlier release; those of a format that is not known are none.

    Raises:
        struct.error: The bytes are of another length than their format.
    """
    scalars = _FORMATS.get(packed[0])
    if scalars is None:
        return {}
    codes = "".join(code for _, code in scalars)
    _, *values = struct.unpack(f"<B{codes}{HISTOGRAM_BINS + RUN_BINS}H", packed)
    old: dict[str, Any] = dict(zip((name for name, _ in scalars), values, strict=False))
    return {
        **{name: old[name] for name in _UNCHANGED if name in old},
        "last_milliwatts": round(old["last_watts"] * 1_000),
        "fixed_microjoules": round(old["fixed_joules"] * 1e6),
        "standby_covered_ms": old["standby_minutes"] * MINUTE_MS,
        "standby_microjoules": round(old["standby_watt_minutes"] * MINUTE_MS * 1_000),
        **_fold(old),
        "watt_minutes": values[len(scalars) : -RUN_BINS],
        "idle_runs": values[-RUN_BINS:],
    }


def _fold(old: dict[str, Any]) -> dict[str, int]:
    """The fold under way: the mean of its readings stands for the time until the newest."""
    readings = old["readings"]
    if not readings:
        return {}
    since_ms = old["minute"] * MINUTE_MS
    covered_ms = max(0, old["watermark_ms"] - since_ms)
    share = covered_ms / readings
    return {
        "fold_since_ms": since_ms,
        "samples": readings,
        "covered_ms": covered_ms,
        "fold_microjoules": round(old["watt_sum"] * share * 1_000),
        "use_ms": round(old.get("use_readings", 0) * share),
        "use_microjoules": round(old.get("use_watt_sum", 0.0) * share * 1_000),
    }
