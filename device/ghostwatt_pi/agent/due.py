"""What is to be sent next, and when: the pace (pace.py) for what waits now. Moments are monotonic seconds."""

from __future__ import annotations

from ghostwatt_pi.agent.pace import NEVER, Pace
from ghostwatt_pi.agent.sampler import Sampler
from ghostwatt_pi.buffer.batches import MAX_BATCH_READINGS
from ghostwatt_pi.buffer.buffer import Buffer
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.measurement import MAX_CHANNEL
from ghostwatt_pi.outlets.outlets import Outlets

MORE_FOLLOWS = MAX_BATCH_READINGS + 2 * MAX_CHANNEL
"""More live readings than one batch and what came as it was made: a short outage's rest follows at once."""


class Due:
    """Looks at what waits each time it is asked."""

    def __init__(self, buffer: ReadingStore | Buffer, outlets: Outlets, sampler: Sampler, pace: Pace) -> None:
        self._buffer, self._outlets, self._sampler, self._pace = buffer, outlets, sampler, pace

    def live(self) -> float:
        """At the cloud's pace, but at once a switch's proof, a full batch or the meter's last, and early a step."""
        if not self._buffer.live(self._outlets.port_ids):
            return NEVER
        sampler = self._sampler
        at_once = sampler.proof.is_set() or sampler.ended.is_set() or sampler.has_full_batch()
        return self._pace.live_due(at_once=at_once, early=sampler.step.is_set())

    def backlog(self) -> float:
        """Beside the live readings; at once when only the past is left to send."""
        if not self._buffer.has_backlog(self._outlets.port_ids):
            return NEVER
        return self._pace.backlog_due(at_once=self._sampler.ended.is_set())

    def heartbeat(self, *, must_ask: bool) -> float:
        """At the cloud's pace, but at once when there is something to say or to ask."""
        outlets = self._outlets
        return self._pace.heartbeat_due(at_once=must_ask or bool(outlets.reports()) or outlets.retry_is_due())

    def next(self, *, must_ask: bool) -> float:
        """The next call of any kind; nothing goes before the heartbeat that must ask."""
        if must_ask:
            return self.heartbeat(must_ask=True)
        return min(self.live(), self.backlog(), self.heartbeat(must_ask=False))

    def more_follows(self) -> bool:
        """Whether the next live batch is not the last for now."""
        return self._buffer.live(self._outlets.port_ids) > MORE_FOLLOWS

    def is_nothing_left(self) -> bool:
        """Whether the meter has ended and nothing is left that can be sent."""
        if not self._sampler.ended.is_set() or self._outlets.reports() or self._outlets.is_switching:
            return False
        return self._buffer.is_clear(self._outlets.port_ids)
