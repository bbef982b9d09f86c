"""A cache of items that this process has read, each until the process writes it.

Only where one process alone writes the tables, as on a PC: its database answers nobody else, and its folder is locked.
On AWS there are many processes, so there each call reads. A write takes effect at once in both places: before its
caller hears that it is done, whatever was remembered of the item is forgotten, and what was being read meanwhile is not
kept.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from chalicelib.core.settings import settings

Loaded = TypeVar("Loaded")

MOST = 2_000
"""Items remembered of a kind: the devices of a large household many times over, in a few megabytes."""
SLOTS = 4_096
DOUBT_SECONDS = 60.0
"""How long nothing is remembered after a write that nobody answered: the database may still carry it out."""
_lock = Lock()
_writes = [0] * SLOTS
"""How many writes have ended, by a hash of table and key: items that share a slot are forgotten together."""
_in_doubt_until = 0.0
"""Monotonic seconds."""


def note_write(table: str, key: str) -> None:
    """Forget an item, because it was written."""
    with _lock:
        for slot in (_slot(table, key), _slot(table, None)):
            _writes[slot] += 1


def note_unanswered_write() -> None:
    """Forget everything, and remember nothing for a while: nobody knows what became of a write."""
    global _in_doubt_until  # noqa: PLW0603 - one for all kinds
    _in_doubt_until = time.monotonic() + DOUBT_SECONDS


def _slot(table: str, key: str | None) -> int:
    return hash((table, key)) % SLOTS


class ReadCache(Generic[Loaded]):
    """Loads something of a table by a key, and remembers it if this process alone writes the table.

    What is loaded is shared by all callers, so it must be immutable.

    Args:
        table: The table's full name.
        load: Reads it, strongly consistent.
        by_key: Whether the key is the hash key of what is read; else any write to the table makes it forget.
    """

    def __init__(self, table: str, load: Callable[[str], Loaded], *, by_key: bool = True) -> None:
        self._table = table
        self._load = load
        self._by_key = by_key
        self._found: OrderedDict[str, tuple[int, Loaded]] = OrderedDict()

    def __call__(self, key: str) -> Loaded:
        """Load it, or take what is remembered."""
        if not settings().is_only_writer or time.monotonic() < _in_doubt_until:
            return self._load(key)
        slot = _slot(self._table, key if self._by_key else None)
        with _lock:
            writes, found = _writes[slot], self._found.get(key)
        if found is not None and found[0] == writes:
            return found[1]
        loaded = self._load(key)
        with _lock:
            self._found[key] = (writes, loaded)
            self._found.move_to_end(key)
            if len(self._found) > MOST:
                self._found.popitem(last=False)
        return loaded
