"""The agent: one thread measures into the spool, one talks to the cloud at the pace the cloud asks for."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from ghostwatt_pi.backoff import Backoff
from ghostwatt_pi.cloud import Cloud, CloudAway, CloudError, KeyRefused
from ghostwatt_pi.courier import Courier
from ghostwatt_pi.home import Home
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.outlets import Outlets
from ghostwatt_pi.spool import MAX_BATCH_READINGS, Spool
from ghostwatt_pi.tell import Tell
from ghostwatt_pi.wire import DeviceReply

KEY_RETRY_SECONDS = 900.0
"""After a 401 only a person can help: the same key is tried again this rarely."""
MOST_IDLE_SECONDS = 0.5
"""How soon `stop` is noticed."""
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


class Agent:
    """Runs until `stop` is set, or until the meter has no more and everything that can be sent is sent."""

    def __init__(self, home: Home, cloud: Cloud, spool: Spool, meter: Meter, tell: Tell, stop: threading.Event) -> None:
        self._measured = 0
        self._courier = Courier(cloud, spool, tell)
        self._home, self._cloud, self._spool, self._meter, self._tell = home, cloud, spool, meter, tell
        self._outlets = Outlets(meter.relays, home.outlets_path, tell)
        self._backoff = Backoff()
        self._stop, self._wake, self._meter_ended = stop, threading.Event(), threading.Event()
        self._urgent = threading.Event()  # a measurement is in the spool that the cloud is waiting for
        self._failure: Exception | None = None
        self._interval_seconds = self._heartbeat_seconds = 0.0
        self._next_upload = self._next_heartbeat = self._not_before = 0.0
        self._away_since: float | None = None
        self._met = False  # whether the cloud has told the outlets' ports in this run

    def run(self) -> Outcome:
        """Measure and send; says what came of it. Raises what made the meter or the spool fail for good."""
        sampler = threading.Thread(target=self._sample, name="sampler", daemon=True)
        sampler.start()
        try:
            while not self._stop.is_set() and not self._is_done():
                self._turn()
                self._wake.wait(min(max(0.0, self._next_turn() - time.monotonic()), MOST_IDLE_SECONDS))
                self._wake.clear()
            complete = not self._stop.is_set()
        finally:
            self._stop.set()
            sampler.join()
        if self._failure:
            raise self._failure
        return Outcome(complete, self._measured, self._courier.settled, self._spool.total())

    def _sample(self) -> None:
        try:
            for measurements in self._meter.measurements(self._stop):
                dropped = self._spool.add(measurements)
                self._measured += len(measurements)
                if dropped:
                    self._tell("dropped", readings=dropped)
                if self._outlets.notice(measurements):
                    self._urgent.set()
                if self._urgent.is_set() or self._has_full_batch():
                    self._wake.set()
            self._meter_ended.set()
            self._wake.set()
        except Exception as error:  # noqa: BLE001 - whatever it is: `run` raises it in the main thread, and the process ends
            self._failure = error
            self._stop.set()

    def _turn(self) -> None:
        """Do what is due: one batch, and a heartbeat unless the batch was one (its answer says the same)."""
        if time.monotonic() < self._next_turn():
            return
        key = self._home.read_key() or ""
        try:
            if time.monotonic() >= self._upload_due():
                self._upload(key)
            if time.monotonic() >= self._next_heartbeat or self._outlets.reports():
                self._heartbeat(key)
        except KeyRefused:
            self._wait_for_key(key)
        except CloudError as error:
            self._away(error)

    def _heartbeat(self, key: str) -> None:
        started, reports = time.monotonic(), self._outlets.reports()
        reply = self._cloud.heartbeat(key, reports)
        self._outlets.delivered(reports)
        self._follow(reply)
        self._next_heartbeat = started + self._heartbeat_seconds

    def _upload(self, key: str) -> None:
        started = time.monotonic()
        self._urgent.clear()
        reply = self._courier.send(key, self._outlets.port_ids)
        if reply:
            self._follow(reply)
            self._next_heartbeat = started + self._heartbeat_seconds
        self._next_upload = started + self._interval_seconds

    def _follow(self, reply: DeviceReply) -> None:
        """The cloud has answered: take its pace, at once if it is quicker now, and do what it commands."""
        now = time.monotonic()
        self._interval_seconds, self._heartbeat_seconds = reply.interval_seconds, reply.heartbeat_seconds
        self._next_upload = min(self._next_upload, now + self._interval_seconds)
        self._next_heartbeat = min(self._next_heartbeat, now + self._heartbeat_seconds)
        self._outlets.obey(reply)
        self._met = True
        self._backoff.reset()
        if self._away_since is not None:
            self._tell("back", seconds=now - self._away_since)
            self._away_since = None

    def _away(self, error: CloudError) -> None:
        """Wait before the next call; tell of it only when it begins."""
        retry_after_seconds = error.retry_after_seconds if isinstance(error, CloudAway) else None
        self._not_before = time.monotonic() + self._backoff.next_seconds(retry_after_seconds)
        self._next_upload = 0.0  # the batch waits; it goes as soon as the cloud is back
        if self._away_since is None:
            self._away_since = time.monotonic()
            self._tell("away", error=str(error))

    def _wait_for_key(self, refused: str) -> None:
        """Do not hammer: wait until there is another key, or long. Measuring goes on meanwhile."""
        self._tell("key_refused")
        until = time.monotonic() + KEY_RETRY_SECONDS
        while time.monotonic() < until and (self._home.read_key() or "") == refused:
            if self._stop.wait(KEY_LOOK_SECONDS):
                return

    def _has_full_batch(self) -> bool:
        return self._spool.waiting(self._outlets.port_ids) >= MAX_BATCH_READINGS

    def _upload_due(self) -> float:
        """When to upload next: at the cloud's pace, but at once a full batch, a switch's proof, or the meter's last."""
        if self._spool.is_clear(self._outlets.port_ids):
            return math.inf
        hurry = self._urgent.is_set() or self._meter_ended.is_set() or self._has_full_batch()
        return 0.0 if self._met and hurry else self._next_upload

    def _next_turn(self) -> float:
        reports_due = 0.0 if self._outlets.reports() else self._next_heartbeat
        return max(self._not_before, min(reports_due, self._upload_due()))

    def _is_done(self) -> bool:
        """Whether the meter has ended and nothing is left that has a port to go to."""
        if not (self._meter_ended.is_set() and self._met) or self._outlets.reports():
            return False
        return self._spool.is_clear(self._outlets.port_ids)
