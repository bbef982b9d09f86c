"""Log lines that any stranger can cause: at most one a minute of each kind, so that nobody fills a disk with them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

PERIOD_SECONDS = 60.0
NOISY = ("amqtt", "asyncio", "engineio", "ghostwatt.mqtt", "socketio", "uvicorn", "websockets")
"""Loggers of the servers, whose lines come from what clients do."""


class OncePerMinute(logging.Filter):
    """Lets one record of a kind through a minute, and says with the next one how many were left out.

    A kind is a line of code that logs, and the exception it logs; asyncio logs everything from one line, so there the
    first line of the message tells the kind.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._let_through_at: dict[tuple[object, ...], float] = {}
        self._left_out: dict[tuple[object, ...], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this record is logged."""
        if not record.name.startswith(NOISY):
            return True
        kind, now = _kind(record), self._clock()
        last = self._let_through_at.get(kind)
        if last is not None and now < last + PERIOD_SECONDS:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return False
        self._let_through_at[kind] = now
        if left_out := self._left_out.pop(kind, 0):
            record.msg = f"{record.msg} (and {left_out} more of these since the last line)"
        return True


def quieten() -> None:
    """Apply it to all that this process logs."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(OncePerMinute())


def _kind(record: logging.LogRecord) -> tuple[object, ...]:
    exception = record.exc_info[0] if record.exc_info else None
    text = str(record.msg).partition("\n")[0] if record.name == "asyncio" else ""
    return record.pathname, record.lineno, exception, text
