"""`ghostwatt-pi switch`: switches an outlet by hand, through the running agent or, when none runs, directly."""

from __future__ import annotations

import sys
import threading
import time
from argparse import Namespace

from ghostwatt_pi.commands.components import make_meter
from ghostwatt_pi.commands.context import OK, Context
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.meters.serial_meter import FIRST_READING_SECONDS
from ghostwatt_pi.outlets.control_socket import NoAgent, switch_through_agent
from ghostwatt_pi.outlets.outlets import Outlets
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.platforms.local_sockets import HAS_UNIX_SOCKETS, NONE_HERE
from ghostwatt_pi.schemas import RelayState

POLL_SECONDS = 0.1


def switch(context: Context, options: Namespace) -> int:
    """Switch, and print that the cloud may switch again. Raises RelayError."""
    switch_outlet(context, options.channel, options.state)
    sys.stdout.write(f"Outlet {options.channel} is {options.state}. The cloud's next command to it wins.\n")
    return OK


def switch_outlet(context: Context, channel: int, state: RelayState) -> None:
    """Switch an outlet through the agent if one runs, else directly. Raises RelayError, DirectoryInUse."""
    try:
        switch_through_agent(context.directory.switch_path, channel, state)
    except NoAgent:
        if not HAS_UNIX_SOCKETS and context.directory.is_in_use():
            raise RelayError(f"{NONE_HERE} to reach the running agent: stop it first, or switch on the page") from None
        with context.directory.lock():
            lost = threading.Event()
            meter = make_meter(context.settings, _MeterLostLog(context.log, lost))
            switch_directly(context.directory, meter, channel, state, context.log, lost)


def switch_directly(
    directory: DataDirectory, meter: Meter, channel: int, state: RelayState, log: EventLog, lost: threading.Event
) -> None:
    """Switch an outlet with the meter's own relays, once its first line shows that it hears commands.

    Args:
        directory: The data folder, where the state is kept for the agent's next start.
        meter: The meter.
        channel: The outlet's channel.
        state: Its new state.
        log: Takes the events.
        lost: Set when the meter is lost, so that no line can come.

    Raises:
        RelayError: The meter is silent or lost, or the relay failed.
    """
    outlets = Outlets(meter.relays, directory.outlets_path, log)
    stop, speaks = threading.Event(), threading.Event()
    reader = threading.Thread(target=_read, args=(meter, stop, speaks), daemon=True)
    reader.start()
    try:
        if not _has_spoken(speaks, lost, FIRST_READING_SECONDS):
            raise RelayError("the meter is silent: is it plugged in? See ghostwatt-pi doctor")
        outlets.switch_locally(channel, state)
    finally:
        stop.set()
        reader.join()


class _MeterLostLog:
    """An EventLog that sets an event when the meter is lost."""

    def __init__(self, log: EventLog, lost: threading.Event) -> None:
        self._log, self._lost = log, lost

    def __call__(self, event: str, **fields: object) -> None:
        self._log(event, **fields)
        if event == "meter_lost":
            self._lost.set()


def _has_spoken(speaks: threading.Event, lost: threading.Event, seconds: float) -> bool:
    """Whether the meter has spoken before it was lost, and in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not lost.is_set():
        if speaks.wait(POLL_SECONDS):
            return True
    return False


def _read(meter: Meter, stop: threading.Event, speaks: threading.Event) -> None:
    for _ in meter.measurements(stop):
        speaks.set()
