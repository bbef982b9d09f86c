"""What each command does; cli.py says how it is called. Every command returns its exit code."""

from __future__ import annotations

import random
import signal
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from serial.tools import list_ports

from ghostwatt_pi import identity
from ghostwatt_pi.agent import Agent, Outcome
from ghostwatt_pi.claim import Claimer, ClaimState
from ghostwatt_pi.cloud import Cloud
from ghostwatt_pi.config import BadSetting, Settings, sends_in_clear
from ghostwatt_pi.home import Home
from ghostwatt_pi.local_api import LocalApi
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.meters.profiles import PROFILES
from ghostwatt_pi.meters.replay import Replay
from ghostwatt_pi.meters.serial_port import SerialMeter
from ghostwatt_pi.meters.simulator import Appliance, ProfiledAppliance, RandomAppliance, Simulator
from ghostwatt_pi.spool import Spool
from ghostwatt_pi.tell import Tell

OK, LEFT_BEHIND = 0, 3
"""Exit codes; 1 is an error that was told, 2 a wrong command line."""


@dataclass
class Context:
    """What every command works with; the identity is made at the first use."""

    settings: Settings
    home: Home
    tell: Tell
    claim_state: ClaimState = field(default_factory=ClaimState)
    stop: threading.Event = field(default_factory=threading.Event)

    def handle_signals(self) -> None:
        """Ctrl-C and a service manager's SIGTERM end the command cleanly; a second one ends it at once."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def _handle(self, number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        self.stop.set()


def claim(context: Context, options: Namespace) -> int:
    """Pair this device, with a new identity if wanted."""
    with context.home.lock():
        if options.new_identity:
            identity.new_device_id(context.home)
            context.home.forget_owner()
        with _local_api(context):
            _claim(context)
    return OK


def run(context: Context, options: Namespace) -> int:
    """Measure with an Arduino and send, until stopped."""
    _work(context, lambda: SerialMeter(options.serial or _only_serial_port(), options.baud, context.tell))
    return OK


def simulate(context: Context, options: Namespace) -> int:
    """Be a Pi with simulated appliances, until stopped."""
    _work(context, lambda: Simulator(_appliances(options), options.interval, options.speed))
    return OK


def replay(context: Context, options: Namespace) -> int:
    """Send recordings, then say what became of their readings."""
    outcome = _work(
        context, lambda: Replay(options.files, options.speed, options.from_hours, options.hours, options.channel)
    )
    if outcome is None or not outcome.complete:
        return OK
    settled = outcome.settled
    context.tell(
        "finished",
        sent=outcome.measured,
        stored=settled["stored"],
        duplicate=settled["duplicate"],
        rejected=settled["rejected"],
        waiting=outcome.left,
    )
    return LEFT_BEHIND if outcome.left else OK


def _work(context: Context, make_meter: Callable[[], Meter]) -> Outcome | None:
    """Pair if need be, then run the agent with this meter. None if it was stopped before that."""
    with context.home.lock(), _local_api(context):
        meter = make_meter()
        if context.home.read_key() is None and not _claim(context):
            return None
        context.tell("started", deviceId=identity.device_id(context.home), api=context.settings.api)
        with Cloud(context.settings.api) as cloud, closing(Spool(context.home.spool_path)) as spool:
            agent = Agent(context.home, cloud, spool, meter, context.tell, context.stop)
            return agent.run()


def _claim(context: Context) -> bool:
    device_id = identity.device_id(context.home)
    if sends_in_clear(context.settings.api):
        context.tell("warning", text=f"{context.settings.api} is not https: the key will travel unencrypted")
    with Cloud(context.settings.api) as cloud:
        return Claimer(context.home, cloud, device_id, context.claim_state, context.tell, context.stop).claim()


@contextmanager
def _local_api(context: Context) -> Iterator[None]:
    """The local page while the command runs. A taken port is told; the agent does its work without the page."""
    settings = context.settings
    server = None
    if settings.local_port:
        device_id = identity.device_id(context.home)
        try:
            server = LocalApi(settings.local_port, context.home, device_id, settings.api, context.claim_state)
            server.start()
            context.tell("local_api", url=server.url)
        except OSError as error:
            context.tell("local_api_off", error=f"port {settings.local_port}: {error.strerror}")
    try:
        yield
    finally:
        if server:
            server.stop()


def _appliances(options: Namespace) -> list[Appliance]:
    """One appliance a profile, each with its own noise, which the seed decides."""
    names = options.profile or ["random"]
    appliances: list[Appliance] = []
    for index, name in enumerate(names):
        noise = random.Random(None if options.seed is None else options.seed + index)  # noqa: S311 - noise is no secret
        if name == "random":
            appliances.append(RandomAppliance(options.volts, options.amps, noise))
        else:
            appliances.append(ProfiledAppliance(PROFILES[name], noise))
    return appliances


def _only_serial_port() -> str:
    """The USB serial port if there is just one. Raises BadSetting."""
    ports = [port.device for port in list_ports.comports() if port.vid is not None]
    if len(ports) != 1:
        found = ", ".join(ports) if ports else "none is plugged in"
        raise BadSetting(f"serial is not set: give the meter's port with --serial ({found})")
    return str(ports[0])
