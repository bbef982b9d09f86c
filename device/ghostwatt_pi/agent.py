"""The agent: one thread measures into the spool (sampler.py), this one talks to the cloud at the pace it asks for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ghostwatt_pi.backoff import Backoff
from ghostwatt_pi.cloud import Cloud, CloudAway, CloudError, KeyRefused
from ghostwatt_pi.courier import Courier
from ghostwatt_pi.home import Home
from ghostwatt_pi.measurement import MAX_CHANNEL
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.outlets import Outlets
from ghostwatt_pi.pace import NEVER, Pace
from ghostwatt_pi.sampler import Sampler
from ghostwatt_pi.spool import MAX_BATCH_READINGS, Spool
from ghostwatt_pi.tell import Tell
from ghostwatt_pi.watts_steps import STEP_WATTS
from ghostwatt_pi.wire import DeviceReply, RelayState

KEY_RETRY_SECONDS = 900.0
"""After a 401 only a person can help: the same key is tried again this rarely."""
MOST_IDLE_SECONDS = 0.5
"""How soon `stop` is noticed."""
MORE_FOLLOWS = MAX_BATCH_READINGS + 2 * MAX_CHANNEL
"""More live readings than one batch and what came as it was made: a short outage's rest follows at once."""
KEY_LOOK_SECONDS = 2.0
"""How often to look whether a new key has been put in place."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Whether it ended by itself, and how many readings were measured, settled (by the cloud's answer), left in the spool.
    """

    complete: bool
    measured: int
    settled: Mapping[str, int]
    left: int


def _nothing() -> None:
    """Nobody wants to know that the agent lives."""


