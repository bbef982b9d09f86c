"""The agent: one thread measures into the spool (sampler.py), this one talks to the cloud at the pace it asks for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ghostwatt_pi.agent.courier import Courier
from ghostwatt_pi.agent.due import Due
from ghostwatt_pi.agent.outage import Outage
from ghostwatt_pi.agent.pace import Pace
from ghostwatt_pi.agent.sampler import Sampler
from ghostwatt_pi.agent.watts_steps import STEP_WATTS
from ghostwatt_pi.buffer.buffer import Buffer
from ghostwatt_pi.buffer.rejected import NOT_A_NUMBER
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.cloud.client import CloudClient
from ghostwatt_pi.cloud.errors import CloudAway, CloudError, KeyRefused
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.disk import Disk
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.outlets.outlets import Outlets
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.outlets.safe_states import UnderWay
from ghostwatt_pi.schemas import DeviceReply, RelayState

KEY_RETRY_SECONDS = 900.0
"""After a 401 only a person can help: the same key is tried again this rarely."""
SWITCH_SECONDS = 2.0
"""How long the end waits for relays that are being switched; what is not done by then is tried at the next start."""
MOST_IDLE_SECONDS = 0.5
"""How soon `stop` is noticed."""
KEY_LOOK_SECONDS = 2.0
"""How often to look whether a new key has been put in place."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Whether it ended by itself, and how many readings were measured, settled (by the cloud's answer), left in the spool,
    and found there at the start.
    """

    complete: bool
    measured: int
    settled: Mapping[str, int]
    left: int
    found: int = 0


class Agent:
    """Runs until `stop` is set, or until the meter has no more and everything that can be sent is sent.

    `step_watts` is the change that is uploaded early; `alive` is called at every turn, for a watchdog; `pace` is for
    tests that have no time.
    """

    def __init__(
        self,
        directory: DataDirectory,
        cloud: CloudClient,
        buffer: ReadingStore | Buffer,
        meter: Meter,
        log: EventLog,
        stop: threading.Event,
        *,
        step_watts: float = STEP_WATTS,
        alive: Callable[[], None] = lambda: None,
        pace: Pace | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._directory, self._cloud, self._buffer, self._log, self._stop = directory, cloud, buffer, log, stop
        self._alive, self._pace = alive, pace or Pace()
        self._courier = Courier(cloud, buffer, log)
        self._here: dict[tuple[int, RelayState], RelayError | None] = {}  # what became of the safe states
        wake = threading.Event()
        self._outlets = Outlets(meter.relays, directory.outlets_path, log, switched=wake.set, disk=disk)
        self._sampler = Sampler(meter, buffer, self._outlets, log, stop, step_watts, wake)
        self._due = Due(buffer, self._outlets, self._sampler, self._pace)
        self._outage = Outage(log)
        self._must_ask = True  # the cloud's time and the ports come first, and after a failure whether it is back
        self._upload_failed = False
        self._without_outlet: set[int] = set()  # channels that were told of
        self._met = False  # whether the cloud has answered in this run

    def run(self) -> Outcome:
        """Measure and send; says what came of it. Raises what made the meter or the spool fail for good."""
        self._begin()
        found = self._buffer.total()
        self._sampler.start()
        try:
            while not self._stop.is_set() and not (self._met and self._due.is_nothing_left()):
                self._turn()
                self._sampler.wake.wait(min(max(0.0, self._next_call() - time.monotonic()), MOST_IDLE_SECONDS))
                self._sampler.wake.clear()
            complete = not self._stop.is_set()
        finally:
            self._outlets.drain(SWITCH_SECONDS)
            self._stop.set()
            self._sampler.join()
        return Outcome(complete, self._sampler.measured, self._courier.settled, self._buffer.total(), found)

    @property
    def channels(self) -> set[int]:
        """The channels that have a port, as far as the cloud has said it."""
        return self._outlets.channels

    def switch_by_hand(self, channel: int, state: RelayState, done: Callable[[RelayError | None], None]) -> None:
        """A person switches at the Pi; to be called from `alive`. `done` hears later what came of it."""
        self._outlets.start_switch_here(channel, state, "by_hand", done)

    def take_safe_state(self, channel: int, state: RelayState) -> None:
        """Begin what safe_states.py asks for, and say at a later call what came of it. Raises UnderWay, RelayError."""
        key = channel, state
        if key in self._here:
            if error := self._here.pop(key):
                raise error
            return
        if self._outlets.is_switching_outlet(channel):
            raise UnderWay
        self._outlets.start_switch_here(channel, state, "safe_state", lambda error: self._here.update({key: error}))
        raise UnderWay

    def _begin(self) -> None:
        """Take up what an earlier run left: a mended spool to tell of, and this boot's time if it was known."""
        if recovery := self._buffer.recovery:
            path, saved, unreadable = recovery.path, recovery.saved, recovery.unreadable
            self._log("spool_damaged", path=str(path), saved=saved, unreadable=unreadable)
        if self._buffer.unsendable:
            self._log("rejected", readings=self._buffer.unsendable, code=NOT_A_NUMBER)
        self._buffer.resume(self._cloud.clock)
        self._cloud.listen(self._sampler.wake.set)

    def _turn(self) -> None:
        """Do what is due: ask first if need be, then one batch, and a heartbeat unless the batch was one."""
        self._keep_alive()
        self._keep_time()
        self._heed_pushed()
        if time.monotonic() < self._next_call():
            return
        key = self._directory.read_key()
        if key is None:  # it was damaged, and that was told
            self._wait_for_key("")
            return
        try:
            if self._must_ask:
                self._heartbeat(key)
            self._upload_if_due(key)
            if time.monotonic() >= self._due.heartbeat(must_ask=self._must_ask):
                self._heartbeat(key)
        except KeyRefused:
            self._log("key_refused")
            self._wait_for_key(key)
        except CloudError as error:
            self._away(error)

    def _keep_alive(self) -> None:
        self._outlets.collect()
        self._alive()

    def _keep_time(self) -> None:
        """Let the spool date its readings by what is known of the time."""
        self._cloud.clock.follow_wall()
        if guessed := self._buffer.follow(self._cloud.clock):
            self._log("time_guessed", readings=guessed)

    def _heartbeat(self, key: str) -> None:
        started, reports = time.monotonic(), self._outlets.reports()
        reply = self._cloud.heartbeat(key, reports, self._buffer.dropped())
        self._outlets.delivered(reports)
        self._pace.was_answered(started)
        self._follow(reply)
        if not self._upload_failed:  # else only an upload shows that all is well
            self._outage.over()

    def _upload_if_due(self, key: str) -> None:
        if time.monotonic() >= self._due.live():
            self._upload(key, live=True)
        elif time.monotonic() >= self._due.backlog():
            self._upload(key, live=False)

    def _upload(self, key: str, *, live: bool) -> None:
        started, more_follows = time.monotonic(), self._due.more_follows()
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
        self._outage.over()

    def _heed_pushed(self) -> None:
        """What the cloud said unasked is obeyed, but is no answer: with a call one must still come."""
        try:
            for reply in self._cloud.pushed():
                self._obey(reply)
        except CloudAway as error:
            self._away(error)

    def _follow(self, reply: DeviceReply) -> None:
        """The cloud has answered."""
        self._obey(reply)
        self._met, self._must_ask = True, False
        for channel in sorted(self._buffer.waiting_by_channel().keys() - self._outlets.port_ids - self._without_outlet):
            self._without_outlet.add(channel)
            self._log("no_outlet", channel=channel)

    def _obey(self, reply: DeviceReply) -> None:
        """Take the cloud's pace and time, and do what it commands, unless it is stale by now."""
        self._pace.follow(reply.interval_seconds, reply.heartbeat_seconds, time.monotonic())
        self._keep_time()
        self._outlets.obey(replace(reply, server_time_ms=max(reply.server_time_ms, self._cloud.clock.now_ms())))

    def _away(self, error: CloudError) -> None:
        """Wait before the next call, which asks whether the cloud is back."""
        self._pace.hold(time.monotonic() + self._outage.failed(error))
        self._must_ask = True

    def _wait_for_key(self, refused: str) -> None:
        """Do not hammer: wait until there is another key, or long. Measuring goes on meanwhile."""
        until = time.monotonic() + KEY_RETRY_SECONDS
        while time.monotonic() < until and (self._directory.read_key() or "") == refused:
            self._keep_alive()
            if self._stop.wait(KEY_LOOK_SECONDS):
                return

    def _next_call(self) -> float:
        return self._due.next(must_ask=self._must_ask)
