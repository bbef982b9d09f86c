"""The state that outlets take after a power loss, and after a long outage of the cloud; `keep` changes nothing.

Like a switch by hand it is reported to the cloud, whose next command wins. Only the cloud knows which ports are never
cut: with `off` such an outlet goes off too. So `keep` is the default, and `off` is the owner's own choice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.schemas import RelayState
from ghostwatt_pi.small_files import DamagedFile, read_text, write_private

SafeState = Literal["keep", "on", "off"]
RETRY_SECONDS = 10.0
"""The pause after the first failure: the meter may not be connected yet, just after the start."""
RETRIES = (RETRY_SECONDS, RETRY_SECONDS, 60.0, 300.0, 900.0)
"""The pause after each failure in a row; the last one for all that follow."""


class SwitchPending(Exception):
    """The relay has not answered yet: call again."""


@dataclass(frozen=True)
class SafeStatePolicy:
    """The owner's choice.

    Attributes:
        after_power_loss: The state after the Pi has booted.
        after_cloud_loss: The state once the cloud has been away for long.
        cloud_loss_seconds: The length of an outage that counts as long.
    """

    after_power_loss: SafeState = "keep"
    after_cloud_loss: SafeState = "keep"
    cloud_loss_seconds: float = 3600.0


class SafeStates:
    """Switches outlets into their safe state when it is time. Call `turn` often, from the agent's own thread.

    Args:
        policy: The owner's choice.
        outlets: Returns the state of each outlet that has a port.
        log: Takes the events.
        power_was_lost: Whether the Pi has booted since the last run.
    """

    def __init__(
        self,
        policy: SafeStatePolicy,
        outlets: Callable[[], Mapping[int, RelayState]],
        log: EventLog,
        *,
        power_was_lost: bool,
    ) -> None:
        self._policy, self._outlets, self._log = policy, outlets, log
        self._target: SafeState = policy.after_power_loss if power_was_lost else "keep"
        self._cause = "power_loss"
        self._away_since: float | None = None
        self._cloud_lost = False
        self._not_before = 0.0
        self._failures = 0  # in a row; the first is logged
        self._pending: set[int] = set()

    def turn(self, switch: Callable[[int, RelayState], None], *, cloud_away: bool, now: float | None = None) -> None:
        """Switch what is due.

        Args:
            switch: Switches one outlet. It may raise SwitchPending, and is then called again at the next turn, or
                RelayError, and is then tried again later.
            cloud_away: Whether the cloud does not answer.
            now: Monotonic seconds.
        """
        now = time.monotonic() if now is None else now
        self._follow(now, cloud_away=cloud_away)
        if self._target == "keep" or now < self._not_before:
            return
        channels = sorted({*self._differing(), *self._pending})
        failed = [error for channel in channels if (error := self._try(switch, channel, self._target))]
        if failed:
            self._failures += 1
            self._not_before = now + RETRIES[min(self._failures, len(RETRIES)) - 1]
        elif not self._pending:
            self._failures, self._target = 0, "keep"

    def _follow(self, now: float, *, cloud_away: bool) -> None:
        """Set the safe state as target once in an outage, when it has become long."""
        if not cloud_away:
            self._away_since, self._cloud_lost = None, False
            if self._cause == "cloud_loss":  # an outlet that was not switched in time is left as it is
                self._target = "keep"
                self._pending.clear()
            return
        self._away_since = now if self._away_since is None else self._away_since
        if not self._cloud_lost and now - self._away_since >= self._policy.cloud_loss_seconds:
            self._cloud_lost, self._target, self._cause = True, self._policy.after_cloud_loss, "cloud_loss"

    def _differing(self) -> list[int]:
        return [channel for channel, state in self._outlets().items() if state != self._target]

    def _try(self, switch: Callable[[int, RelayState], None], channel: int, state: RelayState) -> RelayError | None:
        try:
            switch(channel, state)
        except SwitchPending:
            self._pending.add(channel)
            return None
        except RelayError as error:
            self._pending.discard(channel)
            if not self._failures:
                self._log("relay_failed", channel=channel, error=str(error))
            return error
        self._pending.discard(channel)
        self._log("safe_state", channel=channel, state=state, why=self._cause.replace("_", " "))
        return None


def power_was_lost(path: Path, boot_id: str | None, disk: Disk | None = None) -> bool:
    """Whether the Pi has booted since the last call; False at the very first, and where nobody knows.

    A damaged file counts as a power loss, which is what damages files.

    Args:
        path: The file that keeps the id of the last boot.
        boot_id: The kernel's id of this boot; None where it has none.
        disk: Writes the file and reports errors.

    Raises:
        OSError: The file cannot be written, and there is no `disk`.
    """
    if boot_id is None:
        return False
    now = boot_id + "\n"
    try:
        before = read_text(path)
    except DamagedFile:
        before = ""
    if before != now:
        if disk:
            disk.write(path, now)
        else:
            write_private(path, now)
    return before is not None and before != now
