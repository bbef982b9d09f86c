"""How the agent is: its own word while it runs, else what it last wrote."""

from __future__ import annotations

from ghostwatt_pi.buffer.stats import BufferStats
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.local.state_file import AgentState, parse_state, read_state
from ghostwatt_pi.measurement import GAP_MS, now_ms
from ghostwatt_pi.outlets.hand import NoAgent, ask_agent
from ghostwatt_pi.outlets.memory import Outlet, recall

OFF_WATTS = 0.5
SETTLE_MS = 10_000
"""More than this through an outlet that has been off for so long, and its relay does not do what it says."""


def agent_state(directory: DataDirectory) -> AgentState:
    """The state of the agent in this folder."""
    try:
        return parse_state(ask_agent(directory.switch_path))
    except (NoAgent, AttributeError, KeyError, TypeError, ValueError):
        return read_state(directory.state_path)


def watts_past_off(agent: AgentState, channel: int, outlet: Outlet) -> float | None:
    """What flows though the outlet is off; None when nothing does, or nobody knows."""
    newest = agent.newest.get(channel)
    if newest is None or outlet.state == "on" or outlet.switched_at_ms is None:
        return None
    is_recent = now_ms() - newest.at_ms <= GAP_MS and newest.at_ms - outlet.switched_at_ms >= SETTLE_MS
    return newest.watts if is_recent and newest.watts > OFF_WATTS else None


def channels_without_outlet(directory: DataDirectory, buffer: BufferStats) -> list[int]:
    """The channels whose readings wait, or come now, and that the page has no outlet for, as far as the cloud said."""
    agent, outlets = agent_state(directory), recall(directory.outlets_path)
    if not outlets and agent.is_online is None:
        return []
    now = set(agent.newest) if directory.is_in_use() else set()
    return sorted(({each.channel for each in buffer.waiting} | now) - outlets.keys())
