"""The steps that install the agent as a service, and those that remove it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ghostwatt_pi.platforms.users import group_exists, user_exists
from ghostwatt_pi.setup.program import install_program
from ghostwatt_pi.setup.system import System
from ghostwatt_pi.setup.unit import UNIT_NAME, USER, groups, unit_text


@dataclass(frozen=True)
class Step:
    """One step: `says` names it, `do` takes it, and a dry run shows `detail`."""

    says: str
    do: Callable[[], None]
    detail: str = ""


def service_steps(system: System, data_dir: Path, *, gpio: bool) -> list[Step]:
    """Return the steps: user, program, owner of the directory, unit, start. Each may be taken again."""
    run, python = system.run, system.program_dir / "bin/python"
    unit = unit_text(f"{python} -m ghostwatt_pi", data_dir, gpio=gpio)
    return [
        Step(f"make the user {USER}, in {', '.join(groups(gpio=gpio))}", lambda: _make_user(system, gpio=gpio)),
        Step(f"install this program in {system.program_dir}", lambda: install_program(system.program_dir, run)),
        Step(f"give {data_dir} to {USER}", lambda: run(["chown", "--recursive", f"{USER}:{USER}", str(data_dir)])),
        Step(f"write {system.unit_path}", lambda: _write_unit(system, unit), unit),
        Step("let systemd read it", lambda: run(["systemctl", "daemon-reload"])),
        Step("start the service, now and at every boot", lambda: _start(system)),
    ]


def stop_steps(system: System) -> list[Step]:
    """Return the steps that free the serial port for the test, where the service is installed already."""
    if not system.unit_path.exists():
        return []
    return [Step("stop the service meanwhile", lambda: system.run(["systemctl", "stop", UNIT_NAME]))]


def removal_steps(system: System) -> list[Step]:
    """Return the steps that remove service, unit, program and user; the data stays."""
    steps = []
    if system.unit_path.exists():
        steps = [
            Step("stop the service", lambda: system.run(["systemctl", "disable", "--now", UNIT_NAME])),
            Step(f"remove {system.unit_path}", system.unit_path.unlink),
            Step("let systemd forget it", lambda: system.run(["systemctl", "daemon-reload"])),
        ]
    if system.program_dir.exists():
        steps.append(Step(f"remove {system.program_dir}", lambda: shutil.rmtree(system.program_dir)))
    if user_exists(USER):
        steps.append(Step(f"remove the user {USER}", lambda: system.run(["userdel", USER])))
    return steps


def _make_user(system: System, *, gpio: bool) -> None:
    if not user_exists(USER):
        no_home = ["--home-dir", "/nonexistent", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        system.run(["useradd", "--system", "--user-group", *no_home, USER])
    for group in groups(gpio=gpio):
        if group_exists(group):
            system.run(["usermod", "--append", "--groups", group, USER])


def _write_unit(system: System, text: str) -> None:
    system.unit_path.parent.mkdir(parents=True, exist_ok=True)
    system.unit_path.write_text(text)


def _start(system: System) -> None:
    system.run(["systemctl", "enable", UNIT_NAME])
    system.run(["systemctl", "restart", UNIT_NAME])
