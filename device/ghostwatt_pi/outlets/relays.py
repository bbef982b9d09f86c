"""Relays: their interface, and the switcher that makes each attempt in a thread and repeats it when it fails.

The Arduino's line, the Pi's pins, the simulator and the replay implement the interface.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Protocol, runtime_checkable

from ghostwatt_pi.schemas import RelayState

RETRY_SECONDS = (6.0, 60.0, 300.0, 900.0)
"""The pause after each failure in a row; the last one for all that follow."""


class RelayError(Exception):
    """The relay did not carry out, or did not confirm, a command."""


class NoRelays(RelayError):
    """Nothing here can switch: the command waits for an agent that can."""


class StillInUse(RelayError):
    """A last look at the meter shows that the outlet must not be cut."""


Done = Callable[[RelayError | None], None]
"""Takes the result of an attempt: None, or the error if it failed."""


class Relays(Protocol):
    """Switches outlets, numbered by the meter's channels. An outlet that nobody has switched is on."""

    def switch(self, channel: int, state: RelayState) -> None:
        """Switch the outlet. Raises RelayError."""

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """Set the states that the outlets had before the agent started, as soon as the hardware answers."""


@runtime_checkable
class ReportsRestores(Protocol):
    """Relays that set states again by themselves, and may fail at it later."""

    def failed_restores(self) -> Mapping[int, str]:
        """The outlets whose restore has failed since the last call, each with the error."""


class SimulatedRelays:
    """Relays that exist only in memory."""

    def __init__(self) -> None:
        self._states: dict[int, RelayState] = {}

    def switch(self, channel: int, state: RelayState) -> None:
        """Note the state; this never fails."""
        self._states[channel] = state

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """Note the states; this never fails."""
        self._states.update(states)

    def is_on(self, channel: int) -> bool:
        """Whether power flows."""
        return self._states.get(channel, "on") == "on"


class RelaySwitcher:
    """Makes each attempt in its own thread, at most one an outlet; its result waits until `collect`.

    A relay that does not obey takes six seconds to fail, and nothing else may wait for it.

    Args:
        relays: Switch the outlets.
        finished: Called from the thread of an attempt that has ended, so that somebody collects soon. Without it an
            attempt is made in the caller's thread.
    """

    def __init__(self, relays: Relays, finished: Callable[[], None] | None = None) -> None:
        self._relays, self._finished = relays, finished
        self._busy: set[int] = set()
        self._moved: set[int] = set()
        self._lock = threading.Lock()
        self._results: SimpleQueue[tuple[int, Done, RelayError | None]] = SimpleQueue()

    def is_busy(self, channel: int) -> bool:
        """Whether this outlet's last attempt has not been collected yet."""
        return channel in self._busy

    @property
    def any_busy(self) -> bool:
        """Whether an attempt has not been collected yet."""
        return bool(self._busy)

    def start(self, channel: int, state: RelayState, done: Done, check: Callable[[], None] = lambda: None) -> None:
        """Begin an attempt on an outlet that is not busy; `collect` calls `done`, with the error if it failed.

        `check` is called in the attempt's thread just before the switch, and may raise RelayError to prevent it.
        """
        self._busy.add(channel)
        self._note_move(channel)
        if self._finished is None:
            self._attempt(channel, state, done, check)
        else:
            threading.Thread(
                target=self._attempt, args=(channel, state, done, check), name=f"switch-{channel}", daemon=True
            ).start()

    def moved(self) -> set[int]:
        """Return the outlets whose relay may have moved since the last call: an attempt began, runs or ended."""
        with self._lock:
            moved, self._moved = self._moved, set()
        return moved | self._busy

    def _note_move(self, channel: int) -> None:
        with self._lock:
            self._moved.add(channel)

    def collect(self) -> None:
        """Call `done` of every attempt that has ended."""
        while True:
            try:
                channel, done, error = self._results.get_nowait()
            except Empty:
                return
            self._busy.discard(channel)
            done(error)

    def drain(self, seconds: float) -> None:
        """Wait for the running attempts, at most so long, and collect them."""
        until = time.monotonic() + seconds
        self.collect()
        while self._busy and time.monotonic() < until:
            time.sleep(0.05)
            self.collect()

    def _attempt(self, channel: int, state: RelayState, done: Done, check: Callable[[], None]) -> None:
        error: RelayError | None = None
        try:
            check()
            self._relays.switch(channel, state)
        except RelayError as failed:
            error = failed
        except Exception as failed:  # noqa: BLE001 - a thread of its own: whatever it is, the outlet was not switched
            error = RelayError(f"{type(failed).__name__}: {failed}")
        self._note_move(channel)
        self._results.put((channel, done, error))
        if self._finished:
            self._finished()


class RelayRetries:
    """Schedules the next attempt of each relay that failed: at growing intervals, on the monotonic clock."""

    def __init__(self) -> None:
        self._retry_at: dict[int, float] = {}

    def is_due(self, channel: int) -> bool:
        """Whether the relay may be tried now."""
        return time.monotonic() >= self._retry_at.get(channel, 0.0)

    def schedule(self, channel: int, failures: int = 1) -> None:
        """Set the next attempt after so many failures in a row."""
        self._retry_at[channel] = time.monotonic() + RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]
