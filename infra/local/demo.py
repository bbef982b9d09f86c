"""make demo: the whole on this PC with a simulated Pi, told line by line as it happens."""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from infra.local.outlets import OUTLETS
from infra.local.terminal import own_foreground

APPLIANCE_SECONDS_IN_ONE = 60
"""The simulated appliances live a minute a second, so that standby comes while one is watching."""
OUTCOMES = {
    "sent": "the Pi is told to switch it off",
    "obeyed": "the Pi has switched it off",
    "confirmed": "confirmed: the meter shows no power any more",
    "contradicted": "but the meter still shows power!",
    "refused": "the Pi refused: it is in use, or the command was stale",
    "undone": "undone by you",
}
STOP_SECONDS = 15.0
Json = dict[str, Any]


class Home:
    """The demo's account, over the API like any other client."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = requests.Session()

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """One call; raises RuntimeError with the API's own sentence when it is refused."""
        response = self._http.request(method, f"{self.url}/api{path}", json=body, timeout=30)
        answer: Json = response.json()
        if not response.ok:
            raise RuntimeError(f"{method} {path}: {answer.get('error')}")
        return answer

    def log_in(self, email: str, password: str) -> None:
        """Log in, after signing up the first time."""
        credentials = {"email": email, "password": password}
        self._http.post(f"{self.url}/api/account/signup", json=credentials, timeout=30)  # refused if it is there
        self._http.headers["x-session-token"] = self.call("POST", "/account/login", credentials)["sessionToken"]

    def live(self) -> ClientConnection:
        """Open the WebSocket that the page uses too."""
        return connect(self.call("POST", "/live/ticket", {})["url"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until Ctrl-C; the exit code is 0 then."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as ending:
            _run(options, ending)
    except KeyboardInterrupt:
        _tell("Stopped. Your data is kept; make demo goes on where it was.")
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
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", type=Path, default=Path(".local"))
    parser.add_argument("--history", type=int, default=0, metavar="DAYS", help="give a new demo a past of 1 to 30 days")
    return parser.parse_args(arguments)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(options: argparse.Namespace, ending: ExitStack) -> None:
    is_new = not _account_path(options.data).exists()
    email, password = _account(options.data)
    if options.history and is_new:
        _give_past(options, email, password)
    elif options.history:
        _tell(f"{options.data} has a demo already: HISTORY is for a new one (add DATA=another-folder).")
    _tell("Starting the stack: API, page, database ...")
    url = ending.enter_context(_stack(options))
    home = Home(url)
    home.log_in(email, password)
    _tell(f"The page is at {url}")
    _tell(f"    log in as {email} with the password {password}")
    _tell("Starting a simulated Pi with four outlets ...")
    pi = ending.enter_context(_simulated_pi(options.data, url))
    threading.Thread(target=_follow_pi, args=(pi, home), daemon=True).start()
    _tell("Its appliances live a minute each second; press Ctrl-C to stop.")
    _follow_home(home, pi)


def _give_past(options: argparse.Namespace, email: str, password: str) -> None:
    """Fill the new data folder; the Pi that asks to be paired afterwards is the one that measured all this."""
    who = ["--email", email, "--password", password, "--device-id", _device_id(options.data)]
    command = [sys.executable, "-m", "infra.local.history", "--data", str(options.data), "--days", str(options.history)]
    if subprocess.run([*command, *who], check=False).returncode:  # noqa: S603 - our own
        _account_path(options.data).unlink()
        raise RuntimeError("The history could not be made; it said why above.")


def _device_id(data: Path) -> str:
    status = [sys.executable, "-m", "ghostwatt_pi", "status", "--json", "--data", str(data / "pi")]
    told = json.loads(subprocess.run(status, check=False, capture_output=True, text=True).stdout)  # noqa: S603 - our own
    return str(told["deviceId"])


def _account_path(data: Path) -> Path:
    return data / "demo-account.json"


def _account(data: Path) -> tuple[str, str]:
    """The demo's e-mail address and password: random, made once, kept readable for this user only."""
    path = _account_path(data)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
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
        raise RuntimeError("The stack did not start; it said why above.")


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
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603 - our own
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


def _follow_pi(pi: subprocess.Popen[str], home: Home) -> None:
    """Tell what the Pi says; approve its claim as a person would on the page."""
    for line in pi.stdout or ():
        event = json.loads(line)
        match event["event"]:
            case "claim":
                _tell(f"The Pi asks to be paired: it shows the code {event['userCode']}")
                home.call("POST", "/device/claim/approve", {"userCode": event["userCode"], "deviceName": "Demo Pi"})
                _tell("    approved, as you would do on the page")
                _add_ports(home)  # before the Pi first calls: it asks for its outlets once a minute only
            case "started":
                _add_ports(home)
            case "relay":
                _tell(f"The Pi switched outlet {event['channel']} {event['state']}")
            case "refused":
                _tell(f"The Pi left outlet {event['channel']} on: {event['reason']}")


def _add_ports(home: Home) -> None:
    for device in home.call("GET", "/device/list")["devices"]:
        if not device["ports"]:
            for outlet in OUTLETS:
                home.call("POST", "/port", {"deviceId": device["deviceId"], **outlet.as_json()})
            _tell("Paired. Its outlets: television, game console, washing machine, and a fridge that is never cut")


def _follow_home(home: Home, pi: subprocess.Popen[str]) -> None:
    """Tell what the live WebSocket pushes, as the page shows it, until Ctrl-C."""
    names = {port["portId"]: port["name"] for port in home.call("GET", "/port/list")["ports"]}
    told = {event["eventId"]: event["outcome"] or event["actionTaken"] for event in _newest_events(home)}
    while pi.poll() is None:
        try:
            with home.live() as live:
                _tell_events(home, told)
                for message in live:
                    _tell_push(home, json.loads(message), names, told)
        except (ConnectionClosed, OSError):
            time.sleep(1)
    raise RuntimeError("The simulated Pi has ended; it said why above.")


def _tell_push(home: Home, push: Json, names: dict[str, str], told: dict[str, str]) -> None:
    match push["type"]:
        case "reading":
            _tell_status(push, names, told)
        case "port" if push["port"]:
            names[push["portId"]] = push["port"]["name"]
            _tell_events(home, told)
        case "notification":
            _tell(push["notification"]["message"])
        case "device":
            _tell(f"{push['name']} is {push['status']}")


def _tell_status(push: Json, names: dict[str, str], told: dict[str, str]) -> None:
    port_id, status = push["portId"], push["status"]
    if told.get(port_id) != status:
        told[port_id] = status
        watts = f"{push['reading']['power']:.1f} W"
        words = {"active": f"in use: {watts}", "standby": f"in standby: {watts}", "off": "off"}[status]
        _tell(f"{names.get(port_id, 'An outlet')} is {words}")


def _newest_events(home: Home) -> list[Json]:
    """The last ones, the newest last."""
    return list(reversed(home.call("GET", "/phantom-event/list?limit=10")["events"]))


def _tell_events(home: Home, told: dict[str, str]) -> None:
    for event in _newest_events(home):
        known, outcome = told.get(event["eventId"]), event["outcome"] or event["actionTaken"]
        if known is None:
            _tell(f"Phantom found on {event['portName']}: {event['reason']}")
        if known != outcome and event["outcome"]:
            _tell(f"    {event['portName']}: {OUTCOMES[event['outcome']]}")
        told[event["eventId"]] = outcome


def _tell(sentence: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with own_foreground():
        exit_code = main()
    sys.exit(exit_code)
