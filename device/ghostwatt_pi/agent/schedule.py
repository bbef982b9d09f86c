"""Schedules the calls to the cloud: live readings, the backlog, heartbeats.

- Live readings go every `intervalSeconds`. They go immediately when the cloud waits for one (the confirmation of a
  switch) or a batch is full. They go early, but not within EARLY_GAP_SECONDS of the last, after a power step.
- The backlog goes beside them: one full batch in a tenth of `intervalSeconds`, and at most one a second. At 60 s that
  is 83 readings a second, forty times what four outlets measure at one reading in 2 s: a day's outage is sent in 35
  minutes. The cloud slows it by a longer interval, or by Retry-After, which holds every call.
- A shorter interval holds from the answer that brings it, so within `heartbeatSeconds`; a longer one after the next
  call.

All moments are seconds of one monotonic clock.
"""

from __future__ import annotations

import math

from ghostwatt_pi.agent.sampler import Sampler
from ghostwatt_pi.buffer.batches import MAX_BATCH_READINGS
from ghostwatt_pi.buffer.buffer import Buffer
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.measurement import MAX_CHANNEL
from ghostwatt_pi.outlets.outlets import Outlets

NEVER = math.inf
EARLY_GAP_SECONDS = 10.0
BACKLOG_PART = 0.1
LEAST_BACKLOG_SECONDS = 1.0
MORE_FOLLOWS_READINGS = MAX_BATCH_READINGS + 2 * MAX_CHANNEL
"""More live readings than one batch and what was measured while it was made: after a short outage."""


class Pace:
    """The earliest moment of each kind of call, by the intervals that the cloud asked for. At first every call is due.

    Args:
        least_backlog_seconds: The least time between two batches of the backlog.
        backlog_part: The time between two batches of the backlog, as a part of the upload interval.
    """

    def __init__(
        self, least_backlog_seconds: float = LEAST_BACKLOG_SECONDS, backlog_part: float = BACKLOG_PART
    ) -> None:
        self._least_backlog_seconds, self._backlog_part = least_backlog_seconds, backlog_part
        self._interval_seconds = self._heartbeat_seconds = 0.0
        self._live_at = self._early_at = self._backlog_at = self._heartbeat_at = 0.0
        self._held_until = 0.0

    @property
    def backlog_seconds(self) -> float:
        """The time between two batches of the backlog."""
        return max(self._least_backlog_seconds, self._interval_seconds * self._backlog_part)

    def set_intervals(self, interval_seconds: float, heartbeat_seconds: float, now: float) -> None:
        """Take up the intervals of the cloud's answer."""
        self._interval_seconds, self._heartbeat_seconds = interval_seconds, heartbeat_seconds
        self._live_at = min(self._live_at, now + interval_seconds)
        self._backlog_at = min(self._backlog_at, now + self.backlog_seconds)
        self._heartbeat_at = min(self._heartbeat_at, now + heartbeat_seconds)

    def note_answer(self, started: float) -> None:
        """Note that a call which began at `started` was answered: every answered call is a heartbeat too."""
        self._heartbeat_at = started + self._heartbeat_seconds

    def note_live_upload(self, started: float) -> None:
        """Note a live upload that began at `started`."""
        self._live_at = started + self._interval_seconds
        self._early_at = started + EARLY_GAP_SECONDS

    def note_backlog_upload(self, ended: float) -> None:
        """Note a batch of the backlog. The pause counts from its end, so that a slow cloud is not pressed."""
        self._backlog_at = ended + self.backlog_seconds

    def hold(self, until: float) -> None:
        """Make no call before `until`. The newest readings then go immediately."""
        self._held_until = until
        self._live_at = 0.0

    def next_live_upload(self, *, immediate: bool, early: bool) -> float:
        """Return the moment from which the next live batch may go."""
        due = min(self._live_at, self._early_at) if early else self._live_at
        return max(self._held_until, 0.0 if immediate else due)

    def next_backlog_upload(self, *, immediate: bool) -> float:
        """Return the moment of the next batch of the backlog; now at the end of a recording, since a person waits."""
        return max(self._held_until, 0.0 if immediate else self._backlog_at)

    def next_heartbeat(self, *, immediate: bool) -> float:
        """Return the moment of the next heartbeat."""
        return max(self._held_until, 0.0 if immediate else self._heartbeat_at)


class UploadSchedule:
    """Returns the moment of each kind of call, from the pace and from the readings and reports that wait now."""

    def __init__(self, buffer: ReadingStore | Buffer, outlets: Outlets, sampler: Sampler, pace: Pace) -> None:
        self._buffer, self._outlets, self._sampler, self._pace = buffer, outlets, sampler, pace

    def next_live_upload(self) -> float:
        """Return the moment for the newest readings; NEVER when none waits.

        At the cloud's interval; immediately for the confirmation of a switch, a full batch or the end of input; earlier
        after a power step.
        """
        if not self._buffer.live(self._outlets.port_ids):
            return NEVER
        sampler = self._sampler
        immediate = sampler.switch_confirmed.is_set() or sampler.ended.is_set() or sampler.has_full_batch()
        return self._pace.next_live_upload(immediate=immediate, early=sampler.power_step.is_set())

    def next_backlog_upload(self) -> float:
        """Return the moment for the oldest readings: now after the end of input, NEVER when none waits."""
        if not self._buffer.has_backlog(self._outlets.port_ids):
            return NEVER
        return self._pace.next_backlog_upload(immediate=self._sampler.ended.is_set())

    def next_heartbeat(self, *, needs_heartbeat: bool) -> float:
        """Return the moment of a heartbeat: at the cloud's interval, or now to report a relay or get a command."""
        outlets = self._outlets
        immediate = needs_heartbeat or bool(outlets.reports()) or outlets.retry_is_due()
        return self._pace.next_heartbeat(immediate=immediate)

    def next_call(self, *, needs_heartbeat: bool) -> float:
        """Return the moment of the next call of any kind. Nothing goes before a heartbeat that is needed."""
        if needs_heartbeat:
            return self.next_heartbeat(needs_heartbeat=True)
        return min(self.next_live_upload(), self.next_backlog_upload(), self.next_heartbeat(needs_heartbeat=False))

    def more_follows(self) -> bool:
        """Whether another live batch goes right after the next one."""
        return self._buffer.live(self._outlets.port_ids) > MORE_FOLLOWS_READINGS

    def is_finished(self) -> bool:
        """Whether the meter has ended and nothing is left that can be sent."""
        if not self._sampler.ended.is_set() or self._outlets.reports() or self._outlets.is_switching:
            return False
        return self._buffer.is_clear(self._outlets.port_ids)
