from __future__ import annotations

import logging

from infra.local.emulator.quiet_logs import PERIOD_SECONDS, OncePerMinute


class Log:
    """A logger with the filter, a clock that a test moves, and the lines that came through."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.lines: list[str] = []
        handler = logging.Handler()
        handler.addFilter(OncePerMinute(lambda: self.now))
        handler.emit = lambda record: self.lines.append(record.getMessage())  # type: ignore[method-assign]
        self.handler = handler

    def hears(self, name: str, message: str, *arguments: object, line: int = 1, error: Exception | None = None) -> None:
        info = (type(error), error, None) if error else None
        self.handler.handle(logging.LogRecord(name, logging.ERROR, "x.py", line, message, arguments, info))


def test_one_line_a_minute_says_how_many_were_left_out() -> None:
    log = Log()
    for _ in range(2_048):
        log.hears("asyncio", "socket.accept() out of system resource\nsocket: <fd=4>")
    log.now += PERIOD_SECONDS
    log.hears("asyncio", "socket.accept() out of system resource\nsocket: <fd=4>")
    assert len(log.lines) == 2
    assert "(and 2047 more of these" in log.lines[1]


def test_another_kind_of_line_is_not_left_out() -> None:
    log = Log()
    log.hears("asyncio", "socket.accept() out of system resource\nsocket: <fd=4>")
    log.hears("asyncio", "Task exception was never retrieved\nfuture: <x>")
    log.hears("uvicorn.error", "Exception in ASGI application", line=7, error=ValueError())
    log.hears("uvicorn.error", "Exception in ASGI application", line=7, error=KeyError())
    assert len(log.lines) == 4


def test_a_line_whose_words_a_stranger_chooses_is_one_kind() -> None:
    log = Log()
    for number in range(100):
        log.hears("amqtt.broker", f"client {number} went away")
    assert len(log.lines) == 1


def test_what_the_app_says_is_never_left_out() -> None:
    log = Log()
    for _ in range(3):
        log.hears("ghostwatt.pump", "%s failed at 100%%", "a record")
    assert log.lines == ["a record failed at 100%"] * 3


def test_arguments_are_filled_in_beside_the_count() -> None:
    log = Log()
    log.hears("uvicorn.error", "from %s", "a")
    log.hears("uvicorn.error", "from %s", "b")
    log.now += PERIOD_SECONDS
    log.hears("uvicorn.error", "from %s", "c")
    assert log.lines[1].startswith("from c (and 1 more")
