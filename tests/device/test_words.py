"""What a person reads when something is wrong, and what a script gets: real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.cli import main
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.parser import build_parser
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.meters.base import MeterWithRelays
from ghostwatt_pi.outlets import control_socket
from ghostwatt_pi.outlets.control_socket import ControlServer
from ghostwatt_pi.outlets.gpio import GpioRelays
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.settings.config import KEYS, flag, load_settings
from ghostwatt_pi.setup import installing
from ghostwatt_pi.setup.system import System
from gpiozero.pins.mock import MockFactory

from .conftest import ScriptedMeter, Told, until
from .fake_cloud import FakeCloud
from .processes import Started, events, next_event

SIMULATE = ["simulate", "--profile", "television", "--interval", "0.1", "--seed", "1"]


@contextmanager
def server(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """Something that answers every call so; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, args=[0.02], daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


def claim(folder: Path, api: str, *, seconds: float = 30) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ghostwatt_pi", "claim", "--data", str(folder), "--port", "0", "--api", api]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"{}"), (405, b""), (200, b"<!doctype html>"), (200, b"[]"), (404, b"<html>")]
)
def test_a_claim_at_a_server_that_is_no_ghostwatt_ends_and_says_so(tmp_path: Path, status: int, body: bytes) -> None:
    with server(status, body) as url:
        done = claim(tmp_path, f"{url}/apii")
    assert done.returncode == 1
    assert f"{url}/apii is no Ghostwatt cloud" in done.stderr
    assert "ends with /api" in done.stderr


def test_a_claim_at_an_address_that_points_elsewhere_says_where(tmp_path: Path) -> None:
    with server(301, b"", Location="https://cloud.example/api/health") as url:
        done = claim(tmp_path, f"{url}/api")
    assert (done.returncode, "https://cloud.example/api" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("api", "named"),
    [
        ("http://127.0.0.1:9/api", "firewall"),
        ("http://no-such-name.invalid/api", "Pi online"),
        ("https", "does not speak HTTPS"),
    ],
)
def test_a_claim_that_must_wait_says_once_why(pi: Started, api: str, named: str) -> None:
    (pi.folder / "api_key").unlink()
    api = pi.cloud.url.replace("http", "https") if api == "https" else api
    command = [sys.executable, "-m", "ghostwatt_pi", "claim", "--tell", "json", "--port", "0", "--api", api]
    process = subprocess.Popen([*command, "--data", str(pi.folder)], stdout=subprocess.PIPE, text=True)
    pi.running.append(process)
    next_event(process, "away")
    assert named in str(next_event(process, "warning")["text"])


def test_a_claim_of_a_pi_that_is_paired_and_well_has_nothing_to_do(cloud: FakeCloud, pi: Started) -> None:
    cloud.owned = True
    code, out = pi.ask("claim")
    assert (code, "paired already" in out) == (0, True)
    code, out = pi.ask("claim", "--json")
    assert (code, json.loads(out)["paired"]) == (0, True)
    assert cloud.count("/device/claim") == 0


def test_who_owns_the_device_already_is_not_told_to_end_its_history(cloud: FakeCloud, pi: Started) -> None:
    cloud.owned, cloud.api_key = True, "another"
    assert pi.ask("claim")[0] == 1
    assert "new key" in pi.said


