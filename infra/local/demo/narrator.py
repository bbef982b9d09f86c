"""Narrate the demo line by line: each event once, and only events that help a newcomer."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.connection import Connection

from infra.local.demo.api_client import AccountClient, Json
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
NARRATED_AS_EVENTS = ("phantom", "cut")


def narrate(sentence: str) -> None:
    """One line with the time."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {sentence}\n")
    sys.stdout.flush()


def follow_pi(pi: subprocess.Popen[str], home: AccountClient) -> None:
    """Narrate the events of the Pi; approve its claim as a person would on the page."""
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
    """Narrates the pushes of the live WebSocket."""

    def __init__(self, home: AccountClient) -> None:
        self._home = home
        self._ports: dict[str, Json] = {}
        self._outcomes = {event["eventId"]: event["outcome"] for event in home.events()}
        self._statuses: dict[str, str] = {}
        """The last narrated status of each device and outlet, by id."""

    def follow(self, pi: subprocess.Popen[str]) -> None:
        """Narrate until the Pi ends, which is an error. Raises RuntimeError then."""
        while pi.poll() is None:
            try:
                with self._home.live() as live:
                    self._ports = {port["portId"]: port for port in self._home.ports()}
                    self._narrate_events()
                    while pi.poll() is None:
                        self._narrate_next(live)
            except (ConnectionClosed, OSError):
                time.sleep(1)
        raise RuntimeError("The simulated Pi has ended; it said why above.")

    def _narrate_next(self, live: Connection) -> None:
        """Narrate the next push, if one comes within a second."""
        try:
            message = live.recv(timeout=1)
        except TimeoutError:
            return
        self._narrate_push(json.loads(message))

    def _narrate_push(self, push: Json) -> None:
        match push["type"]:
            case "reading":
                self._narrate_outlet(push)
            case "port" if push["port"]:
                self._ports[push["portId"]] = push["port"]
                self._narrate_events()
            case "notification" if push["notification"]["kind"] not in NARRATED_AS_EVENTS:
                narrate(push["notification"]["message"])
            case "device":
                self._narrate_device(push)

    def _narrate_device(self, push: Json) -> None:
        """Narrate a change of status; a new device is offline until its first call, which is not narrated."""
        before = self._statuses.get(push["deviceId"], "offline")
        self._statuses[push["deviceId"]] = push["status"]
        if before != push["status"]:
            narrate(f"{push['name']} is {push['status']}")

    def _narrate_outlet(self, push: Json) -> None:
        """Narrate a new state; for an outlet that is never cut only the first: a fridge changes all day."""
        port_id, status = push["portId"], push["status"]
        before, port = self._statuses.get(port_id), self._ports.get(port_id)
        self._statuses[port_id] = status
        if port is None or before == status or (before and not _may_be_cut(port)):
            return
        held = self._narrate_events()
        if status in STATUSES:
            narrate(f"{port['name']} is {STATUSES[status]}: {push['reading']['power']:.1f} W")
        elif port_id not in held:
            narrate(f"{port['name']} is off")

    def _narrate_events(self) -> set[str]:
        """Narrate new phantom events; return the ids of the outlets whose cut holds."""
        events = self._home.events()
        for event in events:
            outcome = event["outcome"]
            if event["eventId"] not in self._outcomes:
                narrate(f"Phantom found on {event['portName']}: {event['reason']}")
            if outcome and self._outcomes.get(event["eventId"]) != outcome:
                narrate(f"    {event['portName']}: {OUTCOMES[outcome]}")
            self._outcomes[event["eventId"]] = outcome
        newest = {event["portId"]: event["outcome"] for event in events}
        return {port_id for port_id, outcome in newest.items() if outcome in CUT_HOLDS}


def _may_be_cut(port: Json) -> bool:
    return port["policy"] == "cut" and not port["neverCut"]
