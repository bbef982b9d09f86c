"""Time-based one-time passwords (RFC 6238), as every authenticator app has them: SHA-1, 30 s, six digits."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from chalicelib.core.identifiers import constant_time_equal
from chalicelib.core.times import SECOND_MS

SECRET_BYTES = 20
"""As long as SHA-1's output (RFC 4226, section 4, R6)."""
STEP_MS = 30 * SECOND_MS
DIGITS = 6
WINDOW = 1
"""Steps before and after this one that count too: a clock may be off, and typing takes time (RFC 6238, section 5.2)."""
ISSUER = "Ghostwatt"


def new_secret() -> str:
    """A random secret in base32, as apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code_at(secret: str, step: int) -> str:
    """The code of a time step (RFC 4226, section 5.3)."""
    mac = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1)
    start = mac[-1] & 0xF
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def matching_step(secret: str, code: str, now_ms: int, after_step: int) -> int | None:
    """The time step that a code is of; None for a wrong one, and for one that is not later than `after_step`.

    A code is good once: whoever stores the step that it was of refuses it, and those before it, from then on.
    """
    steps = [step for step in _window(now_ms) if step > after_step and constant_time_equal(code_at(secret, step), code)]
    return max(steps, default=None)


def _window(now_ms: int) -> Iterator[int]:
    this = now_ms // STEP_MS
    return iter(range(max(0, this - WINDOW), this + WINDOW + 1))


def uri(secret: str, email: str) -> str:
    """The otpauth:// address that an app reads as a QR code."""
    parameters = urlencode({"secret": secret, "issuer": ISSUER, "digits": DIGITS, "period": STEP_MS // SECOND_MS})
    return f"otpauth://totp/{ISSUER}:{quote(email)}?{parameters}"
