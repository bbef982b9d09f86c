"""The second factor of an account: codes of an authenticator app, and recovery codes for when it is lost."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.accounts.totp import DIGITS, matching_step
from chalicelib.core.identifiers import CODE_ALPHABET, digest

RECOVERY_CODES = 10
RECOVERY_LETTERS = 16
"""Of an alphabet of 20: 69 bits, which nobody tries out, not even beside the stored digests."""
APP_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What is stored of it.

    Attributes:
        secret: What the app makes its codes of, in base32.
        is_on: Whether log-in asks for it. Before a first code was right it is only being set up.
        last_step: The time step of the code that was used last: it, and those before it, are used up.
        recovery_sha256: The digests of the recovery codes that are left.
    """

    secret: str
    is_on: bool = False
    last_step: int = 0
    recovery_sha256: tuple[str, ...] = ()


def new_recovery_codes() -> list[str]:
    """Codes that a person writes down, like BCDF-GHJK-LMNP-QRST."""
    letters = ["".join(secrets.choice(CODE_ALPHABET) for _ in range(RECOVERY_LETTERS)) for _ in range(RECOVERY_CODES)]
    return ["-".join(re.findall("....", code)) for code in letters]


def recovery_digests(codes: Sequence[str]) -> tuple[str, ...]:
    """What is stored of recovery codes."""
    return tuple(digest(_tidy(code)) for code in codes)


def used(factor: SecondFactor, typed: str, now_ms: int) -> SecondFactor | None:
    """What is left of a second factor once a code was used; None when the code is wrong or used up.

    Args:
        factor: As it is stored.
        typed: A code of the app, with blanks or without, or a recovery code.
        now_ms: The time of now.
    """
    plain = re.sub(r"\s", "", typed)
    if APP_CODE.fullmatch(plain):
        step = matching_step(factor.secret, plain, now_ms, factor.last_step)
        return None if step is None else replace(factor, last_step=step)
    wanted = digest(_tidy(typed))
    if wanted not in factor.recovery_sha256:  # digests of random codes: how long it takes tells nothing
        return None
    return replace(factor, recovery_sha256=tuple(each for each in factor.recovery_sha256 if each != wanted))


def _tidy(typed: str) -> str:
    return "".join(letter for letter in typed.upper()[:64] if letter in CODE_ALPHABET)
