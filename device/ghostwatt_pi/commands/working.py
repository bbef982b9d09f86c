"""Runs the agent: pairs it if need be, then measures and sends, and tells systemd how it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, replace

from ghostwatt_pi import identity
from ghostwatt_pi.agent.agent import Agent, Outcome
from ghostwatt_pi.buffer.buffer import Buffer
from ghostwatt_pi.buffer.ownership import KeyReplaced, check_owner, take_ownership
from ghostwatt_pi.cloud.claim import Claimer, ClaimFailed
from ghostwatt_pi.cloud.client import address, open_client
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.commands.checks.cloud import network_trouble
from ghostwatt_pi.commands.checks.finding import WrongServer
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.extras import home_assistant, safe_states, with_chosen_relays
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.disk import Disk
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.files import quarantine
from ghostwatt_pi.local.server import LocalApi
from ghostwatt_pi.local.snapshot import Snapshot
from ghostwatt_pi.local.state_file import StateFile
from ghostwatt_pi.local.watch import Watch
from ghostwatt_pi.meters.base import Closable, Meter
from ghostwatt_pi.meters.choice import only_port
from ghostwatt_pi.meters.serial_port import SerialMeter
from ghostwatt_pi.outlets.hand import HandServer
from ghostwatt_pi.settings.config import Settings, sends_in_clear


def work(context: Context, new_meter: Callable[[], Meter], *, watch_silence: bool = False) -> Outcome | None:
    """Pair if need be, then run the agent with this meter. None if it was stopped before that.

    `watch_silence`: a meter that says nothing for a minute is told of.
    """
    for sentence in context.settings.retired:
        context.log("warning", text=sentence)
    try:
        watch = Watch(context.log)
        with context.directory.lock(), local_page(context, watch.snapshot), ExitStack() as stack:
            own_meter = new_meter()
            if isinstance(own_meter, Closable):
                stack.callback(own_meter.close)
            meter = watch.meter(own_meter)
            is_paired = context.directory.read_key() is not None or context.directory.is_key_lost()
            context.notifier.ready("Working" if is_paired else "Waiting to be paired")
            if not is_paired and not pair(context):
                return None
            return _run_agent(context, meter, watch, watch_silence=watch_silence)
    except KeyReplaced:
        context.log("key_replaced")
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very command, begun anew
    finally:
        context.notifier.stopping()


def chosen_meter(settings: Settings, log: EventLog) -> Meter:
    """The Arduino, with its own relays or the Pi's pins, as the settings have it. Raises BadSetting, RelayError."""
    return with_chosen_relays(SerialMeter(settings.serial or only_port(), settings.baud, log), settings)


def pair(context: Context, *, keep_readings: bool = False) -> bool:
    """Claim this device; False if it was stopped. Raises ClaimFailed."""
    device_id = identity.device_id(context.directory)
    if sends_in_clear(context.settings.api):
        context.log("warning", text=f"{context.settings.api} is not https: the key will travel unencrypted")
    with HttpClient(context.settings.api) as cloud:
        claimer = Claimer(
            context.directory,
            cloud,
            device_id,
            context.claim_state,
            context.log,
            context.stop,
            keep_readings=keep_readings,
            alive=context.notifier.alive,
            explain=lambda: _explain(context),
        )
        return claimer.claim()


def _explain(context: Context) -> None:
    """Why the cloud does not answer, as the doctor says it. Raises ClaimFailed when waiting will not help."""
    trouble = network_trouble(context.settings.api)
    if isinstance(trouble, WrongServer):
        raise ClaimFailed(f"{trouble.says}: {trouble.mend}")
    if trouble:
        context.log("warning", text=f"{trouble.says}: {trouble.mend}")


@contextmanager
def local_page(context: Context, snapshot: Callable[[], Snapshot] = Snapshot) -> Iterator[None]:
    """The local page while the command runs. A taken port is told; the agent does its work without the page."""
    settings, directory = context.settings, context.directory
    server = None
    if settings.port:
        device_id, state = identity.device_id_if_known(directory), context.claim_state
        try:
            server = LocalApi(
                settings.port, directory, device_id, settings.api, state, lan=settings.lan, snapshot=snapshot
            )
            server.start()
            context.log("local_api", url=server.url)
            if settings.lan and directory.read_key() is None:
                context.log("lan_word", word=server.confirm.word)
        except OSError as error:
            context.log("local_api_off", error=f"port {settings.port}: {error.strerror}")
    try:
        yield
    finally:
        if server:
            server.stop()


@contextmanager
def control_socket(
    directory: DataDirectory, state: Callable[[], Mapping[str, object]], log: EventLog
) -> Iterator[HandServer | None]:
    """The socket for `switch` and `status`; None, which is told, where there can be none."""
    try:
        if directory.switch_path.is_dir():
            quarantine(directory.switch_path)
        server = HandServer(directory.switch_path, state)
    except OSError as error:
        log("warning", text=f"{directory.switch_path}: {error.strerror}; outlets cannot be switched by hand meanwhile")
        yield None
        return
    with server.running():
        yield server


def _run_agent(context: Context, meter: Meter, watch: Watch, *, watch_silence: bool) -> Outcome:
    directory, settings, disk = context.directory, context.settings, Disk(watch.log)
    take_ownership(directory, watch.log, disk)
    identity.repair(directory, disk)
    device_id = identity.device_id_if_known(directory)
    if directory.is_key_lost():
        watch.log("key_lost", path=str(directory.key_path))
    if device_id == identity.UNKNOWN:
        watch.log(
            "warning", text=f"{directory.identity_path} is damaged: see ghostwatt-pi doctor. With its key it goes on"
        )
        settings = replace(settings, transport="http", home_assistant="")  # both need the id
    watch.log("started", deviceId=device_id, api=address(settings))
    states = safe_states(settings, watch, directory, disk)
    state_file = StateFile(directory.state_path, watch.snapshot, disk)

    def turn() -> None:
        context.notifier.alive()
        check_owner(directory)
        if by_hand:
            by_hand.serve(agent.switch_by_hand)
        states.turn(agent.take_safe_state, cloud_away=watch.is_cloud_away)
        if watch_silence:
            watch.silence.turn(agent.channels, is_lost=watch.is_meter_lost)
        state_file.follow()

    with (
        closing(state_file),
        closing(Buffer(directory.buffer_path, disk)) as buffer,
        open_client(settings, device_id) as cloud,
        watch.asking(buffer, cloud),
        control_socket(directory, lambda: asdict(state_file.now()), watch.log) as by_hand,
        home_assistant(settings, device_id, watch.snapshot, context.log),
    ):
        context.notifier.status(f"Sending to {address(settings)}")
        agent = Agent(
            directory,
            cloud,
            buffer,
            meter,
            watch.log,
            context.stop,
            step_watts=settings.upload_step_watts,
            alive=turn,
            disk=disk,
        )
        return agent.run()
