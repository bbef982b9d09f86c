"""The state that outlets take after a power loss, and once the cloud has been away for long; `keep` changes nothing.

Like a switch by hand it is reported, and the cloud's next command ends it. Which ports are never cut only the cloud
knows: with `off` such an outlet goes off too, so `keep` is the default and `off` an owner's own choice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ghostwatt_pi.disk import Disk
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.files import DamagedFile, read_text, write_private
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.schemas import RelayState

SafeState = Literal["keep", "on", "off"]
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
RETRY_SECONDS = 10.0
"""After a relay failed at first. The meter may not be connected yet, as just after the start."""
RETRIES = (RETRY_SECONDS, RETRY_SECONDS, 60.0, 300.0, 900.0)
"""How long after each failure in a row it is tried again; the last for all that follow."""


class UnderWay(Exception):
    """The relay is being switched; ask again."""


@dataclass(frozen=True)
class SafeStatePolicy:
    """What the owner chose; `cloud_loss_seconds` is how long the cloud may be away."""

    after_power_loss: SafeState = "keep"
    after_cloud_loss: SafeState = "keep"
    cloud_loss_seconds: float = 3600.0


class SafeStates:
    """Call `turn` often, from the agent's own thread.

    `outlets` says the state of each outlet that has a port; `power_was_lost` whether the Pi has booted since last time.
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
        self._wanted: SafeState = policy.after_power_loss if power_was_lost else "keep"
        self._why = "power_loss"
        self._away_since: float | None = None
        self._cloud_lost = False
        self._not_before = 0.0
        self._failures = 0  # in a row; the first is told
        self._under_way: set[int] = set()

    def turn(self, switch: Callable[[int, RelayState], None], *, cloud_away: bool, now: float | None = None) -> None:
        """Bring about what is due. `now` is monotonic seconds.

        `switch` may raise UnderWay, and is then called again at the next turn; or RelayError, and is tried again later.
        """
        now = time.monotonic() if now is None else now
        self._follow(now, cloud_away=cloud_away)
        if self._wanted == "keep" or now < self._not_before:
            return
        channels = sorted({*self._differing(), *self._under_way})
        failed = [error for channel in channels if (error := self._try(switch, channel, self._wanted))]
        if failed:
            self._failures += 1
            self._not_before = now + RETRIES[min(self._failures, len(RETRIES)) - 1]
        elif not self._under_way:
            self._failures, self._wanted = 0, "keep"

    def _follow(self, now: float, *, cloud_away: bool) -> None:
        """An outage asks for the safe state once, when it has become long."""
        if not cloud_away:
            self._away_since, self._cloud_lost = None, False
            if self._why == "cloud_loss":  # what could not be done in time is not wanted any more
                self._wanted = "keep"
                self._under_way.clear()
            return
        self._away_since = now if self._away_since is None else self._away_since
        if not self._cloud_lost and now - self._away_since >= self._policy.cloud_loss_seconds:
            self._cloud_lost, self._wanted, self._why = True, self._policy.after_cloud_loss, "cloud_loss"

    def _differing(self) -> list[int]:
        return [channel for channel, state in self._outlets().items() if state != self._wanted]

    def _try(self, switch: Callable[[int, RelayState], None], channel: int, state: RelayState) -> RelayError | None:
        try:
            switch(channel, state)
        except UnderWay:
            self._under_way.add(channel)
            return None
        except RelayError as error:
            self._under_way.discard(channel)
            if not self._failures:
                self._log("relay_failed", channel=channel, error=str(error))
            return error
        self._under_way.discard(channel)
        self._log("safe_state", channel=channel, state=state, why=self._why.replace("_", " "))
        return None


def power_was_lost(memory: Path, boot_id: Path = BOOT_ID, disk: Disk | None = None) -> bool:
    """Whether the Pi has booted since the last call, which `memory` keeps; False at the very first.

    A memory that is damaged counts as a lost power: that is what damages files. Raises OSError without a `disk`.
    """
    now = boot_id.read_text()
    try:
        before = read_text(memory)
    except DamagedFile:
        before = ""
    if before != now:
        if disk:
            disk.write(memory, now)
        else:
            write_private(memory, now)
    return before is not None and before != now
