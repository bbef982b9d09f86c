"""What keeps the stack from starting."""

from __future__ import annotations


class StackError(Exception):
    """The stack cannot start or go on; the message says what a person can do about it."""
