"""When the cloud is away: told once as it begins and once as it ends, however often it is called meanwhile."""

from __future__ import annotations

import time

from ghostwatt_pi.cloud.backoff import Backoff
from ghostwatt_pi.cloud.errors import CloudAway, CloudError
from ghostwatt_pi.event_log import EventLog


class Outage:
    """Tells of each outage, and says how long to wait between calls meanwhile."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._backoff = Backoff()
        self._since: float | None = None

    def failed(self, error: CloudError) -> float:
        """A call failed; how many seconds to wait before the next."""
        self._log("call_failed", error=str(error))
        if self._since is None:
            self._since = time.monotonic()
            self._log("away", error=str(error))
        return self._backoff.next_seconds(error.retry_after_seconds if isinstance(error, CloudAway) else None)

    def over(self) -> None:
        """The cloud has answered, and all is well."""
        self._backoff.reset()
        if self._since is not None:
            self._log("back", seconds=time.monotonic() - self._since)
            self._since = None
