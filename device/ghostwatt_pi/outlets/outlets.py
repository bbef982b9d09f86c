"""The outlets: which port each channel is, what was commanded, and whether it may be obeyed.

A cut is safe: the detector's `off` carries a power and a last moment. It is obeyed only if the newest measurement of
that outlet is below the power and the moment has not passed; otherwise the outlet stays on and the cloud hears why.

A relay that does not obey is told once, reported to the cloud with the state that the outlet really has, and tried
again at growing intervals, each time after the cloud has said that it still wants it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ghostwatt_pi.disk import Disk
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.files import DamagedFile
from ghostwatt_pi.measurement import GAP_MS, Measurement, now_ms
from ghostwatt_pi.outlets.memory import Failure, Outlet, load, recall, remembered
from ghostwatt_pi.outlets.relays import NoRelays, RelayError, Relays, ReportsRestores
from ghostwatt_pi.outlets.switcher import Done, Switcher
from ghostwatt_pi.schemas import DeviceReply, LocalReason, RelayCommand, RelayReport, RelayState

__all__ = ["Outlet", "Outlets", "recall", "refusal"]

RETRY_SECONDS = (6.0, 60.0, 300.0, 900.0)
"""How long after each failure a relay is tried again; the last for all that follow."""


def refusal(command: RelayCommand, newest_watts: float | None, server_time_ms: int) -> str | None:
    """Why this command may not be obeyed (`expired`, `in_use`), or None. Without a measurement the outlet is in use."""
    if command.desired == "on":
        return None
    if command.expires_at_ms is not None and server_time_ms >= command.expires_at_ms:
        return "expired"
    if command.only_below_watts is not None and (newest_watts is None or newest_watts >= command.only_below_watts):
        return "in_use"
    return None


class Outlets:
    """Maps channels to ports and obeys commands.

    What was handled is kept at `memory`, so that a restart, after which the same commands come again, neither switches
    twice nor takes an old command for a new one. `switched` is called, from another thread, when a relay has answered
    or failed to; then `collect`. Without it relays are waited for.
    """

    def __init__(
        self,
        relays: Relays,
        memory: Path,
        log: EventLog,
        *,
        switched: Callable[[], None] | None = None,
        disk: Disk | None = None,
    ) -> None:
        self.port_ids: dict[int, str] = {}
        self._relays, self._memory, self._log = relays, memory, log
        self._disk = disk or Disk(log)
        self._switcher = Switcher(relays, switched)
        self._newest: dict[int, Measurement] = {}
        self._switched_at_ms: dict[int, int] = {}
        self._retry_at: dict[int, float] = {}
        self._passed_over = False  # a command came while its outlet was being switched: the cloud is asked again
        self._lock = threading.Lock()
        self._outlets = self._load()
        self._restore()

    def notice(self, measurements: Iterable[Measurement]) -> bool:
        """Keep the newest measurement of each outlet; whether one of them is the first after a switch, its proof."""
        confirmed = []
        with self._lock:
            for measurement in measurements:
                self._newest[measurement.channel] = measurement
                switched_at_ms = self._switched_at_ms.get(measurement.channel)
                if switched_at_ms is not None and measurement.timestamp_ms > switched_at_ms:
                    del self._switched_at_ms[measurement.channel]
                    confirmed.append((self._outlets[measurement.channel].state, measurement))
        for state, measurement in confirmed:
            self._log("relay", channel=measurement.channel, state=state, watts=measurement.power)
        return bool(confirmed)

    def obey(self, reply: DeviceReply) -> None:
        """Learn the ports from a device reply, and do what is new in it, or what failed and is due again."""
        self._switcher.collect()
        self._passed_over = False
        self.port_ids = {command.channel: command.port_id for command in reply.relays}
        for command in reply.relays:
            if self._switcher.is_busy(command.channel):
                self._passed_over = self._passed_over or self._is_new(command)
            elif self._is_new(command) or self._is_retry(command.channel, command.desired):
                self._handle(command, reply.server_time_ms)
        for channel in self._outlets.keys() - self.port_ids.keys():
            self._let_go(channel)
        self._switcher.collect()

    def collect(self) -> None:
        """Take in what became of the relays that were being switched, or set again after a restart."""
        self._switcher.collect()
        if isinstance(self._relays, ReportsRestores):
            for channel, error in self._relays.failed_restores().items():
                self._was_not_restored(channel, error)

    def drain(self, seconds: float) -> None:
        """At the end: wait for the relays that are being switched."""
        self._switcher.drain(seconds)

    @property
    def is_switching(self) -> bool:
        """Whether a relay has not answered yet."""
        return self._switcher.any_busy

    @property
    def channels(self) -> set[int]:
        """The channels that have, or had, a port."""
        return {*self.port_ids, *self._outlets}

    def is_switching_outlet(self, channel: int) -> bool:
        """Whether this outlet's relay has not answered yet."""
        return self._switcher.is_busy(channel)

    def retry_is_due(self) -> bool:
        """Whether the cloud is to be asked what it wants now, so that it can be tried."""
        if self._passed_over and not self._switcher.any_busy:
            return True
        return any(
            _is_failing(outlet) and not self._switcher.is_busy(channel) and time.monotonic() >= self._due(channel)
            for channel, outlet in self._outlets.items()
        )

    def switch_here(self, channel: int, state: RelayState, reason: LocalReason = "by_hand") -> None:
        """Switched at the Pi: the cloud hears of it and why, and its next command wins. Raises RelayError."""
        self._relays.switch(channel, state)
        self._was_switched_here(channel, state, reason)

    def start_switch_here(self, channel: int, state: RelayState, reason: LocalReason, done: Done) -> None:
        """The same without waiting: `done` is called by `collect`, with the error if there was one."""

        def ended(error: RelayError | None) -> None:
            if error is None:
                self._was_switched_here(channel, state, reason)
            done(error)

        if self._switcher.is_busy(channel):
            done(RelayError("it is being switched just now; try again in a few seconds"))
        else:
            self._switcher.start(channel, state, ended)

    def reports(self) -> list[RelayReport]:
        """What the cloud has not heard yet."""
        return [_report(outlet) for outlet in self._outlets.values() if not outlet.reported]

    def delivered(self, reports: Sequence[RelayReport]) -> None:
        """The cloud has heard these."""
        for channel, outlet in self._outlets.items():
            if _report(outlet) in reports:
                self._outlets[channel] = replace(outlet, reported=True)
        if reports:
            self._remember()

    def _load(self) -> dict[int, Outlet]:
        try:
            return load(self._memory)
        except DamagedFile as damaged:
            self._disk.put_aside(damaged)
            return {}

    def _restore(self) -> None:
        try:
            self._relays.restore({channel: outlet.state for channel, outlet in self._outlets.items()})
        except RelayError as error:  # each command will say it too; measuring goes on
            self._log("warning", text=f"the relays could not take their states of before: {error}")

    def _was_not_restored(self, channel: int, error: str) -> None:
        """A relay that lost its state has let the power through: what should be off is on, and was told."""
        outlet = self._outlets.get(channel)
        if outlet is None:
            return
        failure = Failure(outlet.state, 1, now_ms(), error)
        if outlet.state == "off":
            self._retry_at[channel] = time.monotonic() + RETRY_SECONDS[0]
            outlet = replace(outlet, state="on", reason="failed", reported=False)
        self._keep(channel, replace(outlet, failure=failure, confirmed=False))

    def _is_new(self, command: RelayCommand) -> bool:
        """An older version than the one handled is an answer from a copy of the cloud's data that lags behind."""
        outlet = self._outlets.get(command.channel)
        return outlet is None or outlet.port_id != command.port_id or command.version > outlet.version

    def _is_retry(self, channel: int, desired: RelayState) -> bool:
        """Whether what failed is still wanted, and due again."""
        outlet = self._outlets.get(channel)
        if outlet is None or not _is_failing(outlet) or time.monotonic() < self._due(channel):
            return False
        self._retry_at[channel] = time.monotonic() + RETRY_SECONDS[0]  # whatever is wanted now, do not ask in a loop
        return outlet.failure is not None and outlet.failure.wanted == desired

    def _due(self, channel: int) -> float:
        return self._retry_at.get(channel, 0.0)

    def _handle(self, command: RelayCommand, server_time_ms: int) -> None:
        channel = command.channel
        outlet = self._outlets.get(channel) or Outlet(command.port_id, command.version, "on")
        outlet = replace(outlet, port_id=command.port_id, version=command.version, reason=None, reported=False)
        if command.desired == outlet.state:
            self._keep(channel, outlet)
            return
        reason = refusal(command, self._watts(channel), server_time_ms)
        if reason is None:
            self._switcher.start(channel, command.desired, lambda error: self._tried(command, error))
            return
        self._keep(channel, replace(outlet, reason=reason))
        self._log("refused", channel=channel, reason=reason, watts=self._watts(channel))

    def _tried(self, command: RelayCommand, error: RelayError | None) -> None:
        """The relay has answered, or has not. A command that no relay is there for stays new."""
        channel = command.channel
        if isinstance(error, NoRelays):
            return
        if error is None or self._meter_says(channel) == command.desired:
            outlet = Outlet(command.port_id, command.version, command.desired, confirmed=True, switched_at_ms=now_ms())
            self._keep(channel, outlet, is_switched=True)
            return
        before = self._outlets.get(channel)
        failure = self._failed(channel, before, command.desired, error)
        state: RelayState = self._meter_says(channel) or (before.state if before else "on")
        outlet = Outlet(command.port_id, command.version, state, "failed", failure=failure)
        is_heard = before is not None and before.reported and _report(before) == _report(outlet)
        self._keep(channel, replace(outlet, reported=is_heard))

    def _failed(self, channel: int, before: Outlet | None, wanted: RelayState, error: RelayError) -> Failure:
        """One more failure of this outlet: told when it is the first of its episode, and due again later."""
        earlier = before.failure if before else None
        tried = earlier.tried + 1 if earlier else 1
        self._retry_at[channel] = time.monotonic() + RETRY_SECONDS[min(tried, len(RETRY_SECONDS)) - 1]
        if earlier is None:
            self._log("relay_failed", channel=channel, error=str(error))
        return Failure(wanted, tried, earlier.since_ms if earlier else now_ms(), str(error))

    def _let_go(self, channel: int) -> None:
        """The port was deleted: nobody could switch the outlet on again, so it does not stay off."""
        if self._switcher.is_busy(channel):
            return
        outlet = self._outlets[channel]
        if outlet.state == "on":
            self._forget(channel)
        elif outlet.reason != "failed" or self._is_retry(channel, "on"):
            self._switcher.start(channel, "on", lambda error: self._was_let_go(channel, error))

    def _was_let_go(self, channel: int, error: RelayError | None) -> None:
        if error is None:
            self._forget(channel)
        elif not isinstance(error, NoRelays):
            outlet = self._outlets[channel]
            failure = self._failed(channel, outlet, "on", error)
            self._keep(channel, replace(outlet, reason="failed", reported=True, failure=failure))

    def _forget(self, channel: int) -> None:
        with self._lock:
            del self._outlets[channel]
            self._switched_at_ms.pop(channel, None)
        self._remember()

    def _was_switched_here(self, channel: int, state: RelayState, reason: LocalReason) -> None:
        if outlet := self._outlets.get(channel):
            switched = replace(outlet, state=state, confirmed=True, switched_at_ms=now_ms(), failure=None)
            self._keep(channel, replace(switched, reason=reason, reported=False))

    def _keep(self, channel: int, outlet: Outlet, *, is_switched: bool = False) -> None:
        with self._lock:
            if is_switched:
                self._switched_at_ms[channel] = now_ms()
            self._outlets[channel] = outlet
        self._remember()

    def _watts(self, channel: int) -> float | None:
        """The newest power, unless a gap is behind it: then it says nothing of now."""
        newest = self._recent(channel)
        return newest.power if newest else None

    def _meter_says(self, channel: int) -> RelayState | None:
        """The relay's state in the newest reading, from a meter whose readings have it."""
        newest = self._recent(channel)
        return newest.relay if newest else None

    def _recent(self, channel: int) -> Measurement | None:
        newest = self._newest.get(channel)
        return newest if newest and now_ms() - newest.timestamp_ms <= GAP_MS else None

    def _remember(self) -> None:
        self._disk.write(self._memory, remembered(self._outlets))


def _is_failing(outlet: Outlet) -> bool:
    """Whether what is wanted now has failed; an older failure is only remembered, until the relay obeys again."""
    return outlet.failure is not None and outlet.reason == "failed"


def _report(outlet: Outlet) -> RelayReport:
    return RelayReport(outlet.port_id, outlet.state, outlet.version, outlet.reason)
