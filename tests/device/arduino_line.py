"""An Arduino on a pseudo-terminal, and a meter that reads it."""

from __future__ import annotations

import json
import os
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.serial_meter import SerialMeter
from ghostwatt_pi.outlets.relays import RelayError

from .conftest import RecordedLog, until

LINE = b'{"voltage": 230.1, "current": 0.4, "power": 92.0}\n'


class Arduino:
    """The other end of a pseudo-terminal whose name stays the same when it is unplugged and plugged in again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._heard = b""
        self.plug_in()

    def plug_in(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self._master)
        os.close(self._slave)

    def say(self, data: bytes) -> None:
        os.write(self._master, data)

    def hear(self) -> dict[str, object]:
        """The next command."""
        deadline = time.monotonic() + 10
        while b"\n" not in self._heard:
            assert select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))[0], "no command"
            self._heard += os.read(self._master, 1024)
        line, self._heard = self._heard.split(b"\n", 1)
        command: dict[str, object] = json.loads(line)
        return command


@dataclass
class UsbDevice:
    """What pyserial's list says of a port."""

    device: str
    serial_number: str | None
    vid: int | None = 0x2341
    pid: int | None = 0x0043


class Line:
    """A meter that reads the Arduino in a thread of its own."""

    def __init__(self, arduino: Arduino) -> None:
        self.arduino, self.log, self.stop = arduino, RecordedLog(), threading.Event()
        self.usb: list[UsbDevice] = []
        self.looks = 0
        self.meter = SerialMeter(str(arduino.path), 9600, self.log, self._list_usb)
        self.measured: list[Measurement] = []
        self._thread = threading.Thread(target=self._run)

    def _list_usb(self) -> list[UsbDevice]:
        self.looks += 1
        return self.usb

    def open(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        for measurements in self.meter.measurements(self.stop):
            self.measured += measurements

    def close(self) -> None:
        self.stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def speak_until_measured(self, more: int = 1) -> None:
        """The Arduino speaks until the meter has understood it."""
        wanted = len(self.measured) + more

        def measured() -> bool:
            self.arduino.say(LINE)
            return len(self.measured) >= wanted

        until(measured)


def in_background(work: Callable[[], None]) -> tuple[threading.Thread, list[RelayError]]:
    errors: list[RelayError] = []

    def run() -> None:
        try:
            work()
        except RelayError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    made = Line(Arduino(tmp_path / "ttyACM0"))
    yield made
    made.close()


@pytest.fixture
def open_line(line: Line) -> Line:
    line.open()
    line.speak_until_measured()
    return line
