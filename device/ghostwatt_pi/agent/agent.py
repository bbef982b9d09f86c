"""The agent: one thread measures into the buffer (sampler.py), this one talks to the cloud when a call is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ghostwatt_pi.agent.accepted import AcceptedByCloud
from ghostwatt_pi.agent.sampler import SPAN_SECONDS, STEP_WATTS, Sampler
from ghostwatt_pi.agent.schedule import Pace, UploadSchedule
from ghostwatt_pi.agent.uploader import ConnectivityMonitor, Uploader
from ghostwatt_pi.buffer.buffer import Buffer
from ghostwatt_pi.buffer.rejected import NOT_A_NUMBER
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.cloud.client import CloudClient
from ghostwatt_pi.cloud.errors import CloudAway, CloudError, KeyRefused
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.meters.base import Meter, ReadsOnDemand
from ghostwatt_pi.outlets.outlets import Outlets
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.outlets.safe_states import SwitchPending
from ghostwatt_pi.schemas import HELD_MS, DeviceReply, RelayState

KEY_RETRY_SECONDS = 900.0
"""After a 401 only a person can help: the same key is tried again this rarely."""
KEY_POLL_SECONDS = 2.0
"""The time between two looks for a new key."""
SWITCH_SECONDS = 2.0
"""The longest that the end of a run waits for relays that are being switched; the rest is tried at the next start."""
MAX_IDLE_SECONDS = 0.5
"""The longest time before `stop` is noticed."""


@dataclass(frozen=True)
class RunSummary:
    """The result of a run of the agent.

    Attributes:
        complete: Whether it ended by itself.
        measured: The number of measurements.
        acknowledged: Readings by what the cloud answered: stored, duplicate, rejected.
        left: Readings left in the buffer.
        waiting_before: Readings in the buffer at the start.
        kept: Readings that these measurements became.
    """

    complete: bool
    measured: int
    acknowledged: Mapping[str, int]
    left: int
    waiting_before: int = 0
    kept: int = 0


class Agent:
    """Runs until `stop` is set, or until the meter has ended and everything that can be sent is sent.

    Args:
        directory: The data folder.
        cloud: The way to the cloud.
        buffer: Keeps readings until the cloud has answered for them.
        meter: Measures and switches outlets.
        log: Takes the events.
        stop: Ends the run.
        step_watts: The change of power that is uploaded early.
        alive: Called at every turn of the loop, for a watchdog.
        pace: The pace of the calls; for tests that cannot wait.
        disk: Reports a disk that cannot be written.
        span_seconds: The longest time that one reading may stand for.
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
        span_seconds: float = SPAN_SECONDS,
    ) -> None:
        self._directory, self._cloud, self._buffer, self._log, self._stop = directory, cloud, buffer, log, stop
        self._alive, self._pace = alive, pace or Pace()
        self._uploader = Uploader(cloud, buffer, log)
        self._safe_state_results: dict[tuple[int, RelayState], RelayError | None] = {}
        wake = threading.Event()
        self._outlets = Outlets(
            meter.relays,
            directory.outlets_path,
            log,
            on_switched=wake.set,
            disk=disk,
            read_now=meter.read_now if isinstance(meter, ReadsOnDemand) else None,
        )
        self._sampler = Sampler(meter, buffer, self._outlets, log, stop, step_watts, wake, span_seconds)
        self._accepted = AcceptedByCloud(directory.accepted_path, disk or Disk(log))
        self._accepted_in_buffer: frozenset[str] | None = None  # None until the cloud has answered
        self._channels_without_volts: set[int] = set()  # those that were logged
        self._schedule = UploadSchedule(buffer, self._outlets, self._sampler, self._pace)
        self._connectivity = ConnectivityMonitor(log)
        self._needs_heartbeat = True  # at first for the time and the ports, after a failure to see if the cloud is back
        self._upload_failed = False
        self._channels_without_outlet: set[int] = set()  # those that were logged
        self._connected = False  # whether the cloud has answered in this run

    def run(self) -> RunSummary:
        """Measure and send.

        Raises:
            Exception: The error that made the meter or the buffer fail for good.
        """
        self._begin()
        waiting_before = self._buffer.total()
        self._sampler.start()
        try:
            while not self._stop.is_set() and not (self._connected and self._schedule.is_finished()):
                self._turn()
                self._sampler.wake.wait(min(max(0.0, self._next_call() - time.monotonic()), MAX_IDLE_SECONDS))
                self._sampler.wake.clear()
            complete = not self._stop.is_set()
        finally:
            self._outlets.drain(SWITCH_SECONDS)
            self._stop.set()
            self._sampler.join()
        acknowledged, left = self._uploader.acknowledged, self._buffer.total()
        sampler = self._sampler
        return RunSummary(complete, sampler.measured, acknowledged, left, waiting_before, sampler.kept)

    @property
    def channels(self) -> set[int]:
        """The channels that have a port, by the last device reply."""
        return self._outlets.channels

    def switch_by_hand(self, channel: int, state: RelayState, done: Callable[[RelayError | None], None]) -> None:
        """Begin to switch an outlet for a person at the Pi.

        Call it from `alive`. `done` is called later, with the error if the relay failed.
        """
        self._outlets.start_local_switch(channel, state, "by_hand", done)

    def take_safe_state(self, channel: int, state: RelayState) -> None:
        """Begin to switch an outlet into its safe state; call it again until it does not raise SwitchPending.

        Raises:
            SwitchPending: The relay has not answered yet.
            RelayError: The relay failed.
        """
        key = channel, state
        if key in self._safe_state_results:
            if error := self._safe_state_results.pop(key):
                raise error
            return
        if not self._outlets.is_switching_outlet(channel):
            self._outlets.start_local_switch(
                channel, state, "safe_state", lambda error: self._safe_state_results.update({key: error})
            )
        raise SwitchPending

    def _begin(self) -> None:
        """Log what the buffer could not keep, and take up the clock of an earlier run of this boot."""
        if report := self._buffer.recovery:
            self._log("spool_damaged", path=str(report.path), saved=report.saved, unreadable=report.unreadable)
        if self._buffer.unsendable:
            self._log("rejected", readings=self._buffer.unsendable, code=NOT_A_NUMBER)
        self._buffer.resume(self._cloud.clock)
        self._sampler.join_steady(is_accepted=HELD_MS in self._accepted.words)
        self._cloud.listen(self._sampler.wake.set)

    def _turn(self) -> None:
        """Make the calls that are due: a needed heartbeat first, then one batch, then a heartbeat."""
        key = self._directory.read_key()  # before the look at who owns the buffer, which _keep_alive takes
        self._keep_alive()
        self._keep_time()
        self._apply_pushed()
        if time.monotonic() < self._next_call():
            return
        if key is None:  # it was damaged, and that was logged
            self._wait_for_key("")
            return
        try:
            if self._needs_heartbeat:
                self._heartbeat(key)
            self._upload_if_due(key)
            if time.monotonic() >= self._schedule.next_heartbeat(needs_heartbeat=self._needs_heartbeat):
                self._heartbeat(key)
        except KeyRefused:
            self._log("key_refused")
            self._wait_for_key(key)
        except CloudError as error:
            self._retry_later(error)

    def _keep_alive(self) -> None:
        self._outlets.collect()
        self._sampler.keep_due_spans()
        self._alive()

    def _keep_time(self) -> None:
        """Let the buffer correct the times of its readings by the cloud's time."""
        self._cloud.clock.follow_wall()
        if guessed := self._buffer.follow(self._cloud.clock):
            self._log("time_guessed", readings=guessed)

    def _heartbeat(self, key: str) -> None:
        started, reports = time.monotonic(), self._outlets.reports()
        reply = self._cloud.heartbeat(key, reports, self._buffer.dropped())
        self._outlets.mark_reported(reports)
        self._pace.note_answer(started)
        self._take_reply(reply)
        if not self._upload_failed:  # else only an upload shows that all is well
            self._connectivity.call_succeeded()

    def _upload_if_due(self, key: str) -> None:
        if time.monotonic() >= self._schedule.next_live_upload():
            self._upload(key, live=True)
        elif time.monotonic() >= self._schedule.next_backlog_upload():
            self._upload(key, live=False)

    def _upload(self, key: str, *, live: bool) -> None:
        started, more_follows = time.monotonic(), self._schedule.more_follows()
        if live:
            self._sampler.mark_uploaded()
        self._upload_failed = True
        reply = self._uploader.send(key, self._outlets.port_ids, live=live)
        self._upload_failed = False
        if self._uploader.needs_heartbeat:
            self._uploader.needs_heartbeat, self._needs_heartbeat = False, True
            self._accepted_in_buffer = None
        if live and not more_follows:
            self._pace.note_live_upload(started)
        elif not live:
            self._pace.note_backlog_upload(time.monotonic())
        if reply:
            self._pace.note_answer(started)
            self._take_reply(reply)
        self._connectivity.call_succeeded()

    def _apply_pushed(self) -> None:
        """Apply the replies that the cloud pushed. They answer no call, so a call must still be answered."""
        try:
            for reply in self._cloud.pushed():
                self._apply(reply)
        except CloudAway as error:
            self._retry_later(error)

    def _take_reply(self, reply: DeviceReply) -> None:
        """Take the answer to a call; log channels that wait for an outlet, or for a newer cloud, once each."""
        self._take_accepted(reply.accepts)
        self._apply(reply)
        self._connected, self._needs_heartbeat = True, False
        waiting = self._buffer.waiting_by_channel().keys()
        for channel in sorted(waiting - self._outlets.port_ids - self._channels_without_outlet):
            self._channels_without_outlet.add(channel)
            self._log("no_outlet", channel=channel)
        for channel in sorted(self._buffer.without_volts() - self._channels_without_volts):
            self._channels_without_volts.add(channel)
            self._log("no_volts", channel=channel)

    def _take_accepted(self, accepted: frozenset[str]) -> None:
        """Note what the cloud accepts, when that changes."""
        if accepted == self._accepted_in_buffer:
            return
        self._sampler.join_steady(is_accepted=HELD_MS in accepted)
        self._buffer.set_accepted(accepted)
        self._accepted.update(accepted)
        self._accepted_in_buffer = accepted

    def _apply(self, reply: DeviceReply) -> None:
        """Take the cloud's intervals and time, and its relay commands unless they are stale by now."""
        self._pace.set_intervals(reply.interval_seconds, reply.heartbeat_seconds, time.monotonic())
        self._keep_time()
        self._outlets.apply(replace(reply, server_time_ms=max(reply.server_time_ms, self._cloud.clock.now_ms())))

    def _retry_later(self, error: CloudError) -> None:
        """Wait before the next call, which asks whether the cloud is back."""
        self._pace.hold(time.monotonic() + self._connectivity.call_failed(error))
        self._needs_heartbeat = True

    def _wait_for_key(self, refused: str) -> None:
        """Wait until there is another key, or for long. Measuring goes on meanwhile."""
        until = time.monotonic() + KEY_RETRY_SECONDS
        while time.monotonic() < until and (self._directory.read_key() or "") == refused:
            self._keep_alive()
            if self._stop.wait(KEY_POLL_SECONDS):
                return

    def _next_call(self) -> float:
        return self._schedule.next_call(needs_heartbeat=self._needs_heartbeat)
