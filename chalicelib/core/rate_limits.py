"""Rate limits of calls: each device, each person and each address has a bucket in this process's memory.

On a PC there is one process, so they are exact. On AWS each warm container counts by itself: a limit holds for each of
them, and costs no call to the database. What must hold across containers is in shared_limits.py.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

from chalicelib.core.errors import TooMany
from chalicelib.core.identifiers import digest
from chalicelib.core.settings import settings
from chalicelib.core.times import SECOND_MS
from chalicelib.core.token_bucket import Rate

MAX_REMEMBERED = 20_000
"""The most buckets of one kind, and the most credentials: about 4 MB each. The least recently used go first."""
TOO_MANY_REQUESTS = "too_many_requests"
Limit = Literal["device_calls", "device_readings", "user_calls", "address_calls"]


@dataclass(slots=True)
class Buckets:
    """Token buckets by subject, for many threads."""

    most: int = MAX_REMEMBERED
    _full_at_ms: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, rate: Rate, subject: str, now_ms: int, tokens: int = 1) -> float:
        """Take tokens; 0, or how many milliseconds to wait before the next try."""
        with self._lock:
            taken = rate.take(self._full_at_ms.pop(subject, 0), now_ms, tokens)
            self._full_at_ms[subject] = taken.full_at_ms
            if len(self._full_at_ms) > self.most:
                self._full_at_ms.popitem(last=False)
        return taken.wait_ms

    def give_back(self, rate: Rate, subject: str) -> None:
        """Put one token back."""
        with self._lock:
            if subject in self._full_at_ms:
                self._full_at_ms[subject] = rate.give_back(self._full_at_ms[subject])

    def clear(self) -> None:
        """Fill all buckets."""
        with self._lock:
            self._full_at_ms.clear()


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is limited, and by which limit."""

    limit: Limit
    name: str


_buckets: dict[Limit, Buckets] = {
    "device_calls": Buckets(),
    "device_readings": Buckets(),
    "user_calls": Buckets(),
    "address_calls": Buckets(),
}
_holders: OrderedDict[str, Subject] = OrderedDict()
"""The holders of credentials that were found right, by digest: a flood of their calls never reaches the database."""
_lock = Lock()


def take(subject: Subject, now_ms: int, tokens: int = 1) -> None:
    """Count a call, or so many readings. Raises TooMany."""
    rate: Rate = getattr(settings().limits, subject.limit)
    if wait_ms := _buckets[subject.limit].take(rate, subject.name, now_ms, tokens):
        raise too_many(wait_ms, TOO_MANY_REQUESTS)


def too_many(wait_ms: float, code: str) -> TooMany:
    """The error of a call past its limit."""
    seconds = max(1, math.ceil(wait_ms / SECOND_MS))
    return TooMany("Too many requests; slow down.", code=code, retry_after_seconds=seconds)


def of_address(address_bucket: str) -> Subject:
    """The callers of an address without a session or a key."""
    return Subject("address_calls", address_bucket)


def of_user(user_id: str) -> Subject:
    """A person."""
    return Subject("user_calls", user_id)


def of_device(device_id: str) -> Subject:
    """A device, over HTTP and MQTT together."""
    return Subject("device_calls", device_id)


def take_readings(device_id: str, readings: int, now_ms: int) -> None:
    """Count readings of a device before they are stored. Raises TooMany."""
    take(Subject("device_readings", device_id), now_ms, readings)


def begin(credential: str, address_bucket: str, now_ms: int) -> Subject | None:
    """Count a call before its credential is looked up. A credential not seen before counts for the address.

    Args:
        credential: The session token or key that was shown; "" for none.

    Returns:
        Whose the credential was when it was last found right; None if it was not seen before.

    Raises:
        TooMany: The holder's bucket is empty, or the address's.
    """
    with _lock:
        holder = _holders.get(digest(credential)) if credential else None
    take(holder or of_address(address_bucket), now_ms)
    return holder


def confirm(credential: str, holder: Subject, address_bucket: str, now_ms: int) -> None:
    """Count a call for the holder of a credential that was seen for the first time and is right, not for the address.

    Raises:
        TooMany: The holder's bucket is empty.
    """
    _buckets["address_calls"].give_back(settings().limits.address_calls, address_bucket)
    with _lock:
        _holders[digest(credential)] = holder
        if len(_holders) > MAX_REMEMBERED:
            _holders.popitem(last=False)
    take(holder, now_ms)


def forget(credential: str) -> None:
    """Forget a credential that is no longer right: its calls count for the address from now on."""
    with _lock:
        _holders.pop(digest(credential), None)


def clear() -> None:
    """Fill all buckets and forget all credentials, as a new process would."""
    for buckets in _buckets.values():
        buckets.clear()
    with _lock:
        _holders.clear()
