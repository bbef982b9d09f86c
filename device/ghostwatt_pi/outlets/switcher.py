"""Switches relays without making the caller wait: a relay that does not obey takes six seconds to say so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from ghostwatt_pi.outlets.relays import RelayError, Relays
from ghostwatt_pi.schemas import RelayState

Done = Callable[[RelayError | None], None]


class Switcher:
    """Each attempt is a thread of its own, at most one an outlet; its result waits until `collect`.

    `finished` is called from that thread, so that somebody collects soon. Without it an attempt is made at once, in the
    caller's thread.
    """

    def __init__(self, relays: Relays, finished: Callable[[], None] | None = None) -> None:
        self._relays, self._finished = relays, finished
        self._under_way: set[int] = set()
        self._results: SimpleQueue[tuple[int, Done, RelayError | None]] = SimpleQueue()

    def is_busy(self, channel: int) -> bool:
        """Whether this outlet's last attempt has not been collected yet."""
        return channel in self._under_way

    @property
    def any_busy(self) -> bool:
        """Whether an attempt has not been collected yet."""
        return bool(self._under_way)

    def start(self, channel: int, state: RelayState, done: Done) -> None:
        """Begin an attempt on an outlet that is not busy; `collect` calls `done` with what came of it."""
        self._under_way.add(channel)
        if self._finished is None:
            self._attempt(channel, state, done)
        else:
            threading.Thread(
                target=self._attempt, args=(channel, state, done), name=f"switch-{channel}", daemon=True
            ).start()

    def collect(self) -> None:
        """Call `done` of every attempt that has ended."""
        while True:
            try:
                channel, done, error = self._results.get_nowait()
            except Empty:
                return
            self._under_way.discard(channel)
            done(error)

    def drain(self, seconds: float) -> None:
        """Wait for the attempts under way, and collect them."""
        until = time.monotonic() + seconds
        self.collect()
        while self._under_way and time.monotonic() < until:
            time.sleep(0.05)
            self.collect()

    def _attempt(self, channel: int, state: RelayState, done: Done) -> None:
        error: RelayError | None = None
        try:
            self._relays.switch(channel, state)
        except RelayError as failed:
            error = failed
        except Exception as failed:  # noqa: BLE001 - a thread of its own: whatever it is, the outlet was not switched
            error = RelayError(f"{type(failed).__name__}: {failed}")
        self._results.put((channel, done, error))
        if self._finished:
            self._finished()
