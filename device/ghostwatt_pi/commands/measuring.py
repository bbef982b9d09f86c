"""The commands that measure and send; cli.py says how they are called. Every command returns its exit code."""

from __future__ import annotations

import random
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import nullcontext

from ghostwatt_pi import identity
from ghostwatt_pi.agent.agent import Outcome
from ghostwatt_pi.buffer.ownership import take_ownership
from ghostwatt_pi.cloud.errors import CloudError
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.exit_codes import LEFT_BEHIND, OK
from ghostwatt_pi.commands.progress import Progress
from ghostwatt_pi.commands.words import print_json
from ghostwatt_pi.commands.working import chosen_meter, local_page, pair, work
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.meters.profiles import PROFILES
from ghostwatt_pi.meters.replay import Replay
from ghostwatt_pi.meters.simulator import Appliance, ProfiledAppliance, RandomAppliance, Simulator
from ghostwatt_pi.outlets.relays import Relays


def claim(context: Context, options: Namespace) -> int:
    """Pair this device, with a new identity if wanted. A running agent takes the new key up by itself."""
    if not options.new_identity and is_paired_and_well(context):
        context.log("paired_already", deviceId=identity.device_id_if_known(context.directory))
        if options.json:
            print_json({"deviceId": identity.device_id_if_known(context.directory), "paired": True})
        return OK
    is_running = context.directory.is_in_use() and not options.new_identity
    with nullcontext() if is_running else context.directory.lock():
        if options.new_identity:
            identity.new_device_id(context.directory)
            context.directory.forget_owner()
        with nullcontext() if is_running else local_page(context):
            paired = pair(context, keep_readings=options.keep_readings)
        if paired and not is_running:
            take_ownership(context.directory, context.log)
    if options.json:
        print_json({"deviceId": identity.device_id(context.directory), "paired": paired})
    return OK


def is_paired_and_well(context: Context) -> bool:
    """Whether the cloud takes the key that this device has."""
    key = context.directory.read_key()
    if key is None:
        return False
    try:
        with HttpClient(context.settings.api) as cloud:
            cloud.heartbeat(key, [])
    except CloudError:
        return False
    return True


def run(context: Context, options: Namespace) -> int:
    """Measure with an Arduino and send, until stopped."""
    work(context, lambda: chosen_meter(context.settings, context.log), watch_silence=True)
    return OK


def simulate(context: Context, options: Namespace) -> int:
    """Be a Pi with simulated appliances, until stopped."""
    work(context, lambda: Simulator(_appliances(options), options.interval, options.speed))
    return OK


def replay(context: Context, options: Namespace) -> int:
    """Send recordings, then say what became of their readings. All is read through before the first is sent."""
    recording = Replay(options.files, options.speed, options.from_hours, options.hours, options.channel)
    progress = Progress("Replayed", recording.count())
    try:
        outcome = work(context, lambda: _Counted(recording, progress))
    finally:
        progress.end()
    if outcome is None or not outcome.complete:
        return OK
    return log_finished(context, outcome, outcome.measured + outcome.found)


def log_finished(context: Context, outcome: Outcome, sent: int) -> int:
    """Say what became of the readings; the exit code."""
    settled = outcome.settled
    context.log(
        "finished",
        sent=sent,
        stored=settled["stored"],
        duplicate=settled["duplicate"],
        rejected=settled["rejected"],
        waiting=outcome.left,
    )
    return LEFT_BEHIND if outcome.left else OK


class _Counted:
    """A meter whose measurements move a progress bar."""

    def __init__(self, meter: Meter, progress: Progress) -> None:
        self._meter, self._progress = meter, progress

    @property
    def relays(self) -> Relays:
        """The meter's own."""
        return self._meter.relays

    def measurements(self, stop: threading.Event, /) -> Iterator[list[Measurement]]:
        """The meter's own."""
        done = 0
        for measurements in self._meter.measurements(stop):
            yield measurements
            done += len(measurements)
            self._progress.at(done)


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
