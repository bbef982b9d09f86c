"""Refusing passwords that are guessed first: common ones, those made of the e-mail address, repetitions, sequences."""

from __future__ import annotations

import re
import unicodedata

from chalicelib.accounts.model import MIN_PASSWORD_CHARACTERS
from chalicelib.core.errors import Invalid

PRODUCT = "ghostwatt"
GUESSES = 1_000_000
"""Fewer are within reach of a guesser whom only the limit of log-ins slows down (zxcvbn's scores 0 and 1)."""
GUESSES_OF_A_WORD = 12_000
"""A common word, with a character more, takes at most so many; it stays one with separators between its letters."""
EXAMINED_CHARACTERS = 72
"""All that zxcvbn looks at. What is longer is weak only when it begins with 72 characters of the same kind."""
SEPARATORS = re.compile(r"[\W_]+")


def check(password: str, email: str, field: str) -> None:
    """Refuse a new password that is easy to guess. One that is stored already is never checked.

    Args:
        password: As domain.accounts.tidy_password gives it.
        email: The account's address, whose parts are guessed first.
        field: The field of the request that is named.

    Raises:
        Invalid: It is too short once composed (code invalid), or easy to guess (code common_password).
    """
    if len(password) < MIN_PASSWORD_CHARACTERS:
        raise Invalid(f"A password has at least {MIN_PASSWORD_CHARACTERS} characters.", code="invalid", field=field)
    plain = unicodedata.normalize("NFKC", password)  # full-width letters are no disguise
    words = _own_words(email)
    if _guesses(plain, words) < GUESSES or _guesses(SEPARATORS.sub("", plain), words) < GUESSES_OF_A_WORD:
        raise Invalid(
            "This password is easy to guess. Use a few words that do not belong together.",
            code="common_password",
            field=field,
        )


def _own_words(email: str) -> list[str]:
    """What a guesser tries first for this account: the product's name, the address and the parts of it."""
    local, _, domain = email.partition("@")
    parts = [*SEPARATORS.split(local), *SEPARATORS.split(domain)]
    return [PRODUCT, email, local, domain, SEPARATORS.sub("", local), SEPARATORS.sub("", email), *parts]


def _guesses(password: str, words: list[str]) -> float:
    if not password:
        return GUESSES_OF_A_WORD  # it has separators alone: how they are arranged was judged already
    from zxcvbn import zxcvbn  # noqa: PLC0415 - 40 ms and its word lists, which only a new password needs

    given = [word for word in words if len(word) > 2]  # noqa: PLR2004 - two letters are in everything
    return float(zxcvbn(password[:EXAMINED_CHARACTERS], user_inputs=given)["guesses"])
