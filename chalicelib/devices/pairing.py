"""Pairing by short code, in the shape of RFC 8628 (device authorization grant)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.core.times import MINUTE_MS
from chalicelib.devices.model import Device

CLAIM_TTL_MS = 10 * MINUTE_MS
"""Long enough to find the page and log in, short enough that a code read over a shoulder is soon worthless."""
POLL_SECONDS = 2
"""How often the Pi may ask; RFC 8628 proposes 5, but a person is waiting in front of it."""

AGAIN_MS = MINUTE_MS
"""A Pi that did not hear the answer asks again within some seconds."""

ClaimState = Literal["pending", "approved", "denied"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A pairing under way. Only the digest of the device code is kept.

    owner_id, device_name and device_uid, which device was approved, come with approval; collected_at_ms when the Pi was
    first given its key.
    """

    device_code_sha256: str
    user_code: str
    device_id: str
    expires_at_ms: int
    state: ClaimState = "pending"
    owner_id: str | None = None
    device_name: str | None = None
    polled_at_ms: int | None = None
    device_uid: str | None = None
    collected_at_ms: int | None = None

    def approves(self, device: Device) -> bool:
        """Whether this is the device that was approved; in older claims the owner alone tells."""
        return device.owner_id == self.owner_id and self.device_uid in (None, device.device_uid)

    def answers_again(self, now_ms: int) -> bool:
        """Whether a key that was given already may be given once more, since the answer may have been lost."""
        return self.collected_at_ms is None or now_ms - self.collected_at_ms < AGAIN_MS

    def expired(self, now_ms: int) -> bool:
        """Whether its time is over."""
        return now_ms >= self.expires_at_ms

    def polled_too_soon(self, now_ms: int) -> bool:
        """Whether the Pi asks faster than it was told; a tenth is the network's."""
        return self.polled_at_ms is not None and now_ms - self.polled_at_ms < POLL_SECONDS * 900
