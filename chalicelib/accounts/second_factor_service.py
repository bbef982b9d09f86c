"""The second factor: set up, asked for, and switched off."""

from __future__ import annotations

from chalicelib.accounts import store as users
from chalicelib.accounts import throttle, totp
from chalicelib.accounts.model import Account
from chalicelib.accounts.second_factor import SecondFactor, new_recovery_codes, recovery_digests, used
from chalicelib.core.errors import Conflict, Invalid, Unavailable

MOST_WRONG_CODES = 5
"""Of an account in a quarter of an hour. Three codes of a million are good at a time: a guesser needs years."""


def begin(account: Account) -> SecondFactor:
    """Begin the set-up with a new secret; nothing asks for it yet. Raises Conflict: totp_on."""
    if account.second_factor is not None and account.second_factor.is_on:
        raise Conflict("Two-step log-in is on already: switch it off first.", code="totp_on")
    factor = SecondFactor(totp.new_secret())
    _save(account, factor)
    return factor


def finish(account: Account, code: str, now_ms: int) -> list[str]:
    """Switch it on with a first code of the app; returns the recovery codes, which are shown here and never again.

    Raises:
        Conflict: No set-up was begun (code totp_not_begun), or it is on already.
        Invalid: The code is wrong (field code).
        TooMany: There were too many wrong codes.
    """
    factor = account.second_factor
    if factor is None or factor.is_on:
        raise Conflict("Begin the set-up of two-step log-in first.", code="totp_not_begun")
    throttle.count_and_check(_guesses(account), now_ms, MOST_WRONG_CODES)
    step = totp.matching_step(factor.secret, "".join(code.split()), now_ms, factor.last_step)
    if step is None:
        raise _wrong_code()
    throttle.forgive(_guesses(account), now_ms)
    codes = new_recovery_codes()
    _save(account, SecondFactor(factor.secret, is_on=True, last_step=step, recovery_sha256=recovery_digests(codes)))
    return codes


def check(account: Account, code: str | None, now_ms: int) -> None:
    """Ask for a code, after the password was right, of an account whose second factor is on. It is used up by that.

    Raises:
        Invalid: There is none (code code_required), or it is wrong or used up (wrong_code); the field is code.
        TooMany: There were too many wrong codes.
    """
    factor = account.second_factor
    if factor is None or not factor.is_on:
        return
    if code is None:
        raise Invalid("Send a code of your authenticator app too.", code="code_required", field="code")
    throttle.count_and_check(_guesses(account), now_ms, MOST_WRONG_CODES)
    left = used(factor, code, now_ms)
    if left is None or not users.save_second_factor(account, left):
        raise _wrong_code()
    throttle.forgive(_guesses(account), now_ms)


def end(account: Account) -> None:
    """Switch it off, and forget its secret and recovery codes."""
    _save(account, None)


def _save(account: Account, factor: SecondFactor | None) -> None:
    if not users.save_second_factor(account, factor):
        raise Unavailable("This account is being changed; try again.", code="busy", retry_after_seconds=1)


def _guesses(account: Account) -> str:
    return f"code#{account.user_id}"


def _wrong_code() -> Invalid:
    return Invalid("This code is wrong, or was used already: wait for the next one.", code="wrong_code", field="code")
