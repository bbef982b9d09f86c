"""The systemd unit: it restarts the agent, and lets it touch only its own files and devices."""

from __future__ import annotations

from pathlib import Path

UNIT_NAME = "ghostwatt.service"
USER = "ghostwatt"
WATCHDOG_SECONDS = 300
"""A turn of the agent may wait for two answers of the cloud, 40 s each, and for relays that do not confirm."""

UNIT = """\
# Made by `ghostwatt-pi setup`; your own changes belong into `systemctl edit {unit_name}`.
[Unit]
Description=Ghostwatt agent: reads power meters, keeps readings, switches outlets
Wants=network-online.target
After=network-online.target time-sync.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={program} run --data {data_dir}
Restart=always
RestartSec=5
WatchdogSec={watchdog_seconds}
TimeoutStopSec=60

User={user}
Group={user}
SupplementaryGroups={groups}
StateDirectory=ghostwatt
StateDirectoryMode=0700
ReadWritePaths={data_dir}
UMask=0077

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

DevicePolicy=closed
{devices}
MemoryMax=200M
TasksMax=64

[Install]
WantedBy=multi-user.target
"""

SERIAL_DEVICES = ("char-ttyACM", "char-ttyUSB", "char-ttyAMA", "char-ttyS")
"""By class, not by path: an Arduino that is plugged in again may come back under the next name."""
GPIO_DEVICES = ("char-gpiochip", "/dev/gpiomem")


def unit_text(program: str, data_dir: Path, *, gpio: bool = False) -> str:
    """Return the unit that starts `program` (a path, perhaps with arguments) on this data directory."""
    devices = SERIAL_DEVICES + (GPIO_DEVICES if gpio else ())
    return UNIT.format(
        unit_name=UNIT_NAME,
        program=program,
        data_dir=data_dir,
        watchdog_seconds=WATCHDOG_SECONDS,
        user=USER,
        groups=" ".join(groups(gpio=gpio)),
        devices="".join(f"DeviceAllow={device} rw\n" for device in devices),
    )


def groups(*, gpio: bool = False) -> tuple[str, ...]:
    """Return the groups that may use the serial port and, with `gpio`, the pins."""
    return ("dialout", "gpio") if gpio else ("dialout",)
