"""The digest of a batch, by which a resend is told from another batch: agents of earlier releases keep theirs."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from chalicelib.readings.device_handlers import decode_readings

SENT: list[dict[str, Any]] = [
    {"portId": "p-1", "timestampMs": 1_700_000_000_000, "voltage": 230.1, "current": 0.014, "power": 3.2},
    {"portId": "p-1", "timestampMs": 1_700_000_002_000, "voltage": 230, "current": 0.015, "power": 3.25, "energy": 7.5},
]
BEFORE_HELD = "5427656fe83c5c4bdaa6695ca29e0b5acc364919f5bb71ae86c3a2dc2b664890"
"""The digest of these in release 0.2.0."""
BEFORE_HELD_WITH_A_BAD_ONE = "1cdc1eccdea97ef9340aa6a0ca66a07f2f84d4f8757219a2f671ee06872a2200"


def digest(*sent: Any) -> str:
    return decode_readings([msgspec.Raw(json.dumps(entry, separators=(",", ":")).encode()) for entry in sent])[1]


def test_a_batch_in_which_nothing_held_keeps_its_digest() -> None:
    assert digest(*SENT) == BEFORE_HELD
    assert digest(*(reading | {"heldMs": 0} for reading in SENT)) == BEFORE_HELD
    assert digest(*SENT, 17) == BEFORE_HELD_WITH_A_BAD_ONE


def test_how_long_a_reading_held_is_part_of_the_digest() -> None:
    digests = {digest(SENT[0] | {"heldMs": held_ms}, SENT[1]) for held_ms in (0, 1, 60_000)}
    assert len(digests) == 3


def test_a_volt_that_is_not_measured_is_no_volt_of_zero() -> None:
    assert digest(SENT[0] | {"voltage": None}) != digest(SENT[0] | {"voltage": 0})
