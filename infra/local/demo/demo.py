"""make demo: run the stack and a simulated Pi on this PC, and narrate what happens."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from infra.local.demo.api_client import AccountClient
from infra.local.demo.household import OUTLETS
from infra.local.demo.narrator import Narrator, follow_pi, narrate
from infra.local.runner.data_directory import OTHERS
from infra.local.runner.options import port
from infra.local.runner.process import child_environment

APPLIANCE_SECONDS_IN_ONE = 60
"""The simulated appliances live a minute a second, so that standby comes while one is watching."""
STOP_SECONDS = 15.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until Ctrl-C; the exit code is 0 then."""
    options = _options(arguments)
    os.umask(OTHERS)  # the password, and what the stack and the Pi keep
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as ending:
            _run(options, ending)
    except KeyboardInterrupt:
        narrate("Stopped. Your data is kept; make demo goes on where it was.")
        return 0
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.demo", description="Run Ghostwatt with a simulated Pi."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=port, default=8000)
    parser.add_argument("--data", type=Path, default=Path(".local"))
    parser.add_argument("--history", type=int, default=0, metavar="DAYS", help="give a new demo a past of 1 to 30 days")
    return parser.parse_args(arguments)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(options: argparse.Namespace, ending: ExitStack) -> None:
    is_new = not _account_path(options.data).exists()
    email, password = _account(options.data)
    if options.history and is_new:
        narrate(f"Living through the last {options.history} days first ...")
        _seed_history(options, email, password)
    elif options.history:
        narrate(f"{options.data} has a demo already: HISTORY is for a new one (add DATA=another-folder).")
    narrate("Starting the stack: API, page, database ...")
    url = ending.enter_context(_stack(options))
    home = AccountClient(url, email, password)
    home.sign_up()
    home.log_in()
    narrate(f"The page is at {url}")
    sys.stdout.write(f"\n    log in as  {email}\n    password   {password}\n\n")
    narrate("Starting a simulated Pi with four outlets ...")
    pi = ending.enter_context(_simulated_pi(options.data, url))
    threading.Thread(target=follow_pi, args=(pi, home), daemon=True).start()
    narrate(
        "Its appliances live a minute each second: the first phantom is cut in about a minute. Ctrl-C stops it all."
    )
    Narrator(home).follow(pi)


def _seed_history(options: argparse.Namespace, email: str, password: str) -> None:
    """Fill the new data folder; the Pi that asks to be paired afterwards is the one that measured all this."""
    who = ["--email", email, "--password", password, "--device-id", _device_id(options.data)]
    command = [
        sys.executable,
        "-m",
        "infra.local.demo.history",
        "--data",
        str(options.data),
        "--days",
        str(options.history),
    ]
    if subprocess.run([*command, *who], check=False).returncode:  # noqa: S603 - our own
        _account_path(options.data).unlink()
        raise RuntimeError("The history could not be made; it said why above.")


def _device_id(data: Path) -> str:
    status = [sys.executable, "-m", "ghostwatt_pi", "status", "--json", "--data", str(data / "pi")]
    report = json.loads(subprocess.run(status, check=False, capture_output=True, text=True).stdout)  # noqa: S603 - our own
    return str(report["deviceId"])


def _account_path(data: Path) -> Path:
    return data / "demo-account.json"


def _account(data: Path) -> tuple[str, str]:
    """The demo's e-mail address and password: random, made once, kept readable for this user only."""
    path = _account_path(data)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(json.dumps({"email": "demo@example.org", "password": secrets.token_urlsafe(9)}))
    kept = json.loads(path.read_text())
    return kept["email"], kept["password"]


@contextmanager
def _stack(options: argparse.Namespace) -> Iterator[str]:
    where = ["--host", options.host, "--port", str(options.port), "--data", str(options.data)]
    with _child([sys.executable, "-m", "infra.local", *where]) as stack:
        for line in stack.stdout or ():
            if line.startswith("ready "):
                yield line.split()[1]
                return
        raise RuntimeError("The stack did not start; it said why above. (Another port: make demo PORT=8001)")


@contextmanager
def _simulated_pi(data: Path, url: str) -> Iterator[subprocess.Popen[str]]:
    profiles = [word for outlet in OUTLETS for word in ("--profile", outlet.profile)]
    place = ["--api", f"{url}/api", "--data", str(data / "pi"), "--port", "0", "--tell", "json"]
    pace = ["--speed", str(APPLIANCE_SECONDS_IN_ONE), "--interval", "2"]
    with _child([sys.executable, "-m", "ghostwatt_pi", "simulate", *profiles, *pace, *place]) as pi:
        yield pi


@contextmanager
def _child(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """A child in a process group of its own, so that Ctrl-C reaches it only through us, in order."""
    child = subprocess.Popen(  # noqa: S603 - our own
        command, env=child_environment(), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout:
            child.stdout.close()
