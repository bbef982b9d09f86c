"""`ghostwatt-pi run`, `simulate` and `replay`: run the agent with a meter, and return an exit code.

A run pairs the device first if it has no key, and reports the service's state to systemd.
"""

from __future__ import annotations

import random
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, replace

from ghostwatt_pi import identity
from ghostwatt_pi.agent.agent import Agent, RunSummary
from ghostwatt_pi.buffer.buffer import Buffer
from ghostwatt_pi.buffer.ownership import KeyReplaced, check_owner, take_ownership
from ghostwatt_pi.cloud.client import address, open_client
from ghostwatt_pi.commands.components import home_assistant, local_page, make_meter, make_safe_states
from ghostwatt_pi.commands.context import LEFT_BEHIND, OK, Context
from ghostwatt_pi.commands.pairing import pair
from ghostwatt_pi.commands.terminal import ProgressBar
from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.local.observer import AgentObserver
from ghostwatt_pi.local.state_file import StateFile
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.base import Closable, Meter
from ghostwatt_pi.meters.replay import Replay
from ghostwatt_pi.meters.simulated import PROFILES, Appliance, ProfiledAppliance, RandomAppliance, Simulator
from ghostwatt_pi.outlets.control_socket import open_control_socket
from ghostwatt_pi.outlets.relays import Relays


def run_with_arduino(context: Context, options: Namespace) -> int:
    """Measure with an Arduino and send, until stopped."""
    run_agent(context, lambda: make_meter(context.settings, context.log), watch_silence=True)
    return OK


def simulate(context: Context, options: Namespace) -> int:
    """Measure simulated appliances and send, until stopped."""
    run_agent(context, lambda: Simulator(_appliances(options), options.interval, options.speed), speed=options.speed)
    return OK


def replay(context: Context, options: Namespace) -> int:
    """Send recordings, then log what became of their readings. All is read through before the first is sent."""
    recording = Replay(options.files, options.speed, options.from_hours, options.hours, options.channel)
    progress = ProgressBar("Replayed", recording.count())
    try:
        summary = run_agent(context, lambda: _MeterWithProgress(recording, progress), speed=options.speed)
    finally:
        progress.end()
    if summary is None or not summary.complete:
        return OK
    return log_finished(context, summary, summary.kept + summary.waiting_before)


def run_agent(
    context: Context, open_meter: Callable[[], Meter], *, watch_silence: bool = False, speed: float = 1.0
) -> RunSummary | None:
    """Pair the device if it has no key, then run the agent.

    Args:
        context: The command's context.
        open_meter: Makes the meter, once the data folder is locked.
        watch_silence: Log when readings stop.
        speed: How many seconds of an appliance's life pass in one; a reading stands for that much less of ours.

    Returns:
        What the run did; None if it was stopped before the device was paired.
    """
    for sentence in context.settings.retired:
        context.log("warning", text=sentence)
    try:
        while True:
            try:
                return _run_for_one_owner(context, open_meter, watch_silence=watch_silence, speed=speed)
            except KeyReplaced:
                context.log("key_replaced")
                if not context.begin_again():
                    return None
    finally:
        context.notifier.stopping()


def _run_for_one_owner(
    context: Context, open_meter: Callable[[], Meter], *, watch_silence: bool, speed: float
) -> RunSummary | None:
    """Run until the end. Raises KeyReplaced when the device gets another owner: then all is opened anew."""
    observer = AgentObserver(context.log)
    with context.directory.lock(), local_page(context, observer.snapshot), ExitStack() as stack:
        own_meter = open_meter()
        if isinstance(own_meter, Closable):
            stack.callback(own_meter.close)
        meter = observer.observe(own_meter)
        is_paired = context.directory.read_key() is not None or context.directory.is_key_lost()
        context.notifier.ready("Working" if is_paired else "Waiting to be paired")
        if not is_paired and not pair(context):
            return None
        span_seconds = context.settings.span_seconds / speed
        return _run_paired(context, meter, observer, watch_silence=watch_silence, span_seconds=span_seconds)


def _run_paired(
    context: Context, meter: Meter, observer: AgentObserver, *, watch_silence: bool, span_seconds: float
) -> RunSummary:
    """Open all that the agent works with, and run it until it ends."""
    directory, settings, disk = context.directory, context.settings, Disk(observer.log)
    take_ownership(directory, observer.log, disk)
    identity.repair(directory, disk)
    device_id = identity.device_id_if_known(directory)
    if directory.is_key_lost():
        observer.log("key_lost", path=str(directory.key_path))
    if device_id == identity.UNKNOWN:
        text = f"{directory.identity_path} is damaged: see ghostwatt-pi doctor. The agent goes on with its key"
        observer.log("warning", text=text)
        settings = replace(settings, transport="http", home_assistant="")  # both need the id
    observer.log("started", deviceId=device_id, api=address(settings))
    safe_states = make_safe_states(settings, observer, directory, disk)
    state_file = StateFile(directory.state_path, observer.snapshot, disk)

    def turn() -> None:
        context.notifier.alive()
        check_owner(directory)
        if control:
            control.serve(agent.switch_by_hand)
        safe_states.turn(agent.take_safe_state, cloud_away=observer.is_cloud_away)
        if watch_silence:
            observer.silence.turn(agent.channels, is_lost=observer.is_meter_lost)
        state_file.follow()

    with (
        closing(state_file),
        closing(Buffer(directory.buffer_path, disk)) as buffer,
        open_client(settings, device_id) as cloud,
        observer.with_backlog(buffer, cloud),
        open_control_socket(directory.switch_path, lambda: asdict(state_file.now()), observer.log) as control,
        home_assistant(settings, device_id, observer.snapshot, context.log),
    ):
        context.notifier.status(f"Sending to {address(settings)}")
        agent = Agent(
            directory,
            cloud,
            buffer,
            meter,
            observer.log,
            context.stop,
            step_watts=settings.upload_step_watts,
            alive=turn,
            disk=disk,
            span_seconds=span_seconds,
        )
        return agent.run()


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
