"""The outlets: which port each channel is, what was commanded, and whether it may be obeyed.

A cut is safe: the detector's `off` carries a power and a last moment. It is obeyed only if the newest measurement of
that outlet is below the power and the moment has not passed; otherwise the outlet stays on and the cloud hears why.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ghostwatt_pi.home import write_private
from ghostwatt_pi.measurement import GAP_MS, Measurement, now_ms
from ghostwatt_pi.outlets.relays import RelayError, Relays
from ghostwatt_pi.tell import Tell
from ghostwatt_pi.wire import DeviceReply, LocalReason, RelayCommand, RelayReport, RelayState


@dataclass(frozen=True, slots=True)
class Outlet:
    """The last command handled for a channel: its port, version, the state it left and why if it was refused.

    `reported` says whether the cloud has heard of it.
    """

    port_id: str
    version: int
    state: RelayState
    reason: str | None = None
    reported: bool = False


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
    twice nor takes an old command for a new one.
    """

    def __init__(self, relays: Relays, memory: Path, tell: Tell) -> None:
        self.port_ids: dict[int, str] = {}
        self._relays, self._memory, self._tell = relays, memory, tell
        self._newest: dict[int, Measurement] = {}
        self._switched_at_ms: dict[int, int] = {}
        self._lock = threading.Lock()
        self._outlets = recall(memory)
        relays.restore({channel: outlet.state for channel, outlet in self._outlets.items()})

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
            self._tell("relay", channel=measurement.channel, state=state, watts=measurement.power)
        return bool(confirmed)

    def obey(self, reply: DeviceReply) -> None:
        """Learn the ports from a device reply, and do what is new in it."""
        self.port_ids = {command.channel: command.port_id for command in reply.relays}
        for command in reply.relays:
            if self._is_new(command):
                self._handle(command, reply.server_time_ms)
        for channel in self._outlets.keys() - self.port_ids.keys():
            self._let_go(channel)

    def switch_here(self, channel: int, state: RelayState, reason: LocalReason = "by_hand") -> None:
        """Switched at the Pi: the cloud hears of it and why, and its next command wins. Raises RelayError."""
        self._relays.switch(channel, state)
        with self._lock:
            if outlet := self._outlets.get(channel):
                self._outlets[channel] = replace(outlet, state=state, reason=reason, reported=False)
        self._remember()

    def reports(self) -> list[RelayReport]:
        """What the cloud has not heard yet."""
        return [
            RelayReport(outlet.port_id, outlet.state, outlet.version, outlet.reason)
            for outlet in self._outlets.values()
            if not outlet.reported
        ]

    def delivered(self, reports: Sequence[RelayReport]) -> None:
        """The cloud has heard these."""
        heard = {(report.port_id, report.version) for report in reports}
        for channel, outlet in self._outlets.items():
            if (outlet.port_id, outlet.version) in heard:
                self._outlets[channel] = replace(outlet, reported=True)
        if heard:
            self._remember()

    def _is_new(self, command: RelayCommand) -> bool:
        """An older version than the one handled is an answer from a copy of the cloud's data that lags behind."""
        outlet = self._outlets.get(command.channel)
        return outlet is None or outlet.port_id != command.port_id or command.version > outlet.version

    def _handle(self, command: RelayCommand, server_time_ms: int) -> None:
        outlet = self._outlets.get(command.channel)
        state: RelayState = outlet.state if outlet else "on"
        reason = None
        if command.desired != state:
            reason = refusal(command, self._watts(command.channel), server_time_ms)
            if reason is None and not self._switch(command.channel, command.desired):
                return  # it stays new, and is tried again at the next reply
        with self._lock:
            if reason is None and command.desired != state:
                state = command.desired
                self._switched_at_ms[command.channel] = now_ms()
            self._outlets[command.channel] = Outlet(command.port_id, command.version, state, reason)
        self._remember()
        if reason:
            self._tell("refused", channel=command.channel, reason=reason, watts=self._watts(command.channel))

    def _let_go(self, channel: int) -> None:
        """The port was deleted: nobody could switch the outlet on again, so it does not stay off."""
        if self._outlets[channel].state == "off" and not self._switch(channel, "on"):
            return  # tried again at the next reply
        with self._lock:
            del self._outlets[channel]
            self._switched_at_ms.pop(channel, None)
        self._remember()

    def _switch(self, channel: int, state: RelayState) -> bool:
        try:
            self._relays.switch(channel, state)
        except RelayError as error:
            self._tell("relay_failed", channel=channel, error=str(error))
            return False
        return True

    def _watts(self, channel: int) -> float | None:
        """The newest power, unless a gap is behind it: then it says nothing of now."""
        newest = self._newest.get(channel)
        return newest.power if newest and now_ms() - newest.timestamp_ms <= GAP_MS else None

    def _remember(self) -> None:
        write_private(self._memory, json.dumps({channel: asdict(outlet) for channel, outlet in self._outlets.items()}))


def recall(memory: Path) -> dict[int, Outlet]:
    """What is remembered of each channel."""
    if not memory.exists():
        return {}
    return {int(channel): Outlet(**outlet) for channel, outlet in json.loads(memory.read_text()).items()}
