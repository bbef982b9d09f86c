"""When the cloud is away: told once as it begins and once as it ends, however often it is called meanwhile."""

from __future__ import annotations

import time

from ghostwatt_pi.agent.standby_watch import StandbyWatch
from ghostwatt_pi.cloud.backoff import Backoff
from ghostwatt_pi.cloud.errors import CloudAway, CloudError
from ghostwatt_pi.tell import Tell


class Outage:
    """`standby`, where there is one, watches the outlets as long as an outage lasts."""

    def __init__(self, tell: Tell, standby: StandbyWatch | None) -> None:
        self._tell, self._standby = tell, standby
        self._backoff = Backoff()
        self._since: float | None = None

    def failed(self, error: CloudError) -> float:
        """A call failed; how many seconds to wait before the next."""
        self._tell("call_failed", error=str(error))
        if self._since is None:
            self._since = time.monotonic()
            self._tell("away", error=str(error))
            self._watch(is_on=True)
        return self._backoff.next_seconds(error.retry_after_seconds if isinstance(error, CloudAway) else None)

    def over(self) -> None:
        """The cloud has answered, and all is well."""
        self._backoff.reset()
        if self._since is not None:
            self._tell("back", seconds=time.monotonic() - self._since)
            self._since = None
            self._watch(is_on=False)

    def _watch(self, *, is_on: bool) -> None:
        if self._standby:
            self._standby.is_on = is_on
            if is_on:
                self._tell("local_detect")
