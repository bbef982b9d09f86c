"""`ghostwatt-pi run`, `simulate` and `replay`: the commands that measure and send. Each returns its exit code."""

from __future__ import annotations

import random
import threading
from argparse import Namespace
from collections.abc import Iterator

from ghostwatt_pi.agent.agent import RunSummary
from ghostwatt_pi.commands.components import make_meter
from ghostwatt_pi.commands.context import LEFT_BEHIND, OK, Context
from ghostwatt_pi.commands.formatting import ProgressBar
from ghostwatt_pi.commands.runner import run
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.meters.replay import Replay
from ghostwatt_pi.meters.simulated import PROFILES, Appliance, ProfiledAppliance, RandomAppliance, Simulator
from ghostwatt_pi.outlets.relays import Relays


def run_with_arduino(context: Context, options: Namespace) -> int:
    """Measure with an Arduino and send, until stopped."""
    run(context, lambda: make_meter(context.settings, context.log), watch_silence=True)
    return OK


def simulate(context: Context, options: Namespace) -> int:
    """Measure simulated appliances and send, until stopped."""
    run(context, lambda: Simulator(_appliances(options), options.interval, options.speed))
    return OK


def replay(context: Context, options: Namespace) -> int:
    """Send recordings, then log what became of their readings. All is read through before the first is sent."""
    recording = Replay(options.files, options.speed, options.from_hours, options.hours, options.channel)
    progress = ProgressBar("Replayed", recording.count())
    try:
        summary = run(context, lambda: _MeterWithProgress(recording, progress))
    finally:
        progress.end()
    if summary is None or not summary.complete:
        return OK
    return log_finished(context, summary, summary.measured + summary.waiting_before)


def log_finished(context: Context, summary: RunSummary, sent: int) -> int:
    """Log what became of the readings, and return the exit code."""
    acknowledged = summary.acknowledged
    context.log(
        "finished",
        sent=sent,
        stored=acknowledged["stored"],
        duplicate=acknowledged["duplicate"],
        rejected=acknowledged["rejected"],
        waiting=summary.left,
    )
    return LEFT_BEHIND if summary.left else OK


class _MeterWithProgress:
    """A meter whose measurements move a progress bar."""

    def __init__(self, meter: Meter, progress: ProgressBar) -> None:
        self._meter, self._progress = meter, progress

    @property
    def relays(self) -> Relays:
        """The meter's own."""
        return self._meter.relays

    def measurements(self, stop: threading.Event, /) -> Iterator[list[Measurement]]:
        """Yield the meter's measurements."""
        done = 0
        for measurements in self._meter.measurements(stop):
            yield measurements
            done += len(measurements)
            self._progress.show(done)


def _appliances(options: Namespace) -> list[Appliance]:
    """Make one appliance a profile, each with its own noise, which the seed decides."""
    names = options.profile or ["random"]
    appliances: list[Appliance] = []
    for index, name in enumerate(names):
        noise = random.Random(None if options.seed is None else options.seed + index)  # noqa: S311 - not a secret
        if name == "random":
            appliances.append(RandomAppliance(options.volts, options.amps, noise))
        else:
            appliances.append(ProfiledAppliance(PROFILES[name], noise))
    return appliances