class Agent:
    """Runs until `stop` is set, or until the meter has no more and everything that can be sent is sent.

    `step_watts` is the change that is uploaded early; with `local_detect` it tells of standby while the cloud is away;
    `alive` is called at every turn, for a watchdog; `pace` is for tests that have no time.
    """

    def __init__(
        self,
        home: Home,
        cloud: Cloud,
        spool: Spool,
        meter: Meter,
        tell: Tell,
        stop: threading.Event,
        *,
        step_watts: float = STEP_WATTS,
        local_detect: bool = False,
        alive: Callable[[], None] = _nothing,
        pace: Pace | None = None,
    ) -> None:
        self._home, self._cloud, self._spool, self._tell, self._stop = home, cloud, spool, tell, stop
        self._local_detect, self._alive, self._pace = local_detect, alive, pace or Pace()
        self._courier = Courier(cloud, spool, tell)
        self._outlets = Outlets(meter.relays, home.outlets_path, tell)
        self._sampler = Sampler(meter, spool, self._outlets, tell, stop, step_watts)
        self._backoff = Backoff()
        self._must_ask = True  # the cloud's time and the ports come first, and after a failure whether it is back
        self._upload_failed = False
        self._away_since: float | None = None
        self._met = False  # whether the cloud has answered in this run

    def run(self) -> Outcome:
        """Measure and send; says what came of it. Raises what made the meter or the spool fail for good."""
        self._begin()
        self._sampler.start()
        try:
            while not self._stop.is_set() and not self._is_done():
                self._turn()
                self._sampler.wake.wait(min(max(0.0, self._next_turn() - time.monotonic()), MOST_IDLE_SECONDS))
                self._sampler.wake.clear()
            complete = not self._stop.is_set()
        finally:
            self._stop.set()
            self._sampler.join()
        return Outcome(complete, self._sampler.measured, self._courier.settled, self._spool.total())

    def switch_by_hand(self, channel: int, state: RelayState) -> None:
        """A person switches at the Pi; to be called from `alive`. Raises RelayError."""
        self._outlets.switch_by_hand(channel, state)

    def _begin(self) -> None:
        """Take up what an earlier run left: a mended spool to tell of, and this boot's time if it was known."""
        if salvage := self._spool.salvage:
            path, saved, unreadable = salvage.path, salvage.saved, salvage.unreadable
            self._tell("spool_damaged", path=str(path), saved=saved, unreadable=unreadable)
        self._spool.resume(self._cloud.clock)

    def _turn(self) -> None:
        """Do what is due: ask first if need be, then one batch, and a heartbeat unless the batch was one."""
        self._alive()
        self._keep_time()
        if time.monotonic() < self._next_turn():
            return
        key = self._home.read_key() or ""
        try:
            if self._must_ask:
                self._heartbeat(key)
            self._upload_if_due(key)
            if time.monotonic() >= self._heartbeat_due():
                self._heartbeat(key)
        except KeyRefused:
            self._wait_for_key(key)
        except CloudError as error:
            self._away(error)

    def _keep_time(self) -> None:
        """Let the spool date its readings by what is known of the time."""
        self._cloud.clock.follow_wall()
        if guessed := self._spool.follow(self._cloud.clock):
            self._tell("time_guessed", readings=guessed)

    def _heartbeat(self, key: str) -> None:
        started, reports = time.monotonic(), self._outlets.reports()
        reply = self._cloud.heartbeat(key, reports, self._spool.dropped())
        self._outlets.delivered(reports)
        self._pace.was_answered(started)
        self._follow(reply)
        if not self._upload_failed:  # else only an upload shows that all is well
            self._is_back()

    def _upload_if_due(self, key: str) -> None:
        if time.monotonic() >= self._live_due():
            self._upload(key, live=True)
        elif time.monotonic() >= self._backlog_due():
            self._upload(key, live=False)

    def _upload(self, key: str, *, live: bool) -> None:
        started = time.monotonic()
        more_follows = self._spool.live(self._outlets.port_ids) > MORE_FOLLOWS
        if live:
            self._sampler.uploading()
        self._upload_failed = True
        reply = self._courier.send(key, self._outlets.port_ids, live=live)
        self._upload_failed = False
        if live and not more_follows:
            self._pace.sent_live(started)
        elif not live:
            self._pace.sent_backlog(time.monotonic())
        if reply:
            self._pace.was_answered(started)
            self._follow(reply)
        self._is_back()

    def _follow(self, reply: DeviceReply) -> None:
        """The cloud has answered: take its pace and time, and do what it commands, unless it is stale by now."""
        self._pace.follow(reply.interval_seconds, reply.heartbeat_seconds, time.monotonic())
        self._keep_time()
        self._outlets.obey(replace(reply, server_time_ms=max(reply.server_time_ms, self._cloud.clock.now_ms())))
        self._met, self._must_ask = True, False

    def _is_back(self) -> None:
        self._backoff.reset()
        if self._away_since is not None:
            self._tell("back", seconds=time.monotonic() - self._away_since)
            self._away_since = None
            self._sampler.standby.is_on = False

    def _away(self, error: CloudError) -> None:
        """Wait before the next call, which asks whether the cloud is back; tell of it only when it begins."""
        retry_after_seconds = error.retry_after_seconds if isinstance(error, CloudAway) else None
        self._pace.hold(time.monotonic() + self._backoff.next_seconds(retry_after_seconds))
        self._must_ask = True
        if self._away_since is None:
            self._away_since = time.monotonic()
            self._tell("away", error=str(error))
            if self._local_detect:
                self._tell("local_detect")
                self._sampler.standby.is_on = True

    def _wait_for_key(self, refused: str) -> None:
        """Do not hammer: wait until there is another key, or long. Measuring goes on meanwhile."""
        self._tell("key_refused")
        until = time.monotonic() + KEY_RETRY_SECONDS
        while time.monotonic() < until and (self._home.read_key() or "") == refused:
            self._alive()
            if self._stop.wait(KEY_LOOK_SECONDS):
                return

    def _live_due(self) -> float:
        """At the cloud's pace, but at once a switch's proof, a full batch or the meter's last, and early a step."""
        if not self._spool.live(self._outlets.port_ids):
            return NEVER
        sampler = self._sampler
        at_once = sampler.proof.is_set() or sampler.ended.is_set() or sampler.has_full_batch()
        return self._pace.live_due(at_once=at_once, early=sampler.step.is_set())

    def _backlog_due(self) -> float:
        if not self._spool.has_backlog(self._outlets.port_ids):
            return NEVER
        return self._pace.backlog_due(at_once=self._sampler.ended.is_set())

    def _heartbeat_due(self) -> float:
        return self._pace.heartbeat_due(at_once=self._must_ask or bool(self._outlets.reports()))

    def _next_turn(self) -> float:
        if self._must_ask:
            return self._heartbeat_due()
        return min(self._live_due(), self._backlog_due(), self._heartbeat_due())

    def _is_done(self) -> bool:
        """Whether the meter has ended and nothing is left that has a port to go to."""
        if not (self._sampler.ended.is_set() and self._met) or self._outlets.reports():
            return False
        return self._spool.is_clear(self._outlets.port_ids)
