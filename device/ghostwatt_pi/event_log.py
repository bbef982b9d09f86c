"""The agent's log: named events with fields, written through the standard library's logging.

For a parent process each event is a JSON line. For a person it is the sentence of event_messages.py, and in the systemd
journal also the priority. People see events below INFO only with --verbose.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from typing import Protocol, TextIO

import segno

from ghostwatt_pi.event_messages import MESSAGES, NOTICE

SYSLOG_PRIORITIES = {logging.ERROR: 3, logging.WARNING: 4, NOTICE: 5, logging.INFO: 6, logging.DEBUG: 6}
"""Source: syslog(3)."""


class EventLog(Protocol):
    """Logs one event of event_messages.py with its fields."""

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
