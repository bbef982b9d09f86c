"""`make service` and `make upgrade`: the unit that systemd accepts, and a checkout that moves forward."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local.emulator.template import ROOT
from infra.local.runner.process import running_stack
from infra.local.service.install import OK, STEPS_LEFT, Machine, ServiceError, install, remove
from infra.local.service.unit import UNIT_NAME, Service, environment_text, quoted, unit_text
from infra.local.service.upgrade import upgrade

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@dataclass
class Calls:
    """The commands that were run."""

    commands: list[str] = field(default_factory=list)

    def __call__(self, command: Sequence[str]) -> None:
        self.commands.append(" ".join(command))


@pytest.fixture
def calls() -> Calls:
    return Calls()


def machine(tmp_path: Path, calls: Calls, *, is_root: bool = False, has_systemd: bool = True) -> Machine:
    return Machine(has_systemd, is_root, tmp_path / "root", tmp_path / "home", calls)


@pytest.mark.parametrize("user", ["", "root"])
@pytest.mark.parametrize("folder", ["data", "my data 100%"])
def test_systemd_accepts_the_unit(tmp_path: Path, user: str, folder: str) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed: the unit is not verified")
    data = tmp_path / folder
    data.mkdir()
    path = tmp_path / UNIT_NAME
    path.write_text(unit_text(Service(ROOT, data, ["--port", "8000"], user)))
    scope = [] if user else ["--user"]
    place = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    command = [analyze, *scope, "verify", "--man=no", "--recursive-errors=no", str(path)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=place)
    assert (said.returncode, [line for line in said.stderr.splitlines() if UNIT_NAME in line]) == (0, [])


def test_the_unit_s_command_starts_the_stack_with_its_settings(tmp_path: Path) -> None:
    service = Service(ROOT, tmp_path / "data", ["--port", "0"])
    python, *arguments = service.command
    assert Path(python).exists()
    assert arguments == ["-m", "infra.local", "--data", str(tmp_path / "data"), "--port", "0"]
    with running_stack(tmp_path / "data") as stack:  # the same module and folder
        assert stack.base_url.startswith("http://127.0.0.1:")


def test_a_unit_of_the_system_may_write_to_the_data_folder_only(tmp_path: Path) -> None:
    text = unit_text(Service(ROOT, tmp_path / "data", [], "anna"))
    lines = text.splitlines()
    assert {"User=anna", "ProtectSystem=strict", "ProtectHome=read-only", "CapabilityBoundingSet="} <= {*lines}
    assert [line for line in lines if line.startswith("ReadWritePaths")] == [f"ReadWritePaths={tmp_path / 'data'}"]
    assert "User=" not in unit_text(Service(ROOT, tmp_path / "data", []))


def test_the_install_of_a_person_starts_the_service_now_and_at_boot(tmp_path: Path, calls: Calls) -> None:
    here = machine(tmp_path, calls)
    service = Service(ROOT, tmp_path / "data", [])
    settings = {"TLS": "1", "SMTP_URL": 'smtp://me:pa"ss $1#@mail.example'}
    assert install(here, service, settings) == OK
    assert here.unit_path == tmp_path / "home/.config/systemd/user" / UNIT_NAME
    assert [command for command in calls.commands if command.startswith("systemctl")] == [
        "systemctl --user daemon-reload",
        f"systemctl --user enable {UNIT_NAME}",
        f"systemctl --user restart {UNIT_NAME}",
    ]
    assert any(command.startswith("loginctl enable-linger") for command in calls.commands)
    assert stat.S_IMODE(service.environment_file.stat().st_mode) == 0o600
    assert "SMTP_URL" not in here.unit_path.read_text()


def test_the_settings_survive_their_quotes(tmp_path: Path) -> None:
    value = 'a "b" \\ $c `d` #e'
    path = tmp_path / "env"
    path.write_text(environment_text({"X": value}))
    shell = shutil.which("sh")
    assert shell
    said = subprocess.run([shell, "-c", f'. {path}; printf %s "$X"'], capture_output=True, text=True, check=True)
    assert said.stdout == value
    with pytest.raises(ValueError, match="X has a line break"):
        environment_text({"X": "a\nb"})


def test_the_install_of_root_gives_the_data_to_the_user_of_the_service(tmp_path: Path, calls: Calls) -> None:
    here = machine(tmp_path, calls, is_root=True)
    assert install(here, Service(ROOT, tmp_path / "data", [], "anna"), {}) == OK
    assert here.unit_path == tmp_path / "root/etc/systemd/system" / UNIT_NAME
    assert f"chown anna: {tmp_path / 'data'}" in calls.commands
    assert f"systemctl enable {UNIT_NAME}" in calls.commands


def test_without_systemd_nothing_is_installed_and_the_command_is_shown(
    tmp_path: Path, calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    here = machine(tmp_path, calls, has_systemd=False)
    assert (
        install(here, Service(ROOT, tmp_path / "data", ["--port", "8000"]), {"TLS": "1", "SMTP_URL": "smtp://a b"})
        == STEPS_LEFT
    )
    said = capsys.readouterr().out
    assert "runs no systemd" in said
    assert f"cd {ROOT} && TLS=1 SMTP_URL='smtp://a b' " in said
    assert f"-m infra.local --data {tmp_path / 'data'} --port 8000" in said
    assert not calls.commands
    assert not here.unit_path.exists()


def test_removing_keeps_the_data(tmp_path: Path, calls: Calls) -> None:
    here = machine(tmp_path, calls)
    install(here, Service(ROOT, tmp_path / "data", []), {})
    assert remove(here) == OK
    assert not here.unit_path.exists()
    assert (tmp_path / "data").is_dir()
    assert remove(here) == OK


def test_words_are_quoted_as_systemd_has_it() -> None:
    assert quoted("plain") == "plain"
    assert quoted("a b") == '"a b"'
    assert quoted('50% "x" $y \\') == '"50%% \\"x\\" $$y \\\\"'
    assert quoted("") == '""'


def git(folder: Path, *arguments: str) -> str:
    program = shutil.which("git")
    assert program
    named = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    command = [program, *named, "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that is a version behind; `make runtime` notes what it saw."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet")
    (origin / "Makefile").write_text("runtime:\n\t@cat version > made\n")
    for version in ("1", "2"):
        (origin / "version").write_text(version)
        git(origin, "add", "Makefile", "version")
        git(origin, "commit", "--quiet", "--message", version)
        if version == "1":
            git(tmp_path, "clone", "--quiet", str(origin), "checkout")
    return tmp_path / "checkout"


def test_an_upgrade_backs_up_installs_and_starts_the_service_again(
    checkout: Path, tmp_path: Path, calls: Calls
) -> None:
    here = machine(tmp_path, calls)
    data = tmp_path / "data"
    with running_stack(data):
        pass
    install(here, Service(checkout, data, []), {})
    calls.commands.clear()
    said = upgrade(checkout, data, here, NOW)
    assert (checkout / "made").read_text() == "2"
    assert (tmp_path / "ghostwatt-before-upgrade-20261130-120000.tar.gz").exists()
    assert calls.commands == [f"systemctl --user restart {UNIT_NAME}"]
    assert "Upgraded from" in said
    assert "git reset --hard" in said
    assert upgrade(checkout, data, here, NOW) == "This is the newest version already; nothing was changed."


def test_a_checkout_with_changes_is_left_alone(checkout: Path, tmp_path: Path, calls: Calls) -> None:
    (checkout / "version").write_text("mine")
    with pytest.raises(ServiceError, match="has changes of your own"):
        upgrade(checkout, tmp_path / "data", machine(tmp_path, calls), NOW)
    assert (checkout / "version").read_text() == "mine"
    assert not calls.commands


def test_make_service_passes_the_variables_of_make_serve_on() -> None:
    make = shutil.which("make")
    assert make
    printed = subprocess.run(
        [make, "-n", "-o", "runtime", "service", "PORT=8080", "DATA=/srv/gw", "MQTT_PORT=1883"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    ).stdout  # fmt: skip
    assert "--data /srv/gw" in printed
    assert "--port 8080 --mqtt-port 1883" in printed
    assert "--host" not in printed
