"""Pairing by short code, in the shape of RFC 8628 (device authorization grant)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

from chalicelib.core.identifiers import CODE_ALPHABET
from chalicelib.core.times import MINUTE_MS
from chalicelib.devices.model import Device

CODE_LENGTH = 8
CLAIM_TTL_MS = 10 * MINUTE_MS
"""Long enough to find the page and log in, short enough that a code read over a shoulder is soon worthless."""
POLL_SECONDS = 2
"""How often the Pi may ask; RFC 8628 proposes 5, but a person is waiting in front of it."""

COLLECT_AGAIN_MS = MINUTE_MS
"""A Pi whose answer was lost asks again within some seconds."""

ClaimState = Literal["pending", "approved", "denied"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A pairing under way.

    Attributes:
        device_code_sha256: Digest of the secret with which the device polls.
        user_code: The short code that a person types.
        device_id: The device that asked.
        expires_at_ms: When the code expires.
        state: The person's decision.
        owner_id: Who decided; None before that.
        device_name: As the person chose it; None for a default.
        polled_at_ms: When the device last asked.
        device_uid: The device that was approved; None before that, and in older claims.
        collected_at_ms: When the device was first given its key.
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
        """Whether a device is the one that was approved; older claims name only its owner."""
        return device.owner_id == self.owner_id and self.device_uid in (None, device.device_uid)

    def is_collectable(self, now_ms: int) -> bool:
        """Whether the key may be given (again): the first answer may have been lost."""
        return self.collected_at_ms is None or now_ms - self.collected_at_ms < COLLECT_AGAIN_MS

    def expired(self, now_ms: int) -> bool:
        """Whether the code has expired."""
        return now_ms >= self.expires_at_ms

    def polled_too_soon(self, now_ms: int) -> bool:
        """Whether the device asks faster than it was told; a tenth of the interval is network delay."""
        return self.polled_at_ms is not None and now_ms - self.polled_at_ms < POLL_SECONDS * 900


def new_user_code() -> str:
    """Make a random code that a person can type, for example BCDF-GHJK."""
    letters = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def normalize_user_code(typed: str) -> str:
    """Bring a typed code into the form of new_user_code: capitals and one hyphen, nothing else."""
    letters = "".join(character for character in typed.upper()[:64] if character in CODE_ALPHABET)
    return f"{letters[:4]}-{letters[4:]}"
