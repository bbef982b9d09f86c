"""Domain events: facts that are stored. A verb publishes them; entrypoints/subscribers.py says who acts on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class Event(Protocol):
    """A fact about something that one person owns."""

    @property
    def owner_id(self) -> str:
        """Whose it is."""


_subscribers: list[Callable[[Sequence[Event]], None]] = []


def subscribe(handle: Callable[[Sequence[Event]], None]) -> None:
    """Have all events that are published from now on passed to a function."""
    _subscribers.append(handle)


def publish(*events: Event) -> None:
    """Pass events to all subscribers, after the facts were stored.

    Raises:
        Exception: A subscriber failed; the facts stay stored.
    """
    for handle in _subscribers:
        handle(events)
