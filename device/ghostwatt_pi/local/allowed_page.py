"""The page of another origin that a person at the Pi has allowed to pair it, for ten minutes.

`ghostwatt-pi claim --allow-page` writes it into the data folder; the process that serves the local page reads it there.
A page that was opened as a file has the origin `null`, and so has a hostile frame. It must also send the word that was
typed at the Pi.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ghostwatt_pi.local.access import NULL_ORIGIN, ConfirmationWord
from ghostwatt_pi.measurement import now_ms
from ghostwatt_pi.small_files import DamagedFile, read_object, write_private

ALLOWED_MS = 600_000


@dataclass(frozen=True, slots=True)
class Permission:
    """What was allowed.

    Attributes:
        origin: The page's origin, or `null`.
        word: The word that a page with the origin `null` must send; empty for others.
        until_ms: When it ends, epoch milliseconds of the Pi's clock.
    """

    origin: str
    word: str
    until_ms: int


def allow_page(path: Path, origin: str, word: str, at_ms: int) -> Permission:
    """Allow a page; it takes the place of an earlier one. Raises OSError."""
    permission = Permission(origin, word, at_ms + ALLOWED_MS)
    write_private(path, json.dumps(asdict(permission)) + "\n")
    return permission


def read_permission(path: Path, at_ms: int) -> Permission | None:
    """Return what is allowed at a time; None for nothing, or a file that cannot be read."""
    try:
        permission = Permission(**(read_object(path) or {}))
        is_open = at_ms < permission.until_ms <= at_ms + ALLOWED_MS  # not after a step of the clock either
    except (DamagedFile, OSError, TypeError):
        return None
    return permission if is_open else None


class AllowedPage:
    """Answers which page is allowed at this moment, and checks its word."""

    def __init__(self, path: Path, clock: Callable[[], int] = now_ms) -> None:
        self._path, self._clock = path, clock
        self._checked: tuple[Permission, ConfirmationWord] | None = None

    def origin(self) -> str | None:
        """Return the origin that is allowed, if any."""
        permission = read_permission(self._path, self._clock())
        return None if permission is None else permission.origin

    def check_word(self, typed: object) -> None:
        """Raise CallRefused unless a page with the origin `null` has sent its word."""
        permission = read_permission(self._path, self._clock())
        if permission is None or permission.origin != NULL_ORIGIN:
            permission = Permission(NULL_ORIGIN, "", 0)  # it has just ended: no word is right
        if self._checked is None or self._checked[0] != permission:
            self._checked = permission, ConfirmationWord(permission.word, "that was typed at the Pi")
        self._checked[1].check(typed)
