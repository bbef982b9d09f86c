"""`ghostwatt-pi setup`: settings, pairing, a first reading and the service. A second run ends the same."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from ghostwatt_pi.cloud.client import open_http
from ghostwatt_pi.cloud.errors import CloudError
from ghostwatt_pi.cloud.trust import keep_ca
from ghostwatt_pi.commands.context import OK, STEPS_LEFT, Context
from ghostwatt_pi.commands.pairing import pair
from ghostwatt_pi.commands.terminal import ask_at_terminal, is_confirmed
from ghostwatt_pi.event_log import NO_OUTLET
from ghostwatt_pi.meters.serial_meter import NoReading, first_reading
from ghostwatt_pi.meters.serial_ports import choose_port, list_usb_ports
from ghostwatt_pi.platforms.users import is_root
from ghostwatt_pi.settings.config import DEFAULT_DATA_DIR, KEYS, LOCAL_API, config_path
from ghostwatt_pi.settings.config_file import config_text, write_settings
from ghostwatt_pi.setup.service import Step, removal_steps, service_steps, stop_steps
from ghostwatt_pi.setup.system import System, this_system
from ghostwatt_pi.setup.unit import UNIT_NAME


class SetupStopped(Exception):
    """Setup ended before it was complete."""


def setup(context: Context, options: Namespace, system: System | None = None) -> int:
    """Take all steps that can be taken here, and print what is left; returns the exit code."""
    system = system or this_system()
    if options.uninstall:
        return _uninstall(context, options, system)
    settings = context.settings
    if system.is_raspberry_pi and settings.api == LOCAL_API and settings.env != "local" and options.api is None:
        raise SetupStopped(
            "api is not set: give the cloud's address, as in: setup --api https://your-cloud.example/api"
            " (a cloud on this very Pi: setup --env local)"
        )
    installer = Installer(context, options)
    steps = installer.steps()
    if system.can_serve:
        gpio = context.settings.relays == "gpio"
        steps = [*stop_steps(system), *steps, *service_steps(system, context.directory.path, gpio=gpio)]
    else:
        installer.left.append(f"the service needs root and systemd: sudo {_program()} setup")
    _take(steps, system, dry_run=options.dry_run)
    for sentence in installer.left:
        _say(f"Left to do: {sentence}")
    return STEPS_LEFT if installer.left and not options.dry_run else OK


class Installer:
    """The steps that need no root. `left` collects what a person still has to do."""

    def __init__(self, context: Context, options: Namespace) -> None:
        self.left: list[str] = []
        self._context, self._directory, self._settings = context, context.directory, context.settings
        self._given: dict[str, object] = {
            key: getattr(self._settings, key) for key in KEYS if vars(options).get(key) is not None
        }
        self._port = self._settings.serial

    def steps(self) -> list[Step]:
        """Return the steps: directory, serial port, settings, pairing, a first reading."""
        folder = self._directory.path
        steps = [Step(f"make the folder {folder}", self._directory.make)]
        if adopted := _folder_before_sudo(folder):
            steps.append(Step(f"take over {adopted}", lambda: _take_over(adopted, folder)))
        if not self._port:
            steps.append(Step("find the meter's serial port", self._choose_port, _ports_seen()))
        detail = "" if config_path(folder).exists() else config_text(self._given)
        steps.append(Step(f"write {config_path(folder)}", self._write_settings, detail))
        if self._directory.read_key() is None:
            steps.append(Step(f"pair this device with an account at {self._settings.api}", self._pair))
        steps.append(Step(f"wait for a reading at {self._settings.baud} baud", self._test_reading))
        return steps

    def _choose_port(self) -> None:
        self._port = choose_port(list_usb_ports, ask_at_terminal())
        self._given["serial"] = self._port
        _say(f"  the meter is at {self._port}")

    def _write_settings(self) -> None:
        if self._settings.ca_file:
            self._given["ca_file"] = str(keep_ca(self._directory, Path(self._settings.ca_file)))
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in self._given.items()}
        write_settings(self._directory.path, values)

    def _pair(self) -> None:
        if self._directory.read_key() is None and not pair(self._context):
            raise SetupStopped("stopped before the device was paired; begin again with: ghostwatt-pi setup")

    def _test_reading(self) -> None:
        try:
            seen = first_reading(self._port, self._settings.baud, self._context.log)
        except NoReading as error:
            self.left.append(f"{error} Then: ghostwatt-pi doctor")
        else:
            _say(f"  outlet {seen.channel}: {seen.in_words()}")
            self._name_missing_outlet(seen.channel)

    def _name_missing_outlet(self, channel: int) -> None:
        """Say when the page has no outlet for the channel: its readings wait until there is one."""
        key = self._directory.read_key()
        if key is None:
            return
        try:
            with open_http(self._settings) as cloud:
                reply = cloud.heartbeat(key, [])
        except CloudError:  # the doctor says it
            return
        if channel not in {command.channel for command in reply.relays}:
            _say(f"  {NO_OUTLET.format(channel=channel)}")


def _take(steps: Sequence[Step], system: System, *, dry_run: bool) -> None:
    """Take each step, or only print it. A service that was there is started again if a step fails."""
    had_service = system.can_serve and system.unit_path.exists()
    try:
        for step in steps:
            _say(f"Would {step.says}" if dry_run else f"{step.says[0].upper()}{step.says[1:]}")
            if dry_run and step.detail:
                _say("".join(f"    {line}\n" for line in step.detail.splitlines()).rstrip())
            if not dry_run:
                step.do()
    except BaseException:
        if had_service:
            system.run(["systemctl", "start", UNIT_NAME])
        raise


def _uninstall(context: Context, options: Namespace, system: System) -> int:
    if not system.can_serve and not options.dry_run:
        _say(f"Left to do: removing the service needs root: sudo {_program()} setup --uninstall")
        return STEPS_LEFT
    _take(removal_steps(system), System(can_serve=False), dry_run=options.dry_run)
    folder = context.directory.path
    if not folder.exists():
        return OK
    question = f"Delete {folder} too, with identity, key and the readings that wait?"
    if not options.yes and not options.dry_run and is_confirmed(question):
        shutil.rmtree(folder)
    else:
        _say(f"The data stays in {folder}")
    return OK


def _folder_before_sudo(folder: Path) -> Path | None:
    """Return the directory of an earlier setup without root by the caller of sudo, if the service has none yet."""
    user = os.environ.get("SUDO_USER")
    if not is_root() or not user or (folder / "device_identity.json").exists():
        return None
    before = Path(f"~{user}").expanduser() / DEFAULT_DATA_DIR.name
    return before if before != folder and (before / "device_identity.json").exists() else None


def _take_over(before: Path, folder: Path) -> None:
    """Move the files, since two agents of one identity would both send. The identity goes last."""
    for path in sorted(before.iterdir(), key=lambda path: path.name == "device_identity.json"):
        shutil.move(path, folder / path.name)


def _ports_seen() -> str:
    ports = [port.device for port in list_usb_ports() if port.vid is not None]
    return f"plugged in: {', '.join(ports) if ports else 'none'}"


def _program() -> str:
    """Return the whole path of this program: sudo does not search a person's own directories."""
    return shutil.which(sys.argv[0]) or "ghostwatt-pi"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