def test_sending_the_backlog_with_a_refused_key_ends(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> None:
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        buffer.add([Measurement(1, now_ms() - 1000, 230.0, 0.1, 5.0)])
    cloud.api_key = "another"
    code, out = pi.ask("backlog", "--send")
    assert (code, "refuses" in out) == (3, True)


@pytest.mark.parametrize(
    "arguments",
    [["run", "--baud", "x"], ["status", "--api", "ftp://x"], ["switch", "33", "on"], ["switch", "one", "on"],
     ["replay", "a.csv", "--channel", "0"], ["doctor", "--switch", "99"], ["simulate", "--transport", "pigeon"]],
)  # fmt: skip
def test_a_wrong_flag_is_a_wrong_command_line(tmp_path: Path, arguments: list[str]) -> None:
    try:
        code = main([*arguments, "--data", str(tmp_path)])
    except SystemExit as ended:
        code = int(str(ended.code))
    assert code == 2


def test_a_wrong_setting_that_is_no_flag_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('baud = "x"')
    assert main(["run", "--data", str(tmp_path)]) == 1


@pytest.mark.parametrize("command", ["run", "claim", "replay", "doctor", "setup", "switch", "backlog", "status"])
def test_the_usage_of_a_command_is_one_line_and_lists_no_setting(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args([command, "--help"])
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: ghostwatt-pi {command}")
    assert shown.splitlines()[1] == ""
    assert "--gpio-pins" not in shown
    assert "ghostwatt-pi settings" in shown


def test_every_setting_is_listed_once_with_its_choices(pi: Started) -> None:
    code, out = pi.ask("settings", "--transport", "mqtt")
    assert code == 0
    lines = out.splitlines()
    for key in KEYS:
        assert sum(line.split()[:1] == [flag(key)] for line in lines) == 1, key
    assert "--transport {http,mqtt}  now: mqtt" in lines
    assert "--relay-after-power-loss {keep,on,off}" in lines


def test_a_channel_without_an_outlet_is_named_wherever_it_matters(
    cloud: FakeCloud, pi: Started, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("t_seconds,power_w\n0,5\n5,6\n")
    process = pi.start("replay", str(tmp_path / "a.csv"), "--channel", "5")
    told = events(process)
    assert [event["channel"] for event in told if event["event"] == "no_outlet"] == [5]
    assert process.returncode == 3
    for command in ("status", "backlog"):
        out = pi.ask(command)[1]
        assert "no outlet on the page yet: add one" in out
        assert "Channel 5" in out
    assert json.loads(pi.ask("status", "--json")[1])["channelsWithoutOutlet"] == [5]


def test_a_replay_counts_what_waited_from_before(
    cloud: FakeCloud, pi: Started, directory: DataDirectory, tmp_path: Path
) -> None:
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        buffer.add([Measurement(1, now_ms() - 60_000 + n, 230.0, 0.1, 5.0) for n in range(3)])
    (tmp_path / "a.csv").write_text("t_seconds,power_w\n0,5\n5,6\n")
    finished = events(pi.start("replay", str(tmp_path / "a.csv")))[-1]
    assert (finished["sent"], finished["stored"], finished["waiting"]) == (5, 5, 0)


@pytest.mark.parametrize("text", ["t_seconds,power_w\n0,5\n5,inf\n10,7\n", "a,b\n1,2\n", None])
def test_a_bad_recording_is_found_before_pairing_and_nothing_of_it_is_sent(
    cloud: FakeCloud, pi: Started, directory: DataDirectory, tmp_path: Path, text: str | None
) -> None:
    directory.key_path.unlink()
    if text is not None:
        (tmp_path / "bad.csv").write_text(text)
    assert pi.ask("replay", str(tmp_path / "bad.csv"))[0] == 1
    assert "bad.csv" in pi.said
    assert cloud.calls == []
    assert not directory.buffer_path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user: not tried")
def test_who_may_not_look_is_told_of_sudo(tmp_path: Path) -> None:
    folder = tmp_path / "service"
    folder.mkdir(mode=0o700)
    script = f"""
import os, sys
from ghostwatt_pi.cli import main
os.setgid(65534); os.setuid(65534)
sys.argv = ["ghostwatt-pi", "status", "--data", {str(folder)!r}]
sys.exit(main(sys.argv[1:]))
"""
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "permission denied" in done.stderr
    assert f"sudo ghostwatt-pi status --data {folder}" in done.stderr
    assert "[Errno" not in done.stderr


def test_setup_on_a_pi_asks_for_the_clouds_address(tmp_path: Path) -> None:
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_bytes(b"Raspberry Pi 4 Model B Rev 1.4\0")
    system = System(can_serve=False, root=tmp_path, run=lambda _: None)
    for flags, stops in (([], True), (["--env", "local", "--dry-run"], False), (["--dry-run"], True)):
        options = build_parser().parse_args(["setup", "--data", str(tmp_path / "pi"), *flags])
        context = Context(load_settings(vars(options), {}), DataDirectory(tmp_path / "pi", make=False), Told())
        if stops:
            with pytest.raises(installing.SetupStopped, match="--api"):
                installing.setup(context, options, system)
        else:
            assert installing.setup(context, options, system) == 0


def test_a_hand_request_that_nobody_waits_for_any_more_is_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "ANSWER_SECONDS", 0.05)
    switched: list[int] = []
    with ControlServer(tmp_path / "switch.sock") as server_of_control:
        with pytest.raises(RelayError, match="was not switched"):
            server_of_control.request_switch(1, "off")
        server_of_control.serve(lambda channel, _state, _done: switched.append(channel))
    assert switched == []


def test_a_damaged_request_on_the_socket_is_answered(tmp_path: Path) -> None:
    server_of_control = ControlServer(tmp_path / "switch.sock", lambda: {"is_online": True})
    with server_of_control.running():
        assert control_socket.request_state(tmp_path / "switch.sock") == {"is_online": True}
        with pytest.raises(RelayError, match="not a request"):
            control_socket.switch_through_agent(tmp_path / "switch.sock", "x", "off")  # type: ignore[arg-type]


def test_pins_are_let_go_with_their_meter() -> None:
    factory = MockFactory()
    relays = GpioRelays((17,), factory=factory)
    meter = MeterWithRelays(ScriptedMeter(), relays)
    meter.relays.switch(1, "off")
    meter.close()
    GpioRelays((17,), factory=factory).switch(1, "off")
    factory.reset()


def test_a_lost_meter_is_said_in_plain_words(pi: Started, tmp_path: Path) -> None:
    agent = pi.start("run", "--serial", str(tmp_path / "ttyACM0"))
    assert next_event(agent, "meter_lost")["error"] == "it is not plugged in"


def test_an_unplugged_meter_is_said_in_plain_words(cloud: FakeCloud, pi: Started) -> None:
    ours, theirs = os.openpty()
    agent = pi.start("run", "--serial", os.ttyname(theirs))
    until(lambda: cloud.count("/device/heartbeat"))
    os.close(theirs)
    os.close(ours)
    assert "unplugged" in str(next_event(agent, "meter_lost")["error"])
