"""What ends a move."""

from __future__ import annotations


class MoveError(Exception):
    """It cannot be done; the message says why, and what a person can do about it."""
