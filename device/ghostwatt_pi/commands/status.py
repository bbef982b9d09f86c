"""`ghostwatt-pi status`: the agent's state, asked of the running agent and read from its folder.

It exits with 4 when the device is not paired, the agent does not run or is offline, or a relay or the meter fails.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass

from ghostwatt_pi import identity
from ghostwatt_pi.buffer.stats import BufferStats, read_stats
from ghostwatt_pi.cloud_time import now_ms
from ghostwatt_pi.commands.context import OK, UNWELL, Context
from ghostwatt_pi.commands.terminal import ago, backlog_size, iso, print_json, print_rows
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.local.state_file import AgentState, parse_state, read_state
from ghostwatt_pi.measurement import GAP_MS
from ghostwatt_pi.outlets.control_socket import NoAgent, request_state
from ghostwatt_pi.outlets.records import OutletRecord, read_outlets

OFF_WATTS = 0.5
SETTLE_MS = 10_000
"""If more than OFF_WATTS flows through an outlet that has been off for so long, its relay does not cut the power."""


@dataclass(frozen=True)
class Status:
    """The state of the agent and its folder."""

    device_id: str
    api: str
    paired: bool
    key_lost: bool
    is_read_only: bool
    running: bool
    agent: AgentState
    buffer: BufferStats
    outlets: dict[int, OutletRecord]
    without_outlet: Sequence[int]

    @property
    def online(self) -> bool | None:
        """Whether the cloud answered the running agent last; None when it was not called yet."""
        return self.agent.is_online if self.running else False

    @property
    def is_well(self) -> bool:
        """Whether the agent runs and sends, the meter has readings, and the relays obey."""
        return self.paired and self.running and self.online is not False and not self.troubles

    @property
    def troubles(self) -> list[str]:
        """One sentence for each part that does not work."""
        sentences = [
            f"outlet {channel} does not obey: {outlet.failure.error}"
            for channel, outlet in sorted(self.outlets.items())
            if outlet.failure
        ]
        if self.running and self.agent.is_meter_silent:
            sentences.append("the meter is silent")
        elif self.running:
            sentences += [f"outlet {channel} has no reading" for channel in self.agent.silent]
        if self.running:
            sentences += [too_slow(channel, seconds) for channel, seconds in sorted(self.agent.slow.items())]
        if self.is_read_only:
            sentences.append("the data folder is read-only")
        elif self.running and self.agent.disk:
            sentences.append(f"the data folder cannot be written: {self.agent.disk}")
        return sentences


def show_status(context: Context, options: Namespace) -> int:
    """Show the status."""
    status = read_status(context)
    if options.json:
        print_json(_document(status))
    else:
        print_rows(_rows(status))
    return OK if status.is_well else UNWELL


def read_status(context: Context) -> Status:
    """Read the status. Raises BadIdentity, sqlite3.Error."""
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
        outlets=read_outlets(directory.outlets_path),
        without_outlet=channels_without_outlet(directory, buffer),
    )


def agent_state(directory: DataDirectory) -> AgentState:
    """Return the agent's own state while it runs, else the state that it last wrote."""
    try:
        return parse_state(request_state(directory.switch_path))
    except (NoAgent, AttributeError, KeyError, TypeError, ValueError):
        return read_state(directory.state_path)


def too_slow(channel: int, seconds: float) -> str:
    """Say that the readings of an outlet come too rarely to be of use."""
    return (
        f"outlet {channel}: readings come {seconds:.0f} s apart; they must come within {GAP_MS // 1000} s or say how"
        " long they held"
    )


def watts_while_off(agent: AgentState, channel: int, outlet: OutletRecord) -> float | None:
    """Return the power that flows though the outlet is off; None when none does or it is unknown."""
    newest = agent.newest.get(channel)
    if newest is None or outlet.state == "on" or outlet.switched_at_ms is None:
        return None
    is_recent = now_ms() - newest.at_ms <= GAP_MS and newest.at_ms - outlet.switched_at_ms >= SETTLE_MS
    return newest.watts if is_recent and newest.watts > OFF_WATTS else None


