"""What the agent tells: one line an event, as a sentence for people or as JSON for a parent process."""

from __future__ import annotations

import io
import json
import sys
from typing import Protocol

import segno

SENTENCES = {
    "claim": "To pair this device, open {verificationUri} and enter {userCode}, or open {verificationUriComplete}",
    "claim_expired": "The code has expired. Here is a new one.",
    "paired": "Paired. This device is {deviceId}.",
    "started": "{deviceId} sends to {api}",
    "local_api": "Local page: {url}",
    "local_api_off": "No local page: {error}",
    "warning": "Warning: {text}",
    "relay": "Outlet {channel} is {state}: {watts:.1f} W",
    "refused": "Outlet {channel} stays on: {reason}",
    "relay_failed": "Outlet {channel} could not be switched: {error}",
    "uploaded": "Sent {readings} readings",
    "rejected": "{readings} readings were refused ({code}) and are kept aside",
    "dropped": "The spool is full: the {readings} oldest readings were dropped",
    "away": "The cloud cannot be reached ({error}); readings are kept until it can",
    "back": "The cloud is back after {seconds:.0f} s",
    "key_refused": "The cloud refuses this device's key. Pair it again: ghostwatt-pi claim",
    "meter_lost": "The meter cannot be read ({error}); trying again",
    "meter_back": "The meter is back",
    "bad_lines": "{count} lines of the meter were no readings; the last: {line}",
    "finished": "Sent {sent} readings: {stored} stored, {duplicate} there already, {rejected} refused, {waiting} left",
}
"""Every event, and its sentence. Names in braces are the event's fields."""

DETAILS = frozenset({"uploaded"})
"""Events that people see only when they ask for more: a journal has a line for a change, not for a routine."""


class Tell(Protocol):
    """Tells one event of SENTENCES with its fields."""

    def __call__(self, event: str, **fields: object) -> None:
        """Tell it."""


def tell_json(event: str, **fields: object) -> None:
    """One JSON line on stdout."""
    _write(json.dumps({"event": event, **fields}))


def tell_people(event: str, **fields: object) -> None:
    """One sentence on stdout, but none for details."""
    if event not in DETAILS:
        tell_people_all(event, **fields)


def tell_people_all(event: str, **fields: object) -> None:
    """One sentence on stdout; a claim also shows its address as a QR code when people look on."""
    _write(SENTENCES[event].format(**fields))
    if event == "claim" and sys.stdout.isatty():
        _write(qr_text(str(fields["verificationUriComplete"])))


def _write(text: str) -> None:
    """In one piece, since two threads tell."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def qr_text(text: str) -> str:
    """A QR code made of block characters, for a terminal."""
    out = io.StringIO()
    segno.make(text, micro=False).terminal(out, compact=True)
    return out.getvalue()
