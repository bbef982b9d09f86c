"""What happens in the demo's home, told line by line; each thing once, and only what a newcomer wants to follow."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from websockets.exceptions import ConnectionClosed

from infra.local.demo.account import AccountClient, Json
from infra.local.demo.household import OUTLETS

OUTCOMES = {
    "sent": "the Pi is told to switch it off",
    "obeyed": "the Pi has switched it off",
    "confirmed": "confirmed: the meter shows no power any more (undo it on the page)",
    "contradicted": "but the meter still shows power!",
    "refused": "the Pi refused: it is in use, or the command was stale",
    "undone": "undone by you",
}
CUT_HOLDS = ("sent", "obeyed", "confirmed")
STATUSES = {"active": "in use", "standby": "in standby"}
TOLD_AS_EVENTS = ("phantom", "cut")


def narrate(sentence: str) -> None:
    """One line with the time."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {sentence}\n")
    sys.stdout.flush()


def follow_pi(pi: subprocess.Popen[str], home: AccountClient) -> None:
    """Tell what the Pi says; approve its claim as a person would on the page."""
    for line in pi.stdout or ():
        event = json.loads(line)
        match event["event"]:
            case "claim":
                narrate(f"The Pi asks to be paired: it shows the code {event['userCode']}")
                home.approve(event["userCode"])
                narrate("    approved, as you would do on the page")
                _give_outlets(home)  # before the Pi first calls: it asks for its outlets once a minute only
            case "started":
                _give_outlets(home)
            case "relay" if event["state"] == "on":
                narrate(f"The Pi has switched {_outlet(event)} on again")
            case "refused":
                narrate(f"The Pi left {_outlet(event)} on: {event['reason']}")


def _outlet(event: Json) -> str:
    return f"outlet {event['channel']} ({OUTLETS[event['channel'] - 1].name})"


def _give_outlets(home: AccountClient) -> None:
    if home.add_missing_ports():
        narrate("Paired. Its outlets: television, game console, washing machine, and a fridge that is never cut")


class Narrator:
    """What the live WebSocket pushes, as the page shows it."""

    def __init__(self, home: AccountClient) -> None:
        self._home = home
        self._ports: dict[str, Json] = {}
        self._outcomes = {event["eventId"]: event["outcome"] for event in home.events()}
        self._statuses: dict[str, str] = {}
        """Of devices and outlets, by id, as they were last told."""

    def follow(self, pi: subprocess.Popen[str]) -> None:
        """Tell until the Pi ends, which it does not by itself; raises RuntimeError then."""
        while pi.poll() is None:
            try:
                with self._home.live() as live:
                    self._ports = {port["portId"]: port for port in self._home.ports()}
                    self._tell_events()
                    for message in live:
                        self._tell_push(json.loads(message))
            except (ConnectionClosed, OSError):
                time.sleep(1)
        raise RuntimeError("The simulated Pi has ended; it said why above.")

    def _tell_push(self, push: Json) -> None:
        match push["type"]:
            case "reading":
                self._tell_outlet(push)
            case "port" if push["port"]:
                self._ports[push["portId"]] = push["port"]
                self._tell_events()
            case "notification" if push["notification"]["kind"] not in TOLD_AS_EVENTS:
                narrate(push["notification"]["message"])
            case "device":
                self._tell_device(push)

    def _tell_device(self, push: Json) -> None:
        """A new device is offline until it first calls: that is no news."""
        before = self._statuses.get(push["deviceId"], "offline")
        self._statuses[push["deviceId"]] = push["status"]
        if before != push["status"]:
            narrate(f"{push['name']} is {push['status']}")

    def _tell_outlet(self, push: Json) -> None:
        """A new state; of what is not cut only the first: a fridge comes and goes all day."""
        port_id, status = push["portId"], push["status"]
        before, port = self._statuses.get(port_id), self._ports.get(port_id)
        self._statuses[port_id] = status
        if port is None or before == status or (before and not _may_be_cut(port)):
            return
        held = self._tell_events()
        if status in STATUSES:
            narrate(f"{port['name']} is {STATUSES[status]}: {push['reading']['power']:.1f} W")
        elif port_id not in held:
            narrate(f"{port['name']} is off")

    def _tell_events(self) -> set[str]:
        """Tell what is new of the phantoms; the outlets whose cut holds."""
        events = self._home.events()
        for event in events:
            known, outcome = event["eventId"] in self._outcomes, event["outcome"]
            if not known:
                narrate(f"Phantom found on {event['portName']}: {event['reason']}")
            if outcome and self._outcomes.get(event["eventId"]) != outcome:
                narrate(f"    {event['portName']}: {OUTCOMES[outcome]}")
            self._outcomes[event["eventId"]] = outcome
        newest = {event["portId"]: event["outcome"] for event in events}
        return {port_id for port_id, outcome in newest.items() if outcome in CUT_HOLDS}


def _may_be_cut(port: Json) -> bool:
    return port["policy"] == "cut" and not port["neverCut"]
