"""Passwords: their one form, what is stored of them, and which are too easy to guess."""

from __future__ import annotations

import re
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from chalicelib.core.errors import Invalid

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""Argon2id (RFC 9106) with 19 MiB, two passes and one lane, which takes 40 ms of a CPU.
Source: OWASP Password Storage Cheat Sheet (2024), the least that it asks for."""
UNKNOWN_ACCOUNT_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$mSkOi1ASd163/RxGv9IJVw$WCGp3LIisFvkKwqhMvIdirsJuK7+Ny9rYwSLaXn6z6k"
)
"""The hash of 128 random bits that nobody kept. It has HASHER's parameters, so that it takes as long to verify."""
MIN_PASSWORD_CHARACTERS = 8
"""Source: OWASP ASVS 5.0, 6.2.1. accounts/schemas.py repeats it for the API's document."""
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")
PRODUCT = "ghostwatt"
SEPARATORS = re.compile(r"[\W_]+")
MIN_GUESSES = 1_000_000
"""Fewer are within reach of a guesser whom only the limit of log-ins slows down (zxcvbn's scores 0 and 1)."""
MIN_GUESSES_WITHOUT_SEPARATORS = 12_000
"""A common word with one more character takes at most this many. Separators between its letters add nothing."""
EXAMINED_CHARACTERS = 72
"""The part that zxcvbn looks at. A longer password is weak only if it begins with 72 characters of the same kind."""


def normalize_password(typed: str, field: str = "password") -> str:
    """Bring a password into the form that is hashed: composed (NFC), so that all keyboards give the same.

    Source: RFC 8265, section 4.2.

    Raises:
        Invalid: It has control characters, which no keyboard types; `field` is named.
    """
    if CONTROL_CHARACTER.search(typed):
        raise Invalid("A password has no control characters.", code="invalid", field=field)
    return unicodedata.normalize("NFC", typed)


def hash_password(password: str) -> str:
    """The salted hash of a normalized password, with its parameters in front."""
    return HASHER.hash(password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether a normalized password is the one that was hashed.

    Without a hash, for an unknown account, the answer is False and takes as long.
    """
    try:
        HASHER.verify(password_hash or UNKNOWN_ACCOUNT_HASH, password)
    except VerifyMismatchError:
        return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(password_hash)


def check_password_strength(password: str, email: str, field: str) -> None:
    """Refuse a new password that is easy to guess. Stored passwords are never checked.

    Args:
        password: Normalized.
        email: The account's address; its parts are guessed first.
        field: The field of the request that an error names.

    Raises:
        Invalid: It is too short once composed (code invalid), or easy to guess (code common_password).
    """
    if len(password) < MIN_PASSWORD_CHARACTERS:
        raise Invalid(f"A password has at least {MIN_PASSWORD_CHARACTERS} characters.", code="invalid", field=field)
    folded = unicodedata.normalize("NFKC", password)  # full-width letters are no disguise
    words = _words_of_account(email)
    if (
        _guesses(folded, words) < MIN_GUESSES
        or _guesses(SEPARATORS.sub("", folded), words) < MIN_GUESSES_WITHOUT_SEPARATORS
    ):
        raise Invalid(
            "This password is easy to guess. Use a few words that do not belong together.",
            code="common_password",
            field=field,
        )


def _words_of_account(email: str) -> list[str]:
    """The words that a guesser tries first: the product's name, the address and its parts."""
    local, _, domain = email.partition("@")
    parts = [*SEPARATORS.split(local), *SEPARATORS.split(domain)]
    return [PRODUCT, email, local, domain, SEPARATORS.sub("", local), SEPARATORS.sub("", email), *parts]


def _guesses(password: str, words: list[str]) -> float:
    if not password:
        return MIN_GUESSES_WITHOUT_SEPARATORS  # only separators: their arrangement was judged before
    from zxcvbn import zxcvbn  # noqa: PLC0415 - 40 ms and its word lists, which only a new password needs

    long_words = [word for word in words if len(word) > 2]  # noqa: PLR2004 - two letters are in everything
    return float(zxcvbn(password[:EXAMINED_CHARACTERS], user_inputs=long_words)["guesses"])
