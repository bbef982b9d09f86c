"""When to call the cloud: at the pace that its last answer asked for.

- Live readings go every `intervalSeconds`; at once when the cloud waits for one (the proof of a switch) or a batch is
  full; and early, but not within EARLY_GAP_SECONDS of the last, when an outlet's watts have changed by a step.
- Backlog goes beside them, one full batch in a tenth of `intervalSeconds` and at most one a second. At 60 s that is 83
  readings a second, forty times what four outlets measure at one reading in 2 s: a day's outage is sent in 35 minutes.
  It is always quicker than the live pace, since a live upload of less than a full batch takes ten times as long, and
  the cloud slows it by a longer interval, or by Retry-After, which holds everything.
- A quicker pace is taken up at the answer that brings it, so within `heartbeatSeconds`; a slower one after the next.

All moments are seconds of one monotonic clock, and arguments.
"""

from __future__ import annotations

import math

NEVER = math.inf
EARLY_GAP_SECONDS = 10.0
BACKLOG_PART = 0.1
LEAST_BACKLOG_SECONDS = 1.0


class Pace:
    """The next moment of each kind of call. At first every call is due."""

    def __init__(
        self, least_backlog_seconds: float = LEAST_BACKLOG_SECONDS, backlog_part: float = BACKLOG_PART
    ) -> None:
        self._least_backlog_seconds, self._backlog_part = least_backlog_seconds, backlog_part
        self._interval_seconds = self._heartbeat_seconds = 0.0
        self._live = self._backlog = self._heartbeat = self._held_until = 0.0
        self._early = 0.0

    @property
    def backlog_seconds(self) -> float:
        """The least time between two batches of the backlog."""
        return max(self._least_backlog_seconds, self._interval_seconds * self._backlog_part)

    def follow(self, interval_seconds: float, heartbeat_seconds: float, now: float) -> None:
        """The cloud has answered with its pace."""
        self._interval_seconds, self._heartbeat_seconds = interval_seconds, heartbeat_seconds
        self._live = min(self._live, now + interval_seconds)
        self._backlog = min(self._backlog, now + self.backlog_seconds)
        self._heartbeat = min(self._heartbeat, now + heartbeat_seconds)

    def was_answered(self, started: float) -> None:
        """A call that began then was answered: it was a heartbeat, whatever else it was."""
        self._heartbeat = started + self._heartbeat_seconds

    def sent_live(self, started: float) -> None:
        """A live batch was sent."""
        self._live = started + self._interval_seconds
        self._early = started + EARLY_GAP_SECONDS

    def sent_backlog(self, ended: float) -> None:
        """A batch of the backlog was answered. Counted from its end: a slow cloud is not pressed."""
        self._backlog = ended + self.backlog_seconds

    def hold(self, until: float) -> None:
        """No call before that. The newest readings then go at once."""
        self._held_until = until
        self._live = 0.0

    def live_due(self, *, at_once: bool, early: bool) -> float:
        """When the next live batch may go."""
        due = min(self._live, self._early) if early else self._live
        return max(self._held_until, 0.0 if at_once else due)

    def backlog_due(self, *, at_once: bool) -> float:
        """When the next batch of the backlog may go; at once is for a recording's end, where a person waits."""
        return max(self._held_until, 0.0 if at_once else self._backlog)

    def heartbeat_due(self, *, at_once: bool) -> float:
        """When the next heartbeat is due."""
        return max(self._held_until, 0.0 if at_once else self._heartbeat)
