"""When the cloud is away: told once as it begins and once as it ends, however often it is called meanwhile."""

from __future__ import annotations

import time

from ghostwatt_pi.cloud.backoff import Backoff
from ghostwatt_pi.cloud.errors import CloudAway, CloudError
from ghostwatt_pi.tell import Tell


class Outage:
    """Tells of each outage, and says how long to wait between calls meanwhile."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._backoff = Backoff()
        self._since: float | None = None

    def failed(self, error: CloudError) -> float:
        """A call failed; how many seconds to wait before the next."""
        self._tell("call_failed", error=str(error))
        if self._since is None:
            self._since = time.monotonic()
            self._tell("away", error=str(error))
        return self._backoff.next_seconds(error.retry_after_seconds if isinstance(error, CloudAway) else None)

    def over(self) -> None:
        """The cloud has answered, and all is well."""
        self._backoff.reset()
        if self._since is not None:
            self._tell("back", seconds=time.monotonic() - self._since)
            self._since = None
