"""Types of command-line arguments: what argparse refuses with one of these says in a sentence what may be given."""

from __future__ import annotations

import argparse
import math

MAX_PORT = 65_535
LEAST_SECONDS, MOST_SECONDS = 0.01, 86_400.0


def port(text: str) -> int:
    """A TCP port, 0 for a free one."""
    if not (text.isascii() and text.isdigit() and int(text) <= MAX_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a whole number from 0 to {MAX_PORT}.")
    return int(text)


def count(text: str) -> int:
    """How many of something, at least one."""
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number: give a whole number from 1 on.")
    return int(text)


def seconds(text: str) -> float:
    """A length of time."""
    try:
        given = float(text)
    except ValueError:
        given = math.nan
    if not LEAST_SECONDS <= given <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds from {LEAST_SECONDS} to {MOST_SECONDS:.0f}."
        )
    return given
