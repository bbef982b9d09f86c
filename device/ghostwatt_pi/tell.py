"""What the agent tells: one line an event, as a sentence for people or as JSON for a parent process."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Protocol, TextIO

import segno

NO_OUTLET = "Channel {channel} has no outlet on the page yet: add one"
SENTENCES = {
    "claim": "To pair this device, open {verificationUri} and enter {userCode}, or open {verificationUriComplete}",
    "set_aside": "{readings} readings wait from before this pairing; they are put aside in {path} and not sent",
    "key_replaced": "Another key is in place; beginning anew",
    "claim_expired": "The code has expired. Here is a new one.",
    "paired": "Paired. This device is {deviceId}. Now add its outlets on the page.",
    "paired_already": "This device, {deviceId}, is paired already, and the cloud takes its key: nothing to do",
    "started": "{deviceId} sends to {api}",
    "local_api": "Local page: {url}",
    "lan_word": "To pair it from the local network, its page asks for the word {word}",
    "local_api_off": "No local page: {error}",
    "warning": "Warning: {text}",
    "relay": "Outlet {channel} is {state}: {watts:.1f} W",
    "refused": "Outlet {channel} stays on: {reason}",
    "relay_failed": "Outlet {channel} could not be switched: {error}",
    "uploaded": "Sent {readings} readings",
    "rejected": "{readings} readings were refused ({code}) and are kept aside",
    "dropped": "The spool is full: the oldest readings are dropped, {total} so far",
    "spool_damaged": "The spool was damaged: {saved} readings saved, {unreadable} places unreadable; see {path}",
    "time_guessed": "{readings} readings are of a time without a clock: they are dated up to this start",
    "no_outlet": NO_OUTLET + "; its readings wait here until then",
    "set_behind": "{readings} readings failed {tries} times ({error}); the others go before them",
    "call_failed": "A call to the cloud failed ({error})",
    "away": "The cloud cannot be reached ({error}); readings are kept until it can",
    "back": "The cloud is back after {seconds:.0f} s",
    "key_refused": "The cloud refuses this device's key. Pair it again: ghostwatt-pi claim",
    "key_lost": "The key in {path} was damaged. Make a new key for this device on the page (New key) and write it into"
    " that file; its history and what waits here stay. Measuring goes on meanwhile",
    "meter_silent": "No reading of {what} for {seconds:.0f} s: see ghostwatt-pi doctor",
    "meter_speaks": "Readings of {what} come again",
    "disk_full": "{path} cannot be written ({error}; {freeMb} MB free): make room; going on without it meanwhile",
    "disk_works": "{path} can be written again",
    "file_damaged": "{path} is damaged ({error}): it is put aside as {aside}, and not used",
    "meter_lost": "The meter cannot be read ({error}); trying again",
    "meter_back": "The meter is back",
    "bad_lines": "{count} lines of the meter were no readings; the last: {line} ({why})",
    "bad_lines_over": "The meter's lines are good again; {count} were not",
    "safe_state": "Outlet {channel} is {state} now, its safe state after a {why}",
    "home_assistant_away": "Home Assistant's broker cannot be reached ({error}); trying again",
    "home_assistant_back": "Home Assistant's broker is back",
    "wrong_baud": "{count} lines of the meter in a row cannot be read: is {baud} its baud rate?",
    "finished": "Sent {sent} readings: {stored} stored, {duplicate} there already, {rejected} refused, {waiting} left",
}
"""Every event, and its sentence. Names in braces are the event's fields."""

PRIORITIES = {
    **dict.fromkeys(("key_refused", "meter_lost", "relay_failed", "rejected", "dropped", "spool_damaged"), 3),
    **dict.fromkeys(("meter_silent", "disk_full", "file_damaged", "key_lost"), 3),
    **dict.fromkeys(
        (
            "away",
            "warning",
            "bad_lines",
            "wrong_baud",
            "refused",
            "set_aside",
            "set_behind",
            "local_api_off",
        ),
        4,
    ),
    **dict.fromkeys(
        ("claim", "paired", "relay", "back", "meter_back", "meter_speaks", "disk_works", "key_replaced"), 5
    ),
}
"""Syslog's priorities, where an event's is not 6: 3 error, 4 warning, 5 notice (syslog(3))."""

DETAILS = frozenset({"uploaded", "call_failed"})
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
    sentence = SENTENCES[event].format(**fields)
    _write(f"<{PRIORITIES.get(event, 6)}>{sentence}" if is_journal(sys.stdout) else sentence)
    if event == "claim" and sys.stdout.isatty():
        _write(qr_text(str(fields["verificationUriComplete"])))


def is_journal(out: TextIO) -> bool:
    """Whether this stream goes to the journal, which takes a priority at a line's start (sd-daemon(3))."""
    try:
        place = os.fstat(out.fileno())
    except (OSError, ValueError):  # a stream of a test, without a file
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{place.st_dev}:{place.st_ino}"


def _write(text: str) -> None:
    """In one piece, since two threads tell."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def qr_text(text: str) -> str:
    """A QR code made of block characters, for a terminal."""
    out = io.StringIO()
    segno.make(text, micro=False).terminal(out, compact=True)
    return out.getvalue()


def tell_stderr(event: str, **fields: object) -> None:
    """One sentence on stderr, where stdout belongs to a JSON document."""
    if event not in DETAILS:
        sys.stderr.write(SENTENCES[event].format(**fields) + "\n")


def tell_nothing(event: str, **fields: object) -> None:
    """Where somebody else says what there is to say."""
    del event, fields
