"""The meter's serial line and its relays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ghostwatt_pi.commands.checks.finding import Finding
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.switching import switch_outlet
from ghostwatt_pi.home import HomeInUse
from ghostwatt_pi.meters.choice import NoReading, ask_at_terminal, first_reading, only_port
from ghostwatt_pi.outlets.outlets import Outlet, recall
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.settings.config import BadSetting
from ghostwatt_pi.spool.look import newest_age_seconds
from ghostwatt_pi.wire import RelayState

SILENT_SECONDS = 60.0
"""A meter speaks every two seconds."""


def check_serial(context: Context) -> Iterator[Finding]:
    """Is the port there, may we use it, does it speak? A running agent is asked for its readings instead."""
    try:
        port = context.settings.serial or only_port()
    except BadSetting as error:
        yield Finding("serial", "fail", str(error), "plug the Arduino in, or set serial to its port")
        return
    if not Path(port).exists():
        yield Finding("serial", "fail", f"{port} is not there", "plug the Arduino in, or set serial to its port")
    elif not os.access(port, os.R_OK | os.W_OK):
        yield Finding(
            "serial", "fail", f"{port} may not be used", 'sudo usermod -aG dialout "$USER", then log in again'
        )
    elif context.home.is_in_use():
        yield _from_agent(context, port)
    else:
        yield _from_port(context, port)


def check_relay(context: Context) -> Iterator[Finding]:
    """What became of each outlet's last command."""
    outlets = recall(context.home.outlets_path)
    if not outlets:
        yield Finding("relay", "ok", "the cloud has commanded no outlet yet")
    for channel, outlet in sorted(outlets.items()):
        yield _relay(channel, outlet)


def check_switch(context: Context, channel: int) -> Iterator[Finding]:
    """Switch the outlet off and on, after a yes at a terminal."""
    ask = ask_at_terminal()
    if ask is None or ask(f"Outlet {channel} loses its power for a moment. Go on? [y/N] ").lower() not in ("y", "yes"):
        yield Finding("relay", "warn", f"outlet {channel} was not switched: nobody said yes")
        return
    before = recall(context.home.outlets_path).get(channel)
    there: RelayState = before.state if before else "on"
    back: RelayState = "on" if there == "off" else "off"
    try:
        switch_outlet(context, channel, back)
        switch_outlet(context, channel, there)
    except (RelayError, HomeInUse, BadSetting) as error:
        yield Finding(
            "relay", "fail", f"outlet {channel}: {error}", f"check wiring and relay module; is it on channel {channel}?"
        )
        return
    yield Finding("relay", "ok", f"outlet {channel} went {back} and {there} again; the meter confirmed both")


def _from_agent(context: Context, port: str) -> Finding:
    """The agent holds the port; its newest reading says whether it speaks."""
    seconds = newest_age_seconds(context.home)
    if seconds is None:
        return Finding("serial", "warn", f"the agent uses {port}; no reading waits just now")
    if seconds > SILENT_SECONDS:
        return Finding("serial", "fail", f"the newest reading is {seconds:.0f} s old", "journalctl -u ghostwatt -n 20")
    return Finding("serial", "ok", f"the agent reads {port}; its newest reading is {seconds:.0f} s old")


def _from_port(context: Context, port: str) -> Finding:
    try:
        reading = first_reading(port, context.settings.baud, _say_nothing)
    except NoReading as error:
        return Finding("serial", "fail", str(error), "check cable, sketch and baud; sketch: device/arduino")
    says = f"{port}: outlet {reading.channel} has {reading.voltage:.1f} V, {reading.power:.1f} W"
    return Finding("serial", "ok", says)


def _relay(channel: int, outlet: Outlet) -> Finding:
    if outlet.reason in ("in_use", "expired"):
        return Finding("relay", "ok", f"outlet {channel} stays on: the last cut was refused ({outlet.reason})")
    heard = "" if outlet.reported else "; the cloud has not heard of it yet"
    return Finding("relay", "ok", f"outlet {channel} is {outlet.state}, confirmed{heard}")


def _say_nothing(event: str, **fields: object) -> None:
    """The check itself says what it saw."""
    del event, fields
