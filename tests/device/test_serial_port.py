from __future__ import annotations

import json
import os
import random
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters import restorer, serial_port
from ghostwatt_pi.meters.lines import crc16
from ghostwatt_pi.meters.restorer import ATTEMPTS
from ghostwatt_pi.meters.serial_port import WRONG_BAUD_LINES, SerialMeter
from ghostwatt_pi.outlets.relays import RelayError

from .conftest import Told, until

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
        self.arduino, self.told, self.stop = arduino, Told(), threading.Event()
        self.usb: list[UsbDevice] = []
        self.looks = 0
        self.meter = SerialMeter(str(arduino.path), 9600, self.told, self._list_usb)
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


def test_a_json_line_is_a_measurement_of_channel_1_or_of_its_port(open_line: Line) -> None:
    open_line.arduino.say(b'{"port": 3, "voltage": 229, "current": 0.1, "power": 20.5}\r\n')
    until(lambda: open_line.measured[-1].channel == 3)
    first, last = open_line.measured[0], open_line.measured[-1]
    assert (first.channel, first.voltage, first.current, first.power) == (1, 230.1, 0.4, 92.0)
    assert (last.voltage, last.current, last.power) == (229.0, 0.1, 20.5)


def test_a_line_may_come_in_pieces(open_line: Line) -> None:
    before = len(open_line.measured)
    for index in range(len(LINE)):
        open_line.arduino.say(LINE[index : index + 1])
    until(lambda: len(open_line.measured) > before)
    assert open_line.meter.bad_lines == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\n",
        b'{"voltage": 230.1, "curr\n',
        b'{"voltage": 230.1}\n',
        b'{"voltage": NaN, "current": 0, "power": 0}\n',
        b'{"voltage": 9000, "current": 0, "power": 0}\n',
        b'{"port": 99, "voltage": 230, "current": 0, "power": 0}\n',
        b"[1, 2]\n",
        b"\xff\xfe\x00\n",
        b"[" * 900 + b"\n",
        b"x" * 5000 + b"\n",
    ],
)
def test_garbage_is_counted_and_the_next_line_is_read(open_line: Line, garbage: bytes) -> None:
    open_line.arduino.say(garbage + LINE.replace(b"92.0", b"77.0"))
    until(lambda: open_line.measured[-1].power == 77.0)
    assert open_line.meter.bad_lines >= 1
    assert {measured.power for measured in open_line.measured} == {92.0, 77.0}
    assert open_line.told.of("bad_lines")[0]["count"] == 1


def test_a_relay_command_is_done_when_the_arduino_confirms_it(open_line: Line) -> None:
    thread, errors = in_background(lambda: open_line.meter.switch(2, "off"))
    assert open_line.arduino.hear() == {"port": 2, "relay": "off"}
    assert thread.is_alive()
    open_line.arduino.say(b'{"port": 2, "relay": "off"}\n')
    thread.join(5)
    assert not thread.is_alive()
    assert errors == []


def test_a_relay_command_without_confirmation_is_repeated_and_then_an_error(
    open_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_port, "ACKNOWLEDGE_SECONDS", 0.1)
    with pytest.raises(RelayError, match="confirm"):
        open_line.meter.switch(1, "off")
    assert [open_line.arduino.hear() for _ in range(ATTEMPTS)] == [{"port": 1, "relay": "off"}] * ATTEMPTS


def test_a_repeated_relay_command_is_done_when_it_is_confirmed(
    open_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_port, "ACKNOWLEDGE_SECONDS", 0.2)
    thread, errors = in_background(lambda: open_line.meter.switch(1, "off"))
    open_line.arduino.hear()
    open_line.arduino.say(b'{"port": 2, "relay": "off", "ok": true}\n{"port": 1, "relay": "on", "ok": true}\n')
    open_line.arduino.hear()
    open_line.arduino.say(b'{"port": 1, "relay": "off", "ok": true}\n')
    thread.join(5)
    assert errors == []


def test_a_relay_that_the_arduino_does_not_have_is_an_error_at_once(open_line: Line) -> None:
    thread, errors = in_background(lambda: open_line.meter.switch(9, "off"))
    open_line.arduino.hear()
    open_line.arduino.say(b'{"port": 9, "relay": "off", "ok": false}\n')
    thread.join(1)
    assert [str(error) for error in errors] == ["the meter refuses the command: it has no such relay"]


def test_a_relay_command_to_an_arduino_that_is_away_is_an_error(line: Line) -> None:
    line.open()
    with pytest.raises(RelayError, match="not connected"):
        line.meter.switch(1, "off")


def test_unplugged_amid_a_line_and_plugged_in_again_it_goes_on(open_line: Line) -> None:
    open_line.arduino.say(LINE[:20])
    open_line.arduino.unplug()
    until(lambda: open_line.told.of("meter_lost"))
    open_line.arduino.plug_in()
    open_line.speak_until_measured()
    assert len(open_line.told.of("meter_back")) == 1
    assert open_line.measured[-1].power == 92.0


def test_a_switched_off_outlet_is_switched_off_again_after_the_arduino_has_reset(open_line: Line) -> None:
    thread, errors = in_background(lambda: open_line.meter.switch(1, "off"))
    open_line.arduino.hear()
    open_line.arduino.say(b'{"port": 1, "relay": "off"}\n')
    thread.join(5)
    assert errors == []
    open_line.arduino.unplug()
    until(lambda: open_line.told.of("meter_lost"))
    open_line.arduino.plug_in()
    open_line.speak_until_measured()
    assert open_line.arduino.hear() == {"port": 1, "relay": "off"}


