"""What can go wrong when the package is made."""

from __future__ import annotations


class PackageError(Exception):
    """The package cannot be made; the message says what to do about it."""
