"""The systemd unit of the stack: it restarts the stack, which may write to its data folder and to nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

UNIT_NAME = "ghostwatt-stack.service"
"""Not ghostwatt.service, which is the agent's: both may run on one machine."""

UNIT = """\
# Made by `make service`; your own changes belong into `systemctl {scope}edit {unit_name}`.
[Unit]
Description=Ghostwatt: API, page, MQTT broker and database
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
WorkingDirectory={root}
ExecStart={command}
EnvironmentFile=-{environment_file}
Environment=PYTHONUNBUFFERED=1
Restart=always
RestartSec=5
KillSignal=SIGINT
KillMode=mixed
TimeoutStopSec=60
LimitNOFILE=65536
UMask=0077
{user}
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=user net
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
{sandbox}
MemoryMax=1G
TasksMax=256

[Install]
WantedBy={wanted_by}
"""
# RestrictNamespaces: the database gets a network of its own (docs/decisions/0007).
SYSTEM_SANDBOX = """\
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={data}
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
"""
"""What only the system's own manager can set up."""


@dataclass(frozen=True, slots=True)
class Service:
    """What the unit runs.

    Attributes:
        root: The checkout.
        data: The data folder.
        options: Of `python -m infra.local`, without --data.
        user: Who runs it; "" for a unit of the person's own manager.
    """

    root: Path
    data: Path
    options: Sequence[str]
    user: str = ""

    @property
    def command(self) -> list[str]:
        """The command that the unit starts."""
        return [str(self.root / ".venv/bin/python"), "-m", "infra.local", "--data", str(self.data), *self.options]

    @property
    def environment_file(self) -> Path:
        """The file of its settings, which may hold a password (SMTP_URL)."""
        return self.data / "service.env"


def unit_text(service: Service) -> str:
    """Return the unit: of the system with a user, else of the person's own manager."""
    is_system = bool(service.user)
    return UNIT.format(
        unit_name=UNIT_NAME,
        scope="" if is_system else "--user ",
        root=_escaped(str(service.root)),
        command=" ".join(map(quoted, service.command)),
        environment_file=_escaped(str(service.environment_file)),
        user=f"\nUser={service.user}\n" if is_system else "",
        sandbox=SYSTEM_SANDBOX.format(data=quoted(str(service.data))) if is_system else "",
        wanted_by="multi-user.target" if is_system else "default.target",
    )


def quoted(word: str) -> str:
    """Quote a word for ExecStart and lists (systemd.syntax(7))."""
    escaped = _escaped(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"' if any(character in escaped for character in " \t\"'\\;") or not escaped else escaped


def _escaped(text: str) -> str:
    """Escape what systemd takes for a specifier."""
    return text.replace("%", "%%")


def environment_text(settings: dict[str, str]) -> str:
    """Return the file of settings; a value is quoted, so that a # or a blank in a password stays."""
    lines = []
    for name, value in settings.items():
        if "\n" in value:
            raise ValueError(f"{name} has a line break")
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
        lines.append(f'{name}="{escaped}"\n')
    return "".join(lines)