def test_states_of_before_a_restart_are_sent_when_the_arduino_first_speaks(line: Line) -> None:
    line.meter.restore({2: "off"})
    line.open()
    line.speak_until_measured()
    assert line.arduino.hear() == {"port": 2, "relay": "off"}


def test_after_a_reset_without_unplugging_the_relays_are_set_one_by_one(open_line: Line) -> None:
    for channel in (1, 2):
        thread, _ = in_background(lambda channel=channel: open_line.meter.switch(channel, "off"))  # type: ignore[misc]
        open_line.arduino.hear()
        open_line.arduino.say(b'{"port": %d, "relay": "off"}\n' % channel)
        thread.join(5)
    open_line.arduino.say(b'{"hello": "ghostwatt"}\n')
    assert open_line.arduino.hear() == {"port": 1, "relay": "off"}
    open_line.arduino.say(b'{"port": 1, "relay": "off", "ok": true}\n')
    assert open_line.arduino.hear() == {"port": 2, "relay": "off"}


def test_a_state_of_before_that_is_not_confirmed_is_told(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restorer, "REPEAT_SECONDS", 0.05)
    line.meter.restore({1: "off"})
    line.open()
    line.speak_until_measured()
    until(lambda: line.told.of("relay_failed"))
    assert [line.arduino.hear() for _ in range(ATTEMPTS)] == [{"port": 1, "relay": "off"}] * ATTEMPTS


def test_plugged_in_again_under_another_name_the_same_arduino_is_found(line: Line, tmp_path: Path) -> None:
    line.usb[:] = [UsbDevice(str(line.arduino.path), "A1"), UsbDevice("/dev/ttyUSB9", "B2")]
    line.open()
    line.speak_until_measured()
    line.arduino.unplug()
    until(lambda: line.told.of("meter_lost"))
    other = Arduino(tmp_path / "ttyACM0")  # another device takes the old name: it is not listened to
    line.arduino = Arduino(tmp_path / "ttyACM1")
    line.usb[:] = [UsbDevice(str(other.path), "C3"), UsbDevice(str(line.arduino.path), "A1")]
    other.say(LINE.replace(b"92.0", b"11.0"))
    line.speak_until_measured()
    assert {measured.power for measured in line.measured} == {92.0}


def test_another_device_under_the_old_name_is_left_alone(line: Line, tmp_path: Path) -> None:
    line.usb[:] = [UsbDevice(str(line.arduino.path), "A1")]
    line.open()
    line.speak_until_measured()
    line.arduino.unplug()
    line.usb[:] = [UsbDevice(str(line.arduino.path), "C3")]
    until(lambda: line.told.of("meter_lost"))
    other = Arduino(tmp_path / "ttyACM0")
    looks = line.looks
    until(lambda: line.looks >= looks + 2)
    with pytest.raises(RelayError, match="not connected"):
        line.meter.switch(1, "off")
    other.unplug()


def test_errors_are_counted_by_sort_and_told_once_a_spell(open_line: Line) -> None:
    open_line.arduino.say(b'hello\n\xff\xff\n{"voltage": 230\n{"port": 4, "error": "no_answer"}\n')
    until(lambda: open_line.meter.errors["sensor"])
    assert open_line.meter.errors == {"not_json": 1, "garbled": 1, "half_line": 1, "sensor": 1}
    assert len(open_line.told.of("bad_lines")) == 1


def test_a_wrong_baud_rate_is_survived_and_guessed(open_line: Line) -> None:
    noise = random.Random(1)  # noqa: S311 - noise is no secret
    open_line.arduino.say(b"".join(noise.randbytes(20).replace(b"\n", b"") + b"\n" for _ in range(WRONG_BAUD_LINES)))
    until(lambda: open_line.told.of("wrong_baud"))
    open_line.speak_until_measured()
    assert open_line.told.of("wrong_baud") == [{"count": WRONG_BAUD_LINES, "baud": 9600}]


def test_with_one_byte_in_a_hundred_flipped_every_line_that_is_whole_is_measured_and_no_other(open_line: Line) -> None:
    noise = random.Random(7)  # noqa: S311 - noise is no secret
    sent, whole = 1000, []
    for number in range(sent):
        body = b'{"port":1,"voltage":230.1,"current":0.400,"power":%d.5' % (1000 + number)
        line = bytearray(body + b',"crc":%d}\n' % crc16(body))
        flips = [at for at in range(len(line)) if noise.random() < 0.01]
        for at in flips:
            line[at] ^= 1 << noise.randrange(8)
        if not flips:
            whole.append(1000.5 + number)
        open_line.arduino.say(bytes(line))
    before = sum(measured.power == 92.0 for measured in open_line.measured)
    body = b'{"port":2,"voltage":230.1,"current":0.400,"power":1.0'
    open_line.arduino.say(b"\n" + body + b',"crc":%d}\n' % crc16(body))
    until(lambda: open_line.measured[-1].channel == 2)
    assert [measured.power for measured in open_line.measured[before:-1]] == whole
    assert 0.4 * sent < len(whole) < 0.7 * sent
    assert open_line.meter.bad_lines >= 0.9 * (sent - len(whole))  # two that have become one are counted once
