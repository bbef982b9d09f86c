"""The outlets: which port each channel is, the last command of each, and how commands are carried out.

A relay that does not obey is logged once, reported to the cloud with the state that the outlet really has, and tried
again at growing intervals, each time after the cloud has confirmed that it still wants it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.outlets.cut_safety import LatestMeasurements, Refusal, refusal_of
from ghostwatt_pi.outlets.records import Failure, OutletRecord, load_outlets, to_json
from ghostwatt_pi.outlets.relays import (
    Done,
    NoRelays,
    RelayError,
    RelayRetries,
    Relays,
    RelaySwitcher,
    ReportsRestores,
    StillInUse,
)
from ghostwatt_pi.schemas import DeviceReply, LocalReason, RelayCommand, RelayReport, RelayState
from ghostwatt_pi.small_files import DamagedFile


class Outlets:
    """Maps channels to ports and carries out relay commands.

    The last command of each outlet is kept in a file. After a restart the cloud sends the same commands again: they are
    neither carried out twice nor taken for new ones.

    Args:
        relays: Switch the outlets.
        path: The file of the records.
        log: Takes the events.
        on_switched: Called from another thread when a relay has answered or failed; then call `collect`. Without it
            every switch is waited for.
        disk: Writes the file.
        read_now: Measures an outlet at once, from a meter that can be asked; it returns None when there is no answer.

    Attributes:
        port_ids: The port of each channel, by the last device reply.
    """

    def __init__(
        self,
        relays: Relays,
        path: Path,
        log: EventLog,
        *,
        on_switched: Callable[[], None] | None = None,
        disk: Disk | None = None,
        read_now: Callable[[int], Measurement | None] | None = None,
    ) -> None:
        self.port_ids: dict[int, str] = {}
        self._relays, self._path, self._log = relays, path, log
        self._disk = disk or Disk(log)
        self._read_now = read_now
        self._switcher = RelaySwitcher(relays, on_switched)
        self._latest, self._retries = LatestMeasurements(), RelayRetries()
        self._unconfirmed_since_ms: dict[int, int] = {}  # channels whose switch no measurement has confirmed yet
        self._skipped_command = False  # a command came while its outlet was being switched: the cloud is asked again
        self._lock = threading.Lock()
        self._records = self._load()
        self._restore()

    def take_measurements(self, measurements: Iterable[Measurement]) -> bool:
        """Keep the newest measurement of each outlet, and return whether one is the first after a switch."""
        measurements = list(measurements)
        self._latest.add(measurements)
        confirmed = []
        with self._lock:
            for measurement in measurements:
                since_ms = self._unconfirmed_since_ms.get(measurement.channel)
                if since_ms is not None and measurement.timestamp_ms > since_ms:
                    del self._unconfirmed_since_ms[measurement.channel]
                    confirmed.append((self._records[measurement.channel].state, measurement))
        for state, measurement in confirmed:
            self._log("relay", channel=measurement.channel, state=state, watts=measurement.power)
        return bool(confirmed)

    def switched_outlets(self) -> set[int]:
        """Return the outlets whose relay may have moved since the last call, or whose switch is not confirmed yet."""
        with self._lock:
            return self._switcher.moved() | self._unconfirmed_since_ms.keys()

    def apply(self, reply: DeviceReply) -> None:
        """Learn the ports from a device reply, and carry out commands that are new or due to be tried again."""
        self._switcher.collect()
        self._skipped_command = False
        self.port_ids = {command.channel: command.port_id for command in reply.relays}
        for command in reply.relays:
            if self._switcher.is_busy(command.channel):
                self._skipped_command = self._skipped_command or self._is_new(command)
            elif self._is_new(command) or self._is_retry(command.channel, command.desired):
                self._carry_out(command, reply.server_time_ms)
        for channel in self._records.keys() - self.port_ids.keys():
            self._release(channel)
        self._switcher.collect()

    def collect(self) -> None:
        """Take the results of relays that were being switched, or set again after a restart."""
        self._switcher.collect()
        if isinstance(self._relays, ReportsRestores):
            for channel, error in self._relays.failed_restores().items():
                self._restore_failed(channel, error)

    def drain(self, seconds: float) -> None:
        """Wait for the relays that are being switched, at most so long."""
        self._switcher.drain(seconds)

    @property
    def is_switching(self) -> bool:
        """Whether a relay has not answered yet."""
        return self._switcher.any_busy

    @property
    def channels(self) -> set[int]:
        """The channels that have, or had, a port."""
        return {*self.port_ids, *self._records}

    def is_switching_outlet(self, channel: int) -> bool:
        """Whether this outlet's relay has not answered yet."""
        return self._switcher.is_busy(channel)

    def retry_is_due(self) -> bool:
        """Whether to ask the cloud for its commands now, so that one of them can be tried again."""
        if self._skipped_command and not self._switcher.any_busy:
            return True
        return any(
            record.is_failing and not self._switcher.is_busy(channel) and self._retries.is_due(channel)
            for channel, record in self._records.items()
        )

    def switch_locally(self, channel: int, state: RelayState, reason: LocalReason = "by_hand") -> None:
        """Switch an outlet at the Pi. The cloud hears of it, and its next command wins. Raises RelayError."""
        self._relays.switch(channel, state)
        self._switched_locally(channel, state, reason)

    def start_local_switch(self, channel: int, state: RelayState, reason: LocalReason, done: Done) -> None:
        """Begin to switch an outlet at the Pi. `collect` calls `done` later, with the error if the relay failed."""

        def ended(error: RelayError | None) -> None:
            if error is None:
                self._switched_locally(channel, state, reason)
            done(error)

        if self._switcher.is_busy(channel):
            done(RelayError("it is being switched just now; try again in a few seconds"))
        else:
            self._switcher.start(channel, state, ended)

    def reports(self) -> list[RelayReport]:
        """Return the reports that the cloud has not heard yet."""
        return [record.report() for record in self._records.values() if not record.reported]

    def mark_reported(self, reports: Sequence[RelayReport]) -> None:
        """Note that the cloud has heard these."""
        for channel, record in self._records.items():
            if record.report() in reports:
                self._records[channel] = replace(record, reported=True)
        if reports:
            self._write()

    def _load(self) -> dict[int, OutletRecord]:
        try:
            return load_outlets(self._path)
        except DamagedFile as damaged:
            self._disk.quarantine(damaged)
            return {}

    def _restore(self) -> None:
        try:
            self._relays.restore({channel: record.state for channel, record in self._records.items()})
        except RelayError as error:  # each command will report it too; measuring goes on
            self._log("warning", text=f"the relays could not take their previous states: {error}")

    def _restore_failed(self, channel: int, error: str) -> None:
        """Record a relay that lost its state: power flows, so an outlet that should be off is on."""
        record = self._records.get(channel)
        if record is None:
            return
        failure = Failure(record.state, 1, now_ms(), error)
        if record.state == "off":
            self._retries.schedule(channel)
            record = replace(record, state="on", reason="failed", reported=False)
        self._save(channel, replace(record, failure=failure, confirmed=False))

    def _is_new(self, command: RelayCommand) -> bool:
        """Whether the command is newer than the last one; an older one comes from a stale copy of the cloud's data."""
        record = self._records.get(command.channel)
        return record is None or record.port_id != command.port_id or command.version > record.version

    def _is_retry(self, channel: int, desired: RelayState) -> bool:
        """Whether the cloud still sends the command that failed, and it is due again."""
        record = self._records.get(channel)
        if record is None or not record.is_failing or not self._retries.is_due(channel):
            return False
        self._retries.schedule(channel)  # whatever is wanted now, do not ask in a loop
        return record.failure is not None and record.failure.wanted == desired

    def _carry_out(self, command: RelayCommand, server_time_ms: int) -> None:
        channel = command.channel
        record = self._records.get(channel) or OutletRecord(command.port_id, command.version, "on")
        record = replace(record, port_id=command.port_id, version=command.version, reason=None, reported=False)
        if command.desired == record.state:
            self._save(channel, record)
            return
        reason = refusal_of(command, self._latest.watts(channel), server_time_ms)
        if reason is None:
            self._switcher.start(
                channel,
                command.desired,
                lambda error: self._command_ended(command, error),
                lambda: self._look_again(command),
            )
            return
        self._refuse(channel, record, reason)

    def _refuse(self, channel: int, record: OutletRecord, reason: Refusal) -> None:
        self._save(channel, replace(record, reason=reason))
        self._log("refused", channel=channel, reason=reason, watts=self._latest.watts(channel))

    def _look_again(self, command: RelayCommand) -> None:
        """Measure once more before a cut by a slow meter that can be asked. Raises StillInUse."""
        if self._read_now is None or command.only_below_watts is None or self._latest.is_fresh(command.channel):
            return
        measurement = self._read_now(command.channel)
        if measurement is None:
            raise StillInUse("the meter does not answer")
        self._latest.add([measurement])
        if command.desired == "off" and measurement.power >= command.only_below_watts:
            raise StillInUse(f"{measurement.power:g} W flow")

    def _command_ended(self, command: RelayCommand, error: RelayError | None) -> None:
        """Record the relay's answer or failure. Without relays the command stays new."""
        channel = command.channel
        if isinstance(error, NoRelays):
            return
        if isinstance(error, StillInUse):
            record = self._records.get(channel) or OutletRecord(command.port_id, command.version, "on")
            record = replace(record, port_id=command.port_id, version=command.version, reported=False)
            self._refuse(channel, record, "in_use")
            return
        metered_state = self._latest.relay_state(channel)
        if error is None or metered_state == command.desired:
            record = OutletRecord(
                command.port_id, command.version, command.desired, confirmed=True, switched_at_ms=now_ms()
            )
            self._save(channel, record, is_switched=True)
            return
        before = self._records.get(channel)
        failure = self._count_failure(channel, before, command.desired, error)
        state: RelayState = metered_state or (before.state if before else "on")
        record = OutletRecord(command.port_id, command.version, state, "failed", failure=failure)
        is_reported = before is not None and before.reported and before.report() == record.report()
        self._save(channel, replace(record, reported=is_reported))

    def _count_failure(
        self, channel: int, before: OutletRecord | None, wanted: RelayState, error: RelayError
    ) -> Failure:
        """Count one more failure: log the first of an episode, and schedule the next attempt."""
        earlier = before.failure if before else None
        tried = earlier.tried + 1 if earlier else 1
        self._retries.schedule(channel, tried)
        if earlier is None:
            self._log("relay_failed", channel=channel, error=str(error))
        return Failure(wanted, tried, earlier.since_ms if earlier else now_ms(), str(error))

    def _release(self, channel: int) -> None:
        """Switch on and forget an outlet whose port was deleted: nobody could switch it on later."""
        if self._switcher.is_busy(channel):
            return
        record = self._records[channel]
        if record.state == "on":
            self._forget(channel)
        elif record.reason != "failed" or self._is_retry(channel, "on"):
            self._switcher.start(channel, "on", lambda error: self._release_ended(channel, error))

    def _release_ended(self, channel: int, error: RelayError | None) -> None:
        if error is None:
            self._forget(channel)
        elif not isinstance(error, NoRelays):
            record = self._records[channel]
            failure = self._count_failure(channel, record, "on", error)
            self._save(channel, replace(record, reason="failed", reported=True, failure=failure))

    def _forget(self, channel: int) -> None:
        with self._lock:
            del self._records[channel]
            self._unconfirmed_since_ms.pop(channel, None)
        self._write()

    def _switched_locally(self, channel: int, state: RelayState, reason: LocalReason) -> None:
        if record := self._records.get(channel):
            switched = replace(record, state=state, confirmed=True, switched_at_ms=now_ms(), failure=None)
            self._save(channel, replace(switched, reason=reason, reported=False))

    def _save(self, channel: int, record: OutletRecord, *, is_switched: bool = False) -> None:
        with self._lock:
            if is_switched:
                self._unconfirmed_since_ms[channel] = now_ms()
            self._records[channel] = record
        self._write()

    def _write(self) -> None:
        self._disk.write(self._path, to_json(self._records))
