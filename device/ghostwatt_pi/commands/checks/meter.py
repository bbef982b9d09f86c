"""Checks the meter's serial line and the relays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ghostwatt_pi.commands.checks import Finding
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.status import agent_state, too_slow, watts_while_off
from ghostwatt_pi.commands.switching import switch_outlet
from ghostwatt_pi.commands.terminal import ago, is_confirmed
from ghostwatt_pi.data_directory import DirectoryInUse
from ghostwatt_pi.event_log import discard_event
from ghostwatt_pi.local.state_file import AgentState
from ghostwatt_pi.measurement import now_ms
from ghostwatt_pi.meters.serial_meter import NoReading, first_reading
from ghostwatt_pi.meters.serial_ports import is_there, only_port
from ghostwatt_pi.meters.silence import MOST_SILENT_SECONDS
from ghostwatt_pi.outlets.records import OutletRecord, read_outlets
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.schemas import RelayState
from ghostwatt_pi.settings.config import BadSetting

CHECK_METER = "check its power, cable and sketch, then: sudo systemctl restart ghostwatt"
CHECK_SENSOR = "check the wiring and address of that outlet's sensor; journalctl -u ghostwatt -n 20"
SHORTEN_INTERVAL = "let the meter report at least every 60 s: standby is found, and energy counted, only without gaps"
CHECK_RELAY = "check the relay module's power and wires, and that the sketch has that relay; then: doctor --switch N"
REPLACE_RELAY = "the relay's contact may be welded, or the appliance is wired past it: unplug it, and replace the relay"


def check_serial(context: Context) -> Iterator[Finding]:
    """Check that the port exists, may be used, and has readings; a running agent is asked for its readings instead."""
    try:
        port = context.settings.serial or only_port()
    except BadSetting as error:
        yield Finding("serial", "fail", str(error), "plug the Arduino in, or set serial to its port")
        return
    if not is_there(port):
        yield Finding("serial", "fail", f"{port} is not there", "plug the Arduino in, or set serial to its port")
    elif Path(port).exists() and not os.access(port, os.R_OK | os.W_OK):
        yield Finding(
            "serial", "fail", f"{port} may not be used", 'sudo usermod -aG dialout "$USER", then log in again'
        )
    elif context.directory.is_in_use():
        yield from _from_agent(context, port)
    else:
        yield _from_port(context, port)


def check_relay(context: Context) -> Iterator[Finding]:
    """Check the last command of each outlet."""
    outlets = read_outlets(context.directory.outlets_path)
    if not outlets:
        yield Finding("relay", "ok", "the cloud has commanded no outlet yet")
    agent = agent_state(context.directory)
    for channel, outlet in sorted(outlets.items()):
        yield _relay(channel, outlet, watts_while_off(agent, channel, outlet))


def check_switch(context: Context, channel: int) -> Iterator[Finding]:
    """Switch an outlet off and on, after a yes at a terminal."""
    if not is_confirmed(f"Outlet {channel} loses its power for a moment. Go on?"):
        yield Finding("relay", "warn", f"outlet {channel} was not switched: nobody said yes")
        return
    before = read_outlets(context.directory.outlets_path).get(channel)
    initial: RelayState = before.state if before else "on"
    opposite: RelayState = "on" if initial == "off" else "off"
    try:
        switch_outlet(context, channel, opposite)
        switch_outlet(context, channel, initial)
    except (RelayError, DirectoryInUse, BadSetting) as error:
        yield Finding(
            "relay", "fail", f"outlet {channel}: {error}", f"check wiring and relay module; is it on channel {channel}?"
        )
        return
    yield Finding("relay", "ok", f"outlet {channel} went {opposite} and {initial} again; the meter confirmed both")


def _from_agent(context: Context, port: str) -> Iterator[Finding]:
    """Check the port that the agent uses by the agent's newest readings."""
    agent = agent_state(context.directory)
    if agent.is_meter_silent or not agent.newest:
        yield _silence(agent, port)
        return
    for channel in agent.silent:
        newest = agent.newest.get(channel)
        when = f"the last {ago(newest.at_ms, now_ms())}" if newest else "never any"
        yield Finding("serial", "fail", f"outlet {channel} gives no reading, {when}", CHECK_SENSOR)
    for channel, seconds in sorted(agent.slow.items()):
        yield Finding("serial", "fail", too_slow(channel, seconds), SHORTEN_INTERVAL)
    newest_at_ms = max(newest.at_ms for newest in agent.newest.values())
    seconds = (now_ms() - newest_at_ms) / 1000
    if seconds > MOST_SILENT_SECONDS and not agent.slow:
        yield Finding("serial", "fail", f"the newest reading is {seconds:.0f} s old", CHECK_METER)
    elif not agent.silent and not agent.slow:
        yield Finding("serial", "ok", f"the agent reads {port}; its newest reading is {seconds:.0f} s old")


def _silence(agent: AgentState, port: str) -> Finding:
    if agent.newest:
        last = ago(max(newest.at_ms for newest in agent.newest.values()), now_ms())
        return Finding("serial", "fail", f"the meter at {port} is silent; its last reading came {last}", CHECK_METER)
    if agent.is_meter_silent:
        return Finding("serial", "fail", f"the meter at {port} is silent; no reading has come", CHECK_METER)
    return Finding("serial", "warn", f"the agent uses {port}; no reading has come yet", "ask again in a minute")


def _from_port(context: Context, port: str) -> Finding:
    try:
        reading = first_reading(port, context.settings.baud, discard_event)
    except NoReading as error:
        return Finding("serial", "fail", str(error), "check cable, sketch and baud; sketch: device/arduino")
    says = f"{port}: outlet {reading.channel} has {reading.in_words()}"
    return Finding("serial", "ok", says)


def _relay(channel: int, outlet: OutletRecord, watts: float | None) -> Finding:
    if failure := outlet.failure:
        says = f"outlet {channel} does not turn {failure.wanted}: {failure.error}"
        tried = f"tried {failure.tried} times, the first {ago(failure.since_ms, now_ms())}"
        return Finding("relay", "fail", f"{says} ({tried})", CHECK_RELAY)
    if watts:
        return Finding("relay", "fail", f"outlet {channel} is off, but {watts:.1f} W flow", REPLACE_RELAY)
    if outlet.reason in ("in_use", "expired"):
        return Finding("relay", "ok", f"outlet {channel} stays on: the last cut was refused ({outlet.reason})")
    confirmed = ", confirmed" if outlet.confirmed else ", never switched yet" if outlet.state == "on" else ""
    heard = "" if outlet.reported else "; the cloud has not heard of it yet"
    return Finding("relay", "ok", f"outlet {channel} is {outlet.state}{confirmed}{heard}")
