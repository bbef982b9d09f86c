"""`ghostwatt-pi status`: what the agent does, read from its folder beside it."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass

from ghostwatt_pi import identity
from ghostwatt_pi.clock import now_ms
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.exit_codes import OK, UNWELL
from ghostwatt_pi.commands.words import ago, iso, print_json, print_rows
from ghostwatt_pi.local.state_file import AgentState, read_state
from ghostwatt_pi.outlets.outlets import Outlet, recall
from ghostwatt_pi.spool.look import SpoolLook, look


@dataclass(frozen=True)
class Status:
    """The agent now. `online`: whether the cloud answered the running agent last; None when nobody knows."""

    device_id: str
    api: str
    paired: bool
    running: bool
    agent: AgentState
    spool: SpoolLook
    outlets: dict[int, Outlet]

    @property
    def online(self) -> bool | None:
        """Only a running agent is online."""
        return self.agent.is_online if self.running else False

    @property
    def is_well(self) -> bool:
        """Whether readings go where they should."""
        return self.paired and self.running and self.online is not False


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
    home = context.home
    return Status(
        device_id=identity.device_id(home),
        api=context.settings.api,
        paired=home.read_key() is not None,
        running=home.is_in_use(),
        agent=read_state(home.state_path),
        spool=look(home),
        outlets=recall(home.outlets_path),
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
        "spool": {"readings": found.spool.depth, "bytes": found.spool.bytes, "dropped": found.spool.dropped},
        "outlets": [
            {"channel": channel, "portId": outlet.port_id, "state": outlet.state, "reason": outlet.reason}
            for channel, outlet in sorted(found.outlets.items())
        ],
    }


def _rows(found: Status) -> dict[str, str]:
    rows = {
        "Device": found.device_id,
        "Paired": "yes" if found.paired else "no: ghostwatt-pi claim",
        "Agent": "running" if found.running else "not running: sudo systemctl start ghostwatt, or ghostwatt-pi run",
        "Cloud": f"{found.api}, {_online(found)}",
        "Last upload": ago(found.agent.last_upload_at_ms, now_ms()),
        "Waiting": f"{found.spool.depth:,} readings, {found.spool.bytes / 1e6:.1f} MB",
    }
    if found.spool.dropped:
        rows["Dropped"] = f"{found.spool.dropped:,} readings, since the spool was full"
    for channel, outlet in sorted(found.outlets.items()):
        rows[f"Outlet {channel}"] = f"{outlet.state} ({outlet.reason})" if outlet.reason else outlet.state
    return rows


def _online(found: Status) -> str:
    if found.online is None:
        return "not asked yet"
    return "online" if found.online else f"offline: {(found.running and found.agent.trouble) or 'no agent runs'}"
