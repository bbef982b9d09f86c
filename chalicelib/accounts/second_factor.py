"""Two-step log-in: codes of an authenticator app (RFC 6238), and recovery codes for when the app is lost.

App codes are as every authenticator app has them: SHA-1, 30 s, six digits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from chalicelib.core.identifiers import CODE_ALPHABET, constant_time_equal, digest
from chalicelib.core.times import SECOND_MS

SECRET_BYTES = 20
"""As long as SHA-1's output (RFC 4226, section 4, R6)."""
STEP_MS = 30 * SECOND_MS
DIGITS = 6
WINDOW_STEPS = 1
"""Steps before and after the current one whose codes count too: a clock may be off, and typing takes time.
Source: RFC 6238, section 5.2."""
ISSUER = "Ghostwatt"
APP_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")
RECOVERY_CODES = 10
RECOVERY_LETTERS = 16
"""Of an alphabet of 20: 69 bits, too many to try out even with the stored digests at hand."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """The stored state of two-step log-in.

    Attributes:
        secret: The app derives its codes from it; base32.
        is_on: Whether log-in asks for a code. Until a first code was right it is only being set up.
        last_step: The time step of the code that was used last: its code and all earlier ones are used up.
        recovery_sha256: The digests of the unused recovery codes.
    """

    secret: str
    is_on: bool = False
    last_step: int = 0
    recovery_sha256: tuple[str, ...] = ()


def new_totp_secret() -> str:
    """A random secret in base32, as apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def totp_code(secret: str, step: int) -> str:
    """The code of a time step (RFC 4226, section 5.3)."""
    mac = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1)
    start = mac[-1] & 0xF
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def matching_step(secret: str, code: str, now_ms: int, after_step: int) -> int | None:
    """The time step of a code; None for a wrong code, and for one that is not later than `after_step`.

    A code is valid once: the caller stores its step and passes it as `after_step` from then on.
    """
    steps = [
        step for step in _window(now_ms) if step > after_step and constant_time_equal(totp_code(secret, step), code)
    ]
    return max(steps, default=None)


def _window(now_ms: int) -> Iterator[int]:
    current = now_ms // STEP_MS
    return iter(range(max(0, current - WINDOW_STEPS), current + WINDOW_STEPS + 1))


def totp_uri(secret: str, email: str) -> str:
    """The otpauth:// address that an app reads as a QR code."""
    parameters = urlencode({"secret": secret, "issuer": ISSUER, "digits": DIGITS, "period": STEP_MS // SECOND_MS})
    return f"otpauth://totp/{ISSUER}:{quote(email)}?{parameters}"


def new_recovery_codes() -> list[str]:
    """Codes that a person writes down, like BCDF-GHJK-LMNP-QRST."""
    letters = ["".join(secrets.choice(CODE_ALPHABET) for _ in range(RECOVERY_LETTERS)) for _ in range(RECOVERY_CODES)]
    return ["-".join(re.findall("....", code)) for code in letters]


def recovery_digests(codes: Sequence[str]) -> tuple[str, ...]:
    """The stored form of recovery codes."""
    return tuple(digest(_normalize_recovery_code(code)) for code in codes)


def use_code(factor: SecondFactor, typed: str, now_ms: int) -> SecondFactor | None:
    """Use a code up.

    Args:
        factor: As it is stored.
        typed: A code of the app, with blanks or without, or a recovery code.
        now_ms: The current time.

    Returns:
        The second factor to store; None when the code is wrong or was used before.
    """
    app_code = re.sub(r"\s", "", typed)
    if APP_CODE.fullmatch(app_code):
        step = matching_step(factor.secret, app_code, now_ms, factor.last_step)
        return None if step is None else replace(factor, last_step=step)
    used = digest(_normalize_recovery_code(typed))
    if used not in factor.recovery_sha256:  # digests of random codes: how long it takes reveals nothing
        return None
    return replace(factor, recovery_sha256=tuple(sha256 for sha256 in factor.recovery_sha256 if sha256 != used))


def _normalize_recovery_code(typed: str) -> str:
    return "".join(letter for letter in typed.upper()[:64] if letter in CODE_ALPHABET)
