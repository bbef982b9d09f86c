"""Limits on how many calls of a slow kind run at the same time in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from chalicelib.core.errors import TooMany


@dataclass(slots=True)
class Slots:
    """Slots for one kind of call. On AWS each call has a container to itself, so none is refused there.

    Attributes:
        in_all: How many may run at once.
        per_person: How many of them may be one person's.
        retry_after_seconds: How long one usually takes.
    """

    in_all: int
    per_person: int
    retry_after_seconds: int
    _taken: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def taken(self, owner_id: str) -> Iterator[None]:
        """Hold a slot meanwhile.

        Raises:
            TooMany: No slot is free. A call that waited would hold up all others.
        """
        self._take(owner_id)
        try:
            yield
        finally:
            with self._lock:
                self._taken -= Counter([owner_id])

    def _take(self, owner_id: str) -> None:
        with self._lock:
            if self._taken.total() >= self.in_all or self._taken[owner_id] >= self.per_person:
                message = "Too many of these run at the moment; try again."
                raise TooMany(message, code="too_many_requests", retry_after_seconds=self.retry_after_seconds)
            self._taken[owner_id] += 1
