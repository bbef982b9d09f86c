"""Two-step log-in: set it up, check its codes, and switch it off.

Codes come from an authenticator app (RFC 6238); recovery codes are for when the app is lost.
App codes are as every authenticator app has them: SHA-1, 30 s, six digits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote, urlencode

from chalicelib.accounts.model import Account, SecondFactor
from chalicelib.accounts.store import save_second_factor
from chalicelib.core import shared_limits
from chalicelib.core.errors import Conflict, Invalid, Unavailable
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


MAX_WRONG_CODES = 5
"""Of an account in a quarter of an hour. Three codes of a million are valid at a time: a guesser needs years."""


def begin_second_factor(account: Account) -> str:
    """Begin the set-up; log-in does not ask for a code yet.

    Returns:
        The new secret for the authenticator app, base32.

    Raises:
        Conflict: Two-step log-in is on already (code totp_on).
        Unavailable: The account changed at the same moment.
    """
    if account.has_second_factor:
        raise Conflict("Two-step log-in is on already: switch it off first.", code="totp_on")
    factor = SecondFactor(new_totp_secret())
    _save(account, factor)
    return factor.secret


def finish_second_factor(account: Account, code: str, now_ms: int) -> list[str]:
    """Switch two-step log-in on with a first code of the app.

    Returns:
        The recovery codes, which are shown once.

    Raises:
        Conflict: No set-up was begun (code totp_not_begun), or it is on already.
        Invalid: The code is wrong (field code).
        TooMany: There were too many wrong codes.
        Unavailable: The account changed at the same moment.
    """
    factor = account.second_factor
    if factor is None or factor.is_on:
        raise Conflict("Begin the set-up of two-step log-in first.", code="totp_not_begun")
    shared_limits.count_attempt(_attempts(account), now_ms, MAX_WRONG_CODES)
    step = matching_step(factor.secret, "".join(code.split()), now_ms, factor.last_step)
    if step is None:
        raise _wrong_code()
    shared_limits.refund_attempt(_attempts(account), now_ms)
    codes = new_recovery_codes()
    _save(account, SecondFactor(factor.secret, is_on=True, last_step=step, recovery_sha256=recovery_digests(codes)))
    return codes


def check_second_factor(account: Account, code: str | None, now_ms: int) -> None:
    """Check the code of an account that has two-step log-in, after its password was right, and use the code up.

    Raises:
        Invalid: The code is missing (code code_required), wrong or used up (wrong_code); the field is code.
        TooMany: There were too many wrong codes.
    """
    factor = account.second_factor
    if factor is None or not factor.is_on:
        return
    if code is None:
        raise Invalid("Send a code of your authenticator app too.", code="code_required", field="code")
    shared_limits.count_attempt(_attempts(account), now_ms, MAX_WRONG_CODES)
    remaining = use_code(factor, code, now_ms)
    if remaining is None or not save_second_factor(account, remaining):
        raise _wrong_code()
    shared_limits.refund_attempt(_attempts(account), now_ms)


def remove_second_factor(account: Account) -> None:
    """Switch two-step log-in off, and delete its secret and recovery codes.

    Raises:
        Unavailable: The account changed at the same moment.
    """
    _save(account, None)


def qr_rows(text: str) -> list[str]:
    """A text as a QR code: a string for each row, 1 for a dark module and 0 for a light one, without the margin."""
    import segno  # noqa: PLC0415 - only the set-up of two-step log-in needs it

    return ["".join(map(str, row)) for row in segno.make(text, error="m", micro=False).matrix]


def _save(account: Account, factor: SecondFactor | None) -> None:
    if not save_second_factor(account, factor):
        raise Unavailable("This account is being changed; try again.", code="busy", retry_after_seconds=1)


def _attempts(account: Account) -> str:
    return f"code#{account.user_id}"


def _wrong_code() -> Invalid:
    return Invalid("This code is wrong, or was used already: wait for the next one.", code="wrong_code", field="code")
