"""`ghostwatt-pi status`: what the agent does, read from its folder beside it."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass

from ghostwatt_pi import identity
from ghostwatt_pi.buffer.stats import BufferStats, read_stats
from ghostwatt_pi.clock import now_ms
from ghostwatt_pi.commands.asking import agent_state, channels_without_outlet, watts_past_off
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.exit_codes import OK, UNWELL
from ghostwatt_pi.commands.words import ago, iso, print_json, print_rows, waiting
from ghostwatt_pi.local.state_file import AgentState
from ghostwatt_pi.outlets.outlets import Outlet, recall


@dataclass(frozen=True)
class Status:
    """The agent now. `online`: whether the cloud answered the running agent last; None when nobody knows."""

    device_id: str
    api: str
    paired: bool
    key_lost: bool
    is_read_only: bool
    running: bool
    agent: AgentState
    buffer: BufferStats
    outlets: dict[int, Outlet]
    without_outlet: Sequence[int]

    @property
    def online(self) -> bool | None:
        """Only a running agent is online."""
        return self.agent.is_online if self.running else False

    @property
    def is_well(self) -> bool:
        """Whether readings come and go where they should, and relays obey."""
        return self.paired and self.running and self.online is not False and not self.troubles

    @property
    def troubles(self) -> list[str]:
        """What does not work though the agent runs, a sentence each."""
        found = [
            f"outlet {channel} does not obey: {outlet.failure.error}"
            for channel, outlet in sorted(self.outlets.items())
            if outlet.failure
        ]
        if self.running and self.agent.is_meter_silent:
            found.append("the meter is silent")
        elif self.running:
            found += [f"outlet {channel} has no reading" for channel in self.agent.silent]
        if self.is_read_only:
            found.append("the data folder is read-only")
        elif self.running and self.agent.disk:
            found.append(f"the data folder cannot be written: {self.agent.disk}")
        return found


def status(context: Context, options: Namespace) -> int:
    """Show it."""
    found = read_status(context)
    if options.json:
        print_json(_document(found))
    else:
        print_rows(_rows(found))
    return OK if found.is_well else UNWELL


def read_status(context: Context) -> Status:
    """Look. Raises BadIdentity, sqlite3.Error."""
    directory = context.directory
    buffer = read_stats(directory)
    return Status(
        device_id=identity.device_id_if_known(directory),
        api=context.settings.api,
        paired=directory.read_key() is not None,
        key_lost=directory.is_key_lost(),
        is_read_only=not os.access(directory.path, os.W_OK),
        running=directory.is_in_use(),
        agent=agent_state(directory),
        buffer=buffer,
        outlets=recall(directory.outlets_path),
        without_outlet=channels_without_outlet(directory, buffer),
    )


def _document(found: Status) -> dict[str, object]:
    return {
        "deviceId": found.device_id,
        "api": found.api,
        "paired": found.paired,
        "running": found.running,
        "online": found.online,
        "trouble": found.agent.trouble if found.running else None,
        "lastUploadAt": iso(found.agent.last_upload_at_ms),
        "spool": {"readings": found.buffer.depth, "bytes": found.buffer.bytes, "dropped": found.buffer.dropped},
        "outlets": [
            {
                "channel": channel,
                "portId": outlet.port_id,
                "state": outlet.state,
                "reason": outlet.reason,
                **_failure(outlet),
            }
            for channel, outlet in sorted(found.outlets.items())
        ],
        "readings": [
            {"channel": channel, "watts": newest.watts, "measuredAt": iso(newest.at_ms)}
            for channel, newest in sorted(found.agent.newest.items())
        ],
        "troubles": found.troubles,
        "channelsWithoutOutlet": list(found.without_outlet),
    }


def _failure(outlet: Outlet) -> dict[str, object]:
    """Only an outlet whose relay does not obey has it."""
    if (failure := outlet.failure) is None:
        return {}
    since = iso(failure.since_ms)
    return {"failure": {"wanted": failure.wanted, "tried": failure.tried, "since": since, "error": failure.error}}


def _rows(found: Status) -> dict[str, str]:
    rows = {
        "Device": found.device_id,
        "Paired": "yes" if found.paired else _not_paired(found),
        "Agent": "running" if found.running else "not running: sudo systemctl start ghostwatt, or ghostwatt-pi run",
        "Cloud": f"{found.api}, {_online(found)}",
        "Last upload": ago(found.agent.last_upload_at_ms, now_ms()),
        "Waiting": waiting(found.buffer),
    }
    if found.buffer.dropped:
        rows["Dropped"] = f"{found.buffer.dropped:,} readings, since the spool was full"
    for channel, outlet in sorted(found.outlets.items()):
        rows[f"Outlet {channel}"] = _outlet(found.agent, channel, outlet)
    for channel in found.without_outlet:
        rows[f"Channel {channel}"] = "no outlet on the page yet: add one"
    if found.troubles:
        rows["Trouble"] = f"{'; '.join(found.troubles)}. See ghostwatt-pi doctor"
    return rows


def _outlet(agent: AgentState, channel: int, outlet: Outlet) -> str:
    """Its state, why, what it draws and when that was measured."""
    says = [f"{outlet.state} ({outlet.reason})" if outlet.reason else outlet.state]
    if failure := outlet.failure:
        since = ago(failure.since_ms, now_ms())
        says.append(f"the relay does not turn {failure.wanted}: {failure.error} (tried {failure.tried} times, {since})")
    if newest := agent.newest.get(channel):
        says.append(f"{newest.watts:.1f} W {ago(newest.at_ms, now_ms())}")
    if watts_past_off(agent, channel, outlet):
        says.append("power still flows")
    return ", ".join(says)


def _not_paired(found: Status) -> str:
    if found.key_lost:
        return "its key was damaged: make a new one on the page (New key), and see ghostwatt-pi doctor"
    return "no: ghostwatt-pi claim"


def _online(found: Status) -> str:
    if found.online is None:
        return "not asked yet"
    return "online" if found.online else f"offline: {(found.running and found.agent.trouble) or 'no agent runs'}"
