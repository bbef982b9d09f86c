"""Parses the value of a setting: text from a flag or the environment, or a TOML value, into a typed value.

A parser raises ValueError, whose text says what the value must be.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

YES, NO = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off"})
RETIRED = ("local_detect",)
"""Settings that no longer exist. A flag, variable or file that still has one is accepted; the agent says so."""
MAX_GPIO = 27
"""The highest GPIO number on a Raspberry Pi's header."""


@dataclass(frozen=True)
class Setting:
    """A setting's parser and one line of help; `metavar` stands for its value in the help."""

    parse: Callable[[object], object]
    help: str
    metavar: str | None

    @property
    def value(self) -> str:
        """Return what stands for the value in the help: its choices, or the metavar."""
        if isinstance(self.parse, OneOf):
            return f"{{{','.join(self.parse.words)}}}"
        return self.metavar or ""


def setting(default: object, parse: Callable[[object], object], help_text: str, metavar: str | None = None) -> Any:
    """Return a dataclass field that is a setting."""
    return field(default=default, metadata={"setting": Setting(parse, help_text, metavar)})


def text(value: object) -> str:
    """Parse any text."""
    if not isinstance(value, str):
        raise ValueError("text")  # noqa: TRY004 - the one error of all parsers
    return value


def switch(value: object) -> bool:
    """Parse on or off."""
    word = str(value).lower()
    if word not in YES | NO:
        raise ValueError("true or false")
    return word in YES


def address(*schemes: str) -> Callable[[object], str]:
    """Return a parser of a URL with a host, without a slash at its end."""

    def parse(value: object) -> str:
        parts = urlsplit(str(value))
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return str(value).rstrip("/")

    return parse


@dataclass(frozen=True)
class OneOf:
    """Parses one of these words."""

    words: tuple[str, ...]

    def __call__(self, value: object) -> str:
        """Return the word."""
        if value not in self.words:
            raise ValueError(" or ".join(self.words))
        return str(value)


def one_of(*words: str) -> OneOf:
    """Return a parser of one of these words."""
    return OneOf(words)


def whole(least: int, most: int) -> Callable[[object], int]:
    """Return a parser of a whole number within bounds."""

    def parse(value: object) -> int:
        digits = str(value)
        if not digits.isdecimal() or not least <= int(digits) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(digits)

    return parse


def number(least: float, most: float) -> Callable[[object], float]:
    """Return a parser of a number within bounds."""

    def parse(value: object) -> float:
        try:
            parsed = float(str(value))
        except ValueError:
            parsed = math.nan
        if not least <= parsed <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return parsed

    return parse


def pins(value: object) -> tuple[int, ...]:
    """Parse GPIO numbers: a list, or text with commas between."""
    items = value if isinstance(value, list) else [part.strip() for part in str(value).split(",") if part.strip()]
    try:
        parsed = tuple(whole(0, MAX_GPIO)(item) for item in items)
    except ValueError:
        parsed = ()
    if not parsed or len(set(parsed)) < len(parsed):
        raise ValueError(f"different GPIO numbers from 0 to {MAX_GPIO}, as in 17,27")
    return parsed
