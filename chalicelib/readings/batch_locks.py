"""One batch of a device at a time within this process: a look at what is stored, and the write that follows from it.

No condition of DynamoDB's reaches over several items without a write unit for each of them, and a look after each write
would be a call more for all. On a PC, one process, this is exact. On AWS two containers may still take two batches of
one device at the same millisecond: then both are stored, both say so, and the history shows the first one's readings.
"""

from __future__ import annotations

from threading import Lock
from weakref import WeakValueDictionary

_turns: WeakValueDictionary[str, Lock] = WeakValueDictionary()
_lock = Lock()


def turn(device_uid: str) -> Lock:
    """The lock of a device. It is forgotten when nobody holds or wants it."""
    with _lock:
        return _turns.setdefault(device_uid, Lock())
