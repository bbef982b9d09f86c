"""Runs the agent: pairs it if need be, then measures and sends, and tells systemd how it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from ghostwatt_pi import identity
from ghostwatt_pi.agent.agent import Agent, Outcome
from ghostwatt_pi.cloud.claim import Claimer
from ghostwatt_pi.cloud.http import Cloud
from ghostwatt_pi.cloud.transport import address, open_transport
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.extras import home_assistant, safe_states, with_chosen_relays
from ghostwatt_pi.local.server import LocalApi
from ghostwatt_pi.local.snapshot import Snapshot
from ghostwatt_pi.local.state_file import StateFile
from ghostwatt_pi.local.watch import Watch
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.meters.choice import only_port
from ghostwatt_pi.meters.serial_port import SerialMeter
from ghostwatt_pi.outlets.hand import HandServer
from ghostwatt_pi.settings.config import Settings, sends_in_clear
from ghostwatt_pi.spool.owner import KeyReplaced, check_owner, claim_spool
from ghostwatt_pi.spool.spool import Spool
from ghostwatt_pi.tell import Tell


def work(context: Context, new_meter: Callable[[], Meter]) -> Outcome | None:
    """Pair if need be, then run the agent with this meter. None if it was stopped before that."""
    try:
        watch = Watch(context.tell)
        with context.home.lock(), local_page(context, watch.snapshot):
            meter = watch.meter(new_meter())
            context.notifier.ready("Waiting to be paired" if context.home.read_key() is None else "Working")
            if context.home.read_key() is None and not pair(context):
                return None
            return _run_agent(context, meter, watch)
    except KeyReplaced:
        context.tell("key_replaced")
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very command, begun anew
    finally:
        context.notifier.stopping()


def chosen_meter(settings: Settings, tell: Tell) -> Meter:
    """The Arduino, with its own relays or the Pi's pins, as the settings have it. Raises BadSetting, RelayError."""
    return with_chosen_relays(SerialMeter(settings.serial or only_port(), settings.baud, tell), settings)


def pair(context: Context, *, keep_readings: bool = False) -> bool:
    """Claim this device; False if it was stopped. Raises ClaimFailed."""
    device_id = identity.device_id(context.home)
    if sends_in_clear(context.settings.api):
        context.tell("warning", text=f"{context.settings.api} is not https: the key will travel unencrypted")
    with Cloud(context.settings.api) as cloud:
        claimer = Claimer(
            context.home,
            cloud,
            device_id,
            context.claim_state,
            context.tell,
            context.stop,
            keep_readings=keep_readings,
            alive=context.notifier.alive,
        )
        return claimer.claim()


@contextmanager
def local_page(context: Context, snapshot: Callable[[], Snapshot] = Snapshot) -> Iterator[None]:
    """The local page while the command runs. A taken port is told; the agent does its work without the page."""
    settings, home = context.settings, context.home
    server = None
    if settings.port:
        device_id, state = identity.device_id(home), context.claim_state
        try:
            server = LocalApi(settings.port, home, device_id, settings.api, state, lan=settings.lan, snapshot=snapshot)
            server.start()
            context.tell("local_api", url=server.url)
            if settings.lan and home.read_key() is None:
                context.tell("lan_word", word=server.confirm.word)
        except OSError as error:
            context.tell("local_api_off", error=f"port {settings.port}: {error.strerror}")
    try:
        yield
    finally:
        if server:
            server.stop()


def _run_agent(context: Context, meter: Meter, watch: Watch) -> Outcome:
    home, settings = context.home, context.settings
    claim_spool(home, watch.tell)
    watch.tell("started", deviceId=identity.device_id(home), api=address(settings))
    by_hand, states = HandServer(home.switch_path), safe_states(settings, watch, home)
    state_file = StateFile(home.state_path, watch.snapshot)

    def turn() -> None:
        context.notifier.alive()
        check_owner(home)
        by_hand.serve(agent.switch_by_hand)
        states.turn(agent.take_safe_state, cloud_away=watch.is_cloud_away)
        state_file.follow()

    with (
        closing(state_file),
        closing(Spool(home.spool_path)) as spool,
        open_transport(settings, identity.device_id(home)) as cloud,
        watch.asking(spool, cloud),
        by_hand.running(),
        home_assistant(settings, identity.device_id(home), watch.snapshot, context.tell),
    ):
        context.notifier.status(f"Sending to {address(settings)}")
        agent = Agent(
            home,
            cloud,
            spool,
            meter,
            watch.tell,
            context.stop,
            step_watts=settings.upload_step_watts,
            local_detect=settings.local_detect,
            alive=turn,
        )
        return agent.run()
