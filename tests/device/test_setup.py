"""setup: with a real pseudo-terminal as the Arduino, and a machine below a folder instead of this one."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import threading
import tomllib
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.parser import build_parser
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.meters.serial_meter import NoReading, first_reading
from ghostwatt_pi.meters.serial_ports import choose_port
from ghostwatt_pi.settings.config import BadSetting, load_settings
from ghostwatt_pi.setup.command import SetupStopped, setup
from ghostwatt_pi.setup.program import install_program, requirement
from ghostwatt_pi.setup.system import CommandFailed, System, run_command
from ghostwatt_pi.version import VERSION

from .conftest import RecordedLog
from .fake_cloud import FakeCloud

SOURCE = Path(__file__).parents[2] / "device"


@pytest.fixture
def arduino() -> Iterator[str]:
    """The port of an Arduino that measures ten times a second."""
    with speaking(b'{"port": 1, "voltage": 229.5, "current": 0.1, "power": 23.0}\n') as port:
        yield port


@contextmanager
def speaking(line: bytes) -> Iterator[str]:
    """A port on which this line comes ten times a second."""
    ours, theirs = pty.openpty()
    stop = threading.Event()

    def speak() -> None:
        while not stop.wait(0.1):
            os.write(ours, line)

    thread = threading.Thread(target=speak)
    thread.start()
    yield os.ttyname(theirs)
    stop.set()
    thread.join()
    os.close(ours)
    os.close(theirs)


class Commands(list[str]):
    """What setup ran; `fail` is the beginning of a command that fails."""

    fail = "never"

    def __call__(self, command: Sequence[str]) -> None:
        self.append(" ".join(command))
        if "venv" in command:
            Path(command[-1]).mkdir(parents=True)
        if self[-1].startswith(self.fail):
            raise CommandFailed(f"{self[-1]}: as told")


class Machine:
    """A machine below `root`."""

    def __init__(self, root: Path, cloud: FakeCloud, arduino: str, *, can_serve: bool) -> None:
        self.ran, self.log = Commands(), RecordedLog()
        self.system = System(can_serve=can_serve, root=root, run=self.ran)
        self.directory = DataDirectory(root / "var/lib/ghostwatt", make=False)
        self._flags = ["--api", cloud.url, "--serial", arduino, "--port", "0", "--data", str(self.directory.path)]

    def setup(self, *flags: str) -> int:
        options: Namespace = build_parser().parse_args(["setup", *self._flags, *flags])
        settings = load_settings(vars(options), {})
        return setup(Context(settings, self.directory, self.log), options, self.system)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The agent as a wheel, built from a copy of its sources: setuptools writes beside them."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md"):
        shutil.copyfile(SOURCE / name, copy / name)
    shutil.copytree(SOURCE / "ghostwatt_pi", copy / "ghostwatt_pi")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", folder, copy], check=True)
    (built,) = folder.glob("ghostwatt_pi-*.whl")
    return built


@pytest.fixture
def machine(tmp_path: Path, cloud: FakeCloud, arduino: str) -> Machine:
    """One where a service can be installed."""
    cloud.claim_state = "approved"
    return Machine(tmp_path, cloud, arduino, can_serve=True)


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_setup_makes_all_ready_and_a_second_time_ends_the_same(
    machine: Machine, cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.setup() == 0
    shown = capsys.readouterr().out
    assert "outlet 1: 229.5 V, 0.100 A, 23.0 W" in shown
    assert machine.log.of("claim")[0]["userCode"] == "ABCD-2345"
    assert machine.directory.read_key() == "key-1"
    assert tomllib.loads((machine.directory.path / "config.toml").read_text())["api"] == cloud.url
    assert machine.ran[-3:] == [
        "systemctl daemon-reload", "systemctl enable ghostwatt.service", "systemctl restart ghostwatt.service"
    ]  # fmt: skip
    before = {path: path.read_bytes() for path in (machine.system.unit_path, machine.directory.path / "config.toml")}
    assert machine.setup() == 0
    assert {path: path.read_bytes() for path in before} == before
    assert cloud.count("/device/claim") == 1


def test_setup_says_when_the_page_has_no_outlet_for_the_channel_yet(
    machine: Machine, cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.relays.clear()
    assert machine.setup() == 0
    assert "Channel 1 has no outlet on the page yet: add one" in capsys.readouterr().out


def test_the_services_program_takes_the_place_of_an_older_one_and_runs_by_itself(tmp_path: Path, wheel: Path) -> None:
    program = tmp_path / "ghostwatt-pi"
    (program / "bin").mkdir(parents=True)
    install_program(program, run_command, wheel.as_uri())
    command = [str(program / "bin/python"), "-I", "-m", "ghostwatt_pi", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{VERSION}\n"), done.stderr
    held = {path.name for path in program.glob("lib/python*/site-packages/*")}
    assert held >= {"ghostwatt_pi", "serial", "requests", "segno", "tomlkit", "paho"}
    assert not held & {"boto3", "botocore", "chalice", "pynamodb"}
    assert [path.name for path in tmp_path.iterdir()] == [program.name]


def test_the_service_gets_the_version_and_the_extras_that_are_installed_here() -> None:
    """Here that is paho, and gpiozero without lgpio."""
    assert requirement(None) == f"ghostwatt-pi[mqtt]=={VERSION}"
    assert requirement("file:///a.whl") == "ghostwatt-pi[mqtt] @ file:///a.whl"


def test_a_dry_run_shows_all_and_changes_nothing(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(machine.system.root)
    assert machine.setup("--dry-run") == 0
    shown = capsys.readouterr().out
    assert files(machine.system.root) == before
    assert (machine.ran, machine.log) == ([], [])
    for part in ("Would make the user ghostwatt", "Would pair", "WatchdogSec=300", "# baud = 9600", "Would start"):
        assert part in shown, part


def test_without_root_or_systemd_all_else_is_done_and_the_rest_is_named(
    tmp_path: Path, cloud: FakeCloud, arduino: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.claim_state = "approved"
    machine = Machine(tmp_path, cloud, arduino, can_serve=False)
    assert machine.setup() == 5
    assert "Left to do: the service needs root and systemd: sudo" in capsys.readouterr().out
    assert machine.directory.read_key() == "key-1"
    assert machine.ran == []


def test_a_setup_that_fails_starts_the_service_that_was_there(machine: Machine) -> None:
    machine.setup()
    machine.ran.clear()
    machine.ran.fail = "systemctl daemon-reload"
    with pytest.raises(CommandFailed, match="as told"):
        machine.setup()
    assert machine.ran[0] == "systemctl stop ghostwatt.service"
    assert machine.ran[-1] == "systemctl start ghostwatt.service"


def test_uninstalling_removes_the_service_and_keeps_the_data(machine: Machine) -> None:
    machine.setup()
    machine.ran.clear()
    assert machine.setup("--uninstall") == 0
    assert machine.ran[0] == "systemctl disable --now ghostwatt.service"
    assert not machine.system.unit_path.exists()
    assert not machine.system.program_dir.exists()
    assert machine.directory.read_key() == "key-1"


def test_a_silent_meter_is_left_to_do(
    tmp_path: Path, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.claim_state = "approved"
    machine = Machine(tmp_path, cloud, "/dev/does-not-exist", can_serve=True)
    monkeypatch.setattr(first_reading, "__defaults__", (0.5,))
    assert machine.setup() == 5
    assert "Left to do: /dev/does-not-exist cannot be opened" in capsys.readouterr().out


@dataclass
class Port:
    device: str
    vid: int | None = None
    pid: int | None = None
    serial_number: str | None = None


ARDUINO, CLOCK, OTHER = Port("/dev/ttyACM0", 0x2341), Port("/dev/ttyUSB0", 0x1A86), Port("/dev/ttyACM1", 0x9999)


@pytest.mark.parametrize(
    ("ports", "chosen"),
    [([ARDUINO], "/dev/ttyACM0"), ([OTHER], "/dev/ttyACM1"), ([OTHER, CLOCK, Port("/dev/ttyS0")], "/dev/ttyUSB0")],
)
def test_the_port_of_a_known_vendor_goes_first(ports: list[Port], chosen: str) -> None:
    assert choose_port(lambda: ports, None) == chosen


def test_of_several_ports_a_person_chooses_and_a_script_is_told_their_names() -> None:
    answers = iter(["", "3", "2"])
    assert choose_port(lambda: [ARDUINO, CLOCK], lambda _: next(answers)) == "/dev/ttyUSB0"
    with pytest.raises(BadSetting, match=r"/dev/ttyACM0 \(Arduino\), /dev/ttyUSB0 \(CH340\)"):
        choose_port(lambda: [CLOCK, ARDUINO], None)
    with pytest.raises(BadSetting, match="none is plugged in"):
        choose_port(list, None)


def test_a_meter_that_talks_nonsense_is_not_called_silent(log: RecordedLog) -> None:
    with (
        speaking(b"\xff\xfe nonsense\n") as port,
        pytest.raises(NoReading, match="lines that are not readings: is 9600 its baud rate"),
    ):
        first_reading(port, 9600, log, seconds=1)


def test_a_wheel_is_built_and_runs_where_nothing_else_of_ours_is(tmp_path: Path, wheel: Path) -> None:
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*install, tmp_path / "site", wheel], check=True)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [tmp_path / "site/bin/ghostwatt-pi", "--version"], capture_output=True, text=True, env=environment, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"{VERSION}\n"), done.stderr
    packed = {str(path.relative_to(tmp_path / "site")) for path in (tmp_path / "site/ghostwatt_pi").rglob("*.py")}
    assert packed == {str(path.relative_to(SOURCE)) for path in (SOURCE / "ghostwatt_pi").rglob("*.py")}


def test_setup_on_a_pi_asks_for_the_clouds_address(tmp_path: Path) -> None:
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_bytes(b"Raspberry Pi 4 Model B Rev 1.4\0")
    system = System(can_serve=False, root=tmp_path, run=lambda _: None)
    for flags, stops in (([], True), (["--env", "local", "--dry-run"], False), (["--dry-run"], True)):
        options = build_parser().parse_args(["setup", "--data", str(tmp_path / "pi"), *flags])
        context = Context(load_settings(vars(options), {}), DataDirectory(tmp_path / "pi", make=False), RecordedLog())
        if stops:
            with pytest.raises(SetupStopped, match="--api"):
                setup(context, options, system)
        else:
            assert setup(context, options, system) == 0
