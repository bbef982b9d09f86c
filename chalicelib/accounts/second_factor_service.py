"""Set up two-step log-in, check its codes, and switch it off."""

from __future__ import annotations

from chalicelib.accounts.model import Account
from chalicelib.accounts.second_factor import (
    SecondFactor,
    matching_step,
    new_recovery_codes,
    new_totp_secret,
    recovery_digests,
    use_code,
)
from chalicelib.accounts.store import save_second_factor
from chalicelib.core import shared_limits
from chalicelib.core.errors import Conflict, Invalid, Unavailable

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
