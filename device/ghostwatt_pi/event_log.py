"""The agent's log: named events with fields, and the sentence of each, written through the standard library's logging.

For a parent process each event is a JSON line. For a person it is the sentence of MESSAGES, and in the systemd
journal also the priority. People see events below INFO only with --verbose.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from dataclasses import dataclass
from logging import DEBUG, ERROR, INFO, WARNING
from typing import Protocol, TextIO

import segno

NOTICE = 25
"""Between INFO and WARNING: normal but significant, as syslog's notice (syslog(3))."""
NO_OUTLET = "Channel {channel} has no outlet on the page yet: add one"


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence, whose names in braces are the event's fields, and how serious the event is."""

    text: str
    level: int = INFO


MESSAGES = {
    "claim": Message(
        "To pair this device, open {verificationUri} and enter {userCode}, or open {verificationUriComplete}", NOTICE
    ),
    "former_dropped": Message(
        "This device belonged to another person before: the {readings} readings that waited are dropped", WARNING
    ),
    "key_replaced": Message("A new key is in place; starting again", NOTICE),
    "claim_expired": Message("The code has expired. Here is a new one."),
    "paired": Message("Paired. This device is {deviceId}. Now add its outlets on the page.", NOTICE),
    "paired_already": Message(
        "This device, {deviceId}, is paired already, and the cloud accepts its key: nothing to do"
    ),
    "started": Message("{deviceId} sends to {api}"),
    "local_api": Message("Local page: {url}"),
    "lan_word": Message("To pair this device from the local network, type the word {word} into its page"),
    "page_allowed": Message("The page {origin} may pair this device for {minutes} minutes"),
    "local_api_off": Message("No local page: {error}", WARNING),
    "warning": Message("Warning: {text}", WARNING),
    "relay": Message("Outlet {channel} is {state}: {watts:.1f} W", NOTICE),
    "refused": Message("Outlet {channel} stays on: {reason}", WARNING),
    "relay_failed": Message("Outlet {channel} could not be switched: {error}", ERROR),
    "uploaded": Message("Sent {readings} readings", DEBUG),
    "rejected": Message("{readings} readings were refused ({code}) and are kept aside", ERROR),
    "dropped": Message("The buffer is full: the oldest readings are dropped, {total} so far", ERROR),
    "spool_damaged": Message(
        "The buffer was damaged: {saved} readings saved, {unreadable} places unreadable; see {path}", ERROR
    ),
    "time_guessed": Message("{readings} readings were measured without a clock: they are dated up to this start"),
    "no_outlet": Message(NO_OUTLET + "; its readings wait here until then"),
    "no_volts": Message(
        "Outlet {channel} gives readings without volts, and the cloud does not take these yet: they wait here until it"
        " is updated",
        WARNING,
    ),
    "set_behind": Message("{readings} readings failed {tries} times ({error}); the others go first", WARNING),
    "call_failed": Message("A call to the cloud failed ({error})", DEBUG),
    "away": Message("The cloud cannot be reached ({error}); readings are kept until it can", WARNING),
    "back": Message("The cloud is back after {seconds:.0f} s", NOTICE),
    "key_refused": Message("The cloud refuses this device's key. Pair it again: ghostwatt-pi claim", ERROR),
    "key_lost": Message(
        "The key in {path} was damaged. Make a new key for this device on the page (New key) and write it into"
        " that file; its history and what waits here stay. Measuring goes on meanwhile",
        ERROR,
    ),
    "meter_silent": Message("No reading of {what} for {seconds:.0f} s: see ghostwatt-pi doctor", ERROR),
    "meter_speaks": Message("Readings of {what} come again", NOTICE),
    "disk_full": Message(
        "{path} cannot be written ({error}; {freeMb} MB free): make room. The agent goes on without it meanwhile", ERROR
    ),
    "disk_works": Message("{path} can be written again", NOTICE),
    "file_damaged": Message("{path} is damaged ({error}): it is renamed to {aside}, and not used", ERROR),
    "meter_lost": Message("The meter cannot be read ({error}); trying again", ERROR),
    "meter_back": Message("The meter is back", NOTICE),
    "bad_lines": Message("{count} lines of the meter were not readings; the last: {line} ({why})", WARNING),
    "bad_lines_over": Message("The meter's lines are good again; {count} were not"),
    "safe_state": Message("Outlet {channel} is {state} now, its safe state after a {why}"),
    "home_assistant_away": Message("Home Assistant's broker cannot be reached ({error}); trying again"),
    "home_assistant_back": Message("Home Assistant's broker is back"),
    "wrong_baud": Message("{count} lines of the meter in a row cannot be read: is {baud} its baud rate?", WARNING),
    "finished": Message(
        "Sent {sent} readings: {stored} stored, {duplicate} there already, {rejected} refused, {waiting} left"
    ),
}
"""By event name. Names and fields are a contract with parent processes; the sentences may change."""


SYSLOG_PRIORITIES = {logging.ERROR: 3, logging.WARNING: 4, NOTICE: 5, logging.INFO: 6, logging.DEBUG: 6}
"""Source: syslog(3)."""


class EventLog(Protocol):
    """Logs one event of MESSAGES with its fields."""

    def __call__(self, event: str, **fields: object) -> None:
        """Log it."""


def open_log(stream: TextIO, *, is_json: bool = False, verbose: bool = False) -> EventLog:
    """Send the agent's events to `stream`, and nowhere else from now on.

    Args:
        stream: Where the lines go.
        is_json: Write every event as a JSON line, not as a sentence.
        verbose: Write sentences also of the routine, such as every upload.

    Returns:
        The function that logs an event.
    """
    formatter = JsonFormatter() if is_json else SentenceFormatter(stream)
    handler = StrictStreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.getLogger("ghostwatt_pi")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.DEBUG if verbose or is_json else logging.INFO)

    def log(event: str, **fields: object) -> None:
        logger.log(MESSAGES[event].level, event, extra={"fields": fields})

    return log


def discard_event(event: str, **fields: object) -> None:
    """An EventLog for a caller that reports what happened by itself."""
    del event, fields


class StrictStreamHandler(logging.StreamHandler[TextIO]):
    """Raises the errors of its stream: an agent whose parent process is gone must end."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class names it
        """Raise the error that is being handled, where the base class would print it and go on."""
        del record
        if error := sys.exc_info()[1]:
            raise error


class JsonFormatter(logging.Formatter):
    """One JSON object a line: the event's name as `event`, beside its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps({"event": record.msg, **_fields(record)})


class SentenceFormatter(logging.Formatter):
    """The event's sentence; a claim also shows its address as a QR code at a terminal."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._is_terminal, self._is_journal = stream.isatty(), is_journal(stream)

    def format(self, record: logging.LogRecord) -> str:
        """Return the sentence."""
        fields = _fields(record)
        sentence = MESSAGES[record.msg].text.format(**fields)
        if self._is_journal:
            return f"<{SYSLOG_PRIORITIES[record.levelno]}>{sentence}"
        if record.msg == "claim" and self._is_terminal:
            return f"{sentence}\n{qr_text(str(fields['verificationUriComplete']))}"
        return sentence


def is_journal(stream: TextIO) -> bool:
    """Whether a stream goes to the journal, which reads a priority at the start of a line (sd-daemon(3))."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream without a file, as in a test
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def qr_text(text: str) -> str:
    """Draw a QR code with block characters, for a terminal."""
    out = io.StringIO()
    segno.make(text, micro=False).terminal(out, compact=True)
    return out.getvalue()


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields: dict[str, object] = record.__dict__["fields"]
    return fields
