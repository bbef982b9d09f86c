"""Runs the agent with a meter: pairs the device first if it has no key, and reports the service's state to systemd."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict, replace

from ghostwatt_pi import identity
from ghostwatt_pi.agent.agent import Agent, RunSummary
from ghostwatt_pi.buffer.buffer import Buffer
from ghostwatt_pi.buffer.ownership import KeyReplaced, check_owner, take_ownership
from ghostwatt_pi.cloud.client import address, open_client
from ghostwatt_pi.commands.components import home_assistant, local_page, make_safe_states
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.pairing import pair
from ghostwatt_pi.disk import Disk
from ghostwatt_pi.local.observer import AgentObserver
from ghostwatt_pi.local.state_file import StateFile
from ghostwatt_pi.meters.base import Closable, Meter
from ghostwatt_pi.outlets.control_socket import open_control_socket


def run(context: Context, make_meter: Callable[[], Meter], *, watch_silence: bool = False) -> RunSummary | None:
    """Pair the device if it has no key, then run the agent.

    Args:
        context: The command's context.
        make_meter: Makes the meter, once the data folder is locked.
        watch_silence: Log when readings stop.

    Returns:
        What the run did; None if it was stopped before the device was paired.
    """
    for sentence in context.settings.retired:
        context.log("warning", text=sentence)
    try:
        observer = AgentObserver(context.log)
        with context.directory.lock(), local_page(context, observer.snapshot), ExitStack() as stack:
            own_meter = make_meter()
            if isinstance(own_meter, Closable):
                stack.callback(own_meter.close)
            meter = observer.observe(own_meter)
            is_paired = context.directory.read_key() is not None or context.directory.is_key_lost()
            context.notifier.ready("Working" if is_paired else "Waiting to be paired")
            if not is_paired and not pair(context):
                return None
            return _run_agent(context, meter, observer, watch_silence=watch_silence)
    except KeyReplaced:
        context.log("key_replaced")
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very command, started again
    finally:
        context.notifier.stopping()


def _run_agent(context: Context, meter: Meter, observer: AgentObserver, *, watch_silence: bool) -> RunSummary:
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
        )
        return agent.run()
