"""Carries batches from the spool to the cloud and settles what the cloud answers.

The agent sends nothing before a heartbeat was answered. So when a batch fails time and again the cloud is there, and
stumbles over this batch: then the others pass it, and it is tried again now and then, the same as ever.
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
from ghostwatt_pi.cloud.client import CloudClient
from ghostwatt_pi.cloud.errors import CloudAway, RateLimited, Refused
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.schemas import DeviceReply, ReadingResult

TRIES = 5
"""So often a batch fails, about a quarter of a minute, before the others pass it."""
BEHIND_SECONDS = 900.0
"""How long it then waits for its next try."""


class Courier:
    """Sends one batch at a time. `settled` counts readings by what became of them: stored, duplicate, rejected."""

    def __init__(self, cloud: CloudClient, buffer: ReadingStore | Buffer, log: EventLog) -> None:
        self.settled: Counter[str] = Counter()
        self._cloud, self._buffer, self._log = cloud, buffer, log
        self._limit = MAX_BATCH_READINGS
        self._failures: Counter[str] = Counter()
        self._forward_at = math.inf

    def send(self, api_key: str, port_ids: Mapping[int, str], *, live: bool) -> DeviceReply | None:
        """Send the next batch, of the newest readings (live) or of the oldest.

        The device reply, or None if there was nothing to send, or the batch was refused or set behind.

        Raises KeyRefused and CloudAway, after which the batch stays as it is.
        """
        if time.monotonic() >= self._forward_at:
            self._buffer.requeue()
            self._forward_at = math.inf
        next_batch = self._buffer.next_live_batch if live else self._buffer.next_batch
        batch = next_batch(port_ids, self._limit)
        if batch is None:
            return None
        try:
            answer = self._cloud.send_batch(api_key, batch)
        except Refused as refusal:
            self._take_back(batch, refusal)
            return None
        except RateLimited:  # not the batch's fault: it keeps its turn
            raise
        except CloudAway as error:
            if not self._set_behind(batch, error):
                raise
            return None
        self._settle(batch, answer.results)
        self._limit = MAX_BATCH_READINGS
        return answer.reply

    def _set_behind(self, batch: Batch, error: CloudAway) -> bool:
        """Whether the batch failed so often that the others pass it; told the first time."""
        self._failures[batch.batch_id] += 1
        failures = self._failures[batch.batch_id]
        if failures < TRIES or not self._buffer.defer(batch):
            return False
        self._forward_at = time.monotonic() + BEHIND_SECONDS
        self._log("call_failed", error=str(error))
        if failures == TRIES:
            self._log("set_behind", readings=len(batch.readings), tries=failures, error=str(error))
        return True

    def _settle(self, batch: Batch, results: tuple[ReadingResult, ...]) -> None:
        self._buffer.acknowledge(batch, results)
        self._failures.pop(batch.batch_id, None)
        by_status: Counter[str] = Counter(result.status for result in results)
        self.settled.update(by_status)
        self._log("uploaded", readings=len(results), stored=by_status["stored"], duplicate=by_status["duplicate"])
        for code, readings in Counter(r.code or "unknown" for r in results if r.status == "rejected").items():
            self._log("rejected", readings=readings, code=code)

    def _take_back(self, batch: Batch, refusal: Refused) -> None:
        """The batch as a whole was refused: find another form for its readings, or keep them aside."""
        if refusal.code == "batch_conflict":  # the id is taken; the cloud knows each reading by its port and time
            self._buffer.release(batch)
        elif refusal.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and len(batch.readings) > 1:
            self._limit = len(batch.readings) // 2
            self._buffer.release(batch)
        else:
            refused = range(len(batch.readings))
            self._settle(batch, tuple(ReadingResult(i, "rejected", refusal.code, refusal.field) for i in refused))
