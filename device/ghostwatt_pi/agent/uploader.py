"""Sends batches from the buffer to the cloud, and notices when the cloud cannot be reached.

The agent uploads nothing before a heartbeat was answered. So when a batch fails again and again, the cloud is there and
cannot take this batch. It is deferred: the others go first, and it is tried again now and then, unchanged.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus

from ghostwatt_pi.buffer.batches import MAX_BATCH_READINGS, Batch
from ghostwatt_pi.buffer.buffer import Buffer
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.cloud.backoff import Backoff
from ghostwatt_pi.cloud.client import CloudClient
from ghostwatt_pi.cloud.errors import CloudAway, CloudError, RateLimited, Refused
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.schemas import DeviceReply, ReadingResult

MAX_ATTEMPTS = 5
"""Attempts (about 15 s) before a failing batch is deferred."""
DEFERRED_SECONDS = 900.0
"""The time between two attempts of a deferred batch."""


class Uploader:
    """Sends one batch at a time.

    Attributes:
        acknowledged: Readings by what the cloud answered for them: stored, duplicate, rejected.
        needs_heartbeat: Whether the cloud must be asked again what it accepts, before anything else is sent.
    """

    def __init__(self, cloud: CloudClient, buffer: ReadingStore | Buffer, log: EventLog) -> None:
        self.acknowledged: Counter[str] = Counter()
        self._cloud, self._buffer, self._log = cloud, buffer, log
        self.needs_heartbeat = False
        self._is_doubted = False
        self._max_readings = MAX_BATCH_READINGS
        self._failures: Counter[str] = Counter()
        self._retry_deferred_at = math.inf

    def send(self, api_key: str, port_ids: Mapping[int, str], *, live: bool) -> DeviceReply | None:
        """Send the next batch.

        Args:
            api_key: The device's key.
            port_ids: The port of each channel; readings of other channels wait.
            live: Send the newest readings, not the oldest.

        Returns:
            The device reply; None if there was nothing to send, or the batch was refused or deferred.

        Raises:
            KeyRefused: The cloud refuses the key.
            CloudAway: The cloud did not take the batch, which stays as it is.
        """
        if time.monotonic() >= self._retry_deferred_at:
            self._buffer.requeue()
            self._retry_deferred_at = math.inf
        next_batch = self._buffer.next_live_batch if live else self._buffer.next_batch
        batch = next_batch(port_ids, self._max_readings)
        if batch is None:
            return None
        try:
            answer = self._cloud.send_batch(api_key, batch)
        except Refused as refusal:
            self._handle_refusal(batch, refusal)
            return None
        except RateLimited:  # not the batch's fault: it keeps its turn
            raise
        except CloudAway as error:
            if not self._defer(batch, error):
                raise
            return None
        self._acknowledge(batch, answer.results, answer.reply.accepts)
        self._is_doubted = False
        self._max_readings = MAX_BATCH_READINGS
        return answer.reply

    def _defer(self, batch: Batch, error: CloudAway) -> bool:
        """Return whether the batch is deferred after this failure; log it the first time."""
        self._failures[batch.batch_id] += 1
        failures = self._failures[batch.batch_id]
        if failures < MAX_ATTEMPTS or not self._buffer.defer(batch):
            return False
        self._retry_deferred_at = time.monotonic() + DEFERRED_SECONDS
        self._log("call_failed", error=str(error))
        if failures == MAX_ATTEMPTS:
            self._log("set_behind", readings=len(batch.readings), tries=failures, error=str(error))
        return True

    def _acknowledge(
        self, batch: Batch, results: tuple[ReadingResult, ...], accepts: frozenset[str] | None = None
    ) -> None:
        """Take the results of a batch.

        What an older cloud rejects because of its form waits again, for another one: its answer no longer says that it
        accepts that form.
        """
        again = [
            result.index
            for result in results
            if accepts is not None and result.status == "rejected" and not batch.readings[result.index].fits(accepts)
        ]
        self._buffer.acknowledge(batch, results, again)
        self._failures.pop(batch.batch_id, None)
        results = tuple(result for result in results if result.index not in again)
        by_status: Counter[str] = Counter(result.status for result in results)
        self.acknowledged.update(by_status)
        self._log("uploaded", readings=len(results), stored=by_status["stored"], duplicate=by_status["duplicate"])
        for code, readings in Counter(r.code or "unknown" for r in results if r.status == "rejected").items():
            self._log("rejected", readings=readings, code=code)

    def _handle_refusal(self, batch: Batch, refusal: Refused) -> None:
        """Make other batches of the readings of a batch that was refused as a whole, or keep them aside."""
        if refusal.code == "batch_conflict":  # the id is taken; the cloud knows each reading by its port and time
            self._buffer.release(batch)
        elif refusal.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and len(batch.readings) > 1:
            self._max_readings = len(batch.readings) // 2
            self._buffer.release(batch)
        elif not self._is_doubted and not all(reading.fits(frozenset()) for reading in batch.readings):
            self._is_doubted = self.needs_heartbeat = True  # an older cloud may have taken this one's place
            self._buffer.set_accepted(frozenset())
        else:
            refused = range(len(batch.readings))
            self._acknowledge(batch, tuple(ReadingResult(i, "rejected", refusal.code, refusal.field) for i in refused))


class ConnectivityMonitor:
    """Logs each outage once when it begins and once when it ends, and says how long to wait between calls meanwhile."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._backoff = Backoff()
        self._away_since: float | None = None

    def call_failed(self, error: CloudError) -> float:
        """Note a failed call, and return how many seconds to wait before the next."""
        self._log("call_failed", error=str(error))
        if self._away_since is None:
            self._away_since = time.monotonic()
            self._log("away", error=str(error))
        return self._backoff.next_seconds(error.retry_after_seconds if isinstance(error, CloudAway) else None)

    def call_succeeded(self) -> None:
        """Note that the cloud works."""
        self._backoff.reset()
        if self._away_since is not None:
            self._log("back", seconds=time.monotonic() - self._away_since)
            self._away_since = None
