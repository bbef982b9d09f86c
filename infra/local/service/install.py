"""python -m infra.local.service.install: run the stack at boot, as a systemd service (`make service`)."""

from __future__ import annotations

import argparse
import getpass
import os
import pwd
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.emulator.template import ROOT
from infra.local.runner.options import SETTINGS
from infra.local.service.unit import UNIT_NAME, Service, environment_text, unit_text
from infra.local.tls.authority import write_whole

KEPT = (*SETTINGS, "SMTP_URL", "MAIL_FROM")
"""The variables that a service gets from the command that installs it."""
OK, ERROR, STEPS_LEFT = 0, 1, 5
Run = Callable[[Sequence[str]], None]


class ServiceError(Exception):
    """The service was not installed; the text says why."""


def run_command(command: Sequence[str]) -> None:
    """Run a command of the system. Raises ServiceError."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own commands
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip()
        raise ServiceError(f"{' '.join(command)}: {said}") from error


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that gets the service.

    Attributes:
        has_systemd: Whether systemd runs here.
        is_root: Whether this process may install a service of the system.
        root: Where the file system begins.
        home: The home folder of who runs this.
        run: Runs a command of the system.
    """

    has_systemd: bool
    is_root: bool
    root: Path = Path("/")
    home: Path = Path()
    run: Run = run_command

    @property
    def unit_path(self) -> Path:
        """Where the unit lies."""
        if self.is_root:
            return self.root / "etc/systemd/system" / UNIT_NAME
        return self.home / ".config/systemd/user" / UNIT_NAME

    def systemctl(self, *arguments: str) -> None:
        """Call systemctl. Raises ServiceError."""
        self.run(["systemctl", *([] if self.is_root else ["--user"]), *arguments])


def this_machine() -> Machine:
    """Return the machine that this program runs on."""
    return Machine(Path("/run/systemd/system").is_dir(), os.geteuid() == 0, home=Path.home())


def owner_of(path: Path) -> str:
    """Return the name of a folder's owner: who runs the service of the system."""
    return pwd.getpwuid(path.stat().st_uid).pw_name


def install(machine: Machine, service: Service, settings: Mapping[str, str]) -> int:
    """Write settings and unit, and start the service now and at each boot; a second call changes what differs.

    Returns:
        OK, or STEPS_LEFT where there is no systemd: then it has said what is left to do.
    """
    if not machine.has_systemd:
        _say("This machine runs no systemd, so nothing was installed. Start this at boot by other means:")
        _say(f"  {_line(service, settings)}")
        _say("With cron: crontab -e, and a line that begins with @reboot. In a terminal: make serve.")
        return STEPS_LEFT
    service.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(service.environment_file, environment_text(dict(settings)).encode())
    if machine.is_root:
        for path in (service.data, service.environment_file):
            machine.run(["chown", f"{service.user}:", str(path)])
    machine.unit_path.parent.mkdir(parents=True, exist_ok=True)
    machine.unit_path.write_text(unit_text(service), encoding="utf-8")
    machine.systemctl("daemon-reload")
    if not machine.is_root:
        machine.run(["loginctl", "enable-linger", getpass.getuser()])  # else it ends with the last log-out
    machine.systemctl("enable", UNIT_NAME)
    machine.systemctl("restart", UNIT_NAME)
    user = "" if machine.is_root else "--user "
    _say(
        f"The stack runs, now and after each boot. Its log: journalctl {user}-u {UNIT_NAME.removesuffix('.service')} -f"
    )
    return OK


def remove(machine: Machine) -> int:
    """Stop the service and remove its unit; the data stays."""
    if not machine.unit_path.exists():
        _say("There is no service here.")
        return OK
    machine.systemctl("disable", "--now", UNIT_NAME)
    machine.unit_path.unlink()
    machine.systemctl("daemon-reload")
    _say("The service is removed. The data stays.")
    return OK


def _line(service: Service, settings: Mapping[str, str]) -> str:
    variables = "".join(f"{name}={shlex.quote(value)} " for name, value in settings.items())
    return f"cd {shlex.quote(str(service.root))} && {variables}{shlex.join(service.command)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Install or remove the service."""
    options, stack_options = _parser().parse_known_args(arguments)
    machine, data = this_machine(), options.data.resolve()
    user = owner_of(data if data.exists() else ROOT) if machine.is_root else ""
    try:
        if options.remove:
            return remove(machine)
        settings = {name: os.environ[name] for name in KEPT if os.environ.get(name)}
        return install(machine, Service(ROOT, data, stack_options, user), settings)
    except (ServiceError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local.service.install", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--remove", action="store_true", help="remove the service; the data stays")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