def channels_without_outlet(directory: DataDirectory, buffer: BufferStats) -> list[int]:
    """Return the channels that have readings, waiting or new, but no outlet on the page."""
    agent, outlets = agent_state(directory), read_outlets(directory.outlets_path)
    if not outlets and agent.is_online is None:
        return []
    measured = set(agent.newest) if directory.is_in_use() else set()
    return sorted(({backlog.channel for backlog in buffer.waiting} | measured) - outlets.keys())


def _document(status: Status) -> dict[str, object]:
    return {
        "deviceId": status.device_id,
        "api": status.api,
        "paired": status.paired,
        "running": status.running,
        "online": status.online,
        "trouble": status.agent.trouble if status.running else None,
        "lastUploadAt": iso(status.agent.last_upload_at_ms),
        "spool": {"readings": status.buffer.depth, "bytes": status.buffer.bytes, "dropped": status.buffer.dropped},
        "outlets": [
            {
                "channel": channel,
                "portId": outlet.port_id,
                "state": outlet.state,
                "reason": outlet.reason,
                **_failure(outlet),
            }
            for channel, outlet in sorted(status.outlets.items())
        ],
        "readings": [
            {"channel": channel, "watts": newest.watts, "measuredAt": iso(newest.at_ms)}
            for channel, newest in sorted(status.agent.newest.items())
        ],
        "troubles": status.troubles,
        "channelsWithoutOutlet": list(status.without_outlet),
    }


def _failure(outlet: OutletRecord) -> dict[str, object]:
    """Return the field `failure` of an outlet whose relay does not obey; no field for another outlet."""
    if (failure := outlet.failure) is None:
        return {}
    since = iso(failure.since_ms)
    return {"failure": {"wanted": failure.wanted, "tried": failure.tried, "since": since, "error": failure.error}}


def _rows(status: Status) -> dict[str, str]:
    rows = {
        "Device": status.device_id,
        "Paired": "yes" if status.paired else _not_paired(status),
        "Agent": "running" if status.running else "not running: sudo systemctl start ghostwatt, or ghostwatt-pi run",
        "Cloud": f"{status.api}, {_online(status)}",
        "Last upload": ago(status.agent.last_upload_at_ms, now_ms()),
        "Waiting": backlog_size(status.buffer),
    }
    if status.buffer.dropped:
        rows["Dropped"] = f"{status.buffer.dropped:,} readings, because the buffer was full"
    for channel, outlet in sorted(status.outlets.items()):
        rows[f"Outlet {channel}"] = _outlet(status.agent, channel, outlet)
    for channel in status.without_outlet:
        rows[f"Channel {channel}"] = "no outlet on the page yet: add one"
    if status.troubles:
        rows["Trouble"] = f"{'; '.join(status.troubles)}. See ghostwatt-pi doctor"
    return rows


def _outlet(agent: AgentState, channel: int, outlet: OutletRecord) -> str:
    """Describe an outlet: its state and the reason, its power and the age of that measurement."""
    parts = [f"{outlet.state} ({outlet.reason})" if outlet.reason else outlet.state]
    if failure := outlet.failure:
        since = ago(failure.since_ms, now_ms())
        parts.append(
            f"the relay does not turn {failure.wanted}: {failure.error} (tried {failure.tried} times, {since})"
        )
    if newest := agent.newest.get(channel):
        parts.append(f"{newest.watts:.1f} W {ago(newest.at_ms, now_ms())}")
    if watts_while_off(agent, channel, outlet):
        parts.append("power still flows")
    return ", ".join(parts)


def _not_paired(status: Status) -> str:
    if status.key_lost:
        return "its key was damaged: make a new one on the page (New key), and see ghostwatt-pi doctor"
    return "no: ghostwatt-pi claim"


def _online(status: Status) -> str:
    if status.online is None:
        return "not asked yet"
    return "online" if status.online else f"offline: {(status.running and status.agent.trouble) or 'no agent runs'}"
