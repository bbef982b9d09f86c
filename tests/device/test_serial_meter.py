from __future__ import annotations

import random
from pathlib import Path

import pytest
from ghostwatt_pi.meters.line_errors import WRONG_BAUD_LINES
from ghostwatt_pi.meters.protocol import crc16
from ghostwatt_pi.outlets.relays import RelayError

from .arduino_line import LINE, Arduino, Line, UsbDevice
from .arduino_line import line as line  # noqa: PLC0414 - a fixture
from .arduino_line import open_line as open_line  # noqa: PLC0414 - likewise
from .conftest import until


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
    assert open_line.log.of("bad_lines")[0]["count"] == 1


def test_unplugged_amid_a_line_and_plugged_in_again_it_goes_on(open_line: Line) -> None:
    open_line.arduino.say(LINE[:20])
    open_line.arduino.unplug()
    until(lambda: open_line.log.of("meter_lost"))
    open_line.arduino.plug_in()
    open_line.speak_until_measured()
    assert len(open_line.log.of("meter_back")) == 1
    assert open_line.measured[-1].power == 92.0


def test_plugged_in_again_under_another_name_the_same_arduino_is_found(line: Line, tmp_path: Path) -> None:
    line.usb[:] = [UsbDevice(str(line.arduino.path), "A1"), UsbDevice("/dev/ttyUSB9", "B2")]
    line.open()
    line.speak_until_measured()
    line.arduino.unplug()
    until(lambda: line.log.of("meter_lost"))
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
    until(lambda: line.log.of("meter_lost"))
    other = Arduino(tmp_path / "ttyACM0")
    looks = line.looks
    until(lambda: line.looks >= looks + 2)
    with pytest.raises(RelayError, match="not connected"):
        line.meter.relays.switch(1, "off")
    other.unplug()


def test_errors_are_counted_by_sort_and_told_once_a_spell(open_line: Line) -> None:
    open_line.arduino.say(b'hello\n\xff\xff\n{"voltage": 230\n{"port": 4, "error": "no_answer"}\n')
    until(lambda: open_line.meter.errors["sensor"])
    assert open_line.meter.errors == {"not_json": 1, "garbled": 1, "half_line": 1, "sensor": 1}
    assert len(open_line.log.of("bad_lines")) == 1


def test_a_wrong_baud_rate_is_survived_and_guessed(open_line: Line) -> None:
    noise = random.Random(1)  # noqa: S311 - noise is no secret
    open_line.arduino.say(b"".join(noise.randbytes(20).replace(b"\n", b"") + b"\n" for _ in range(WRONG_BAUD_LINES)))
    until(lambda: open_line.log.of("wrong_baud"))
    open_line.speak_until_measured()
    assert open_line.log.of("wrong_baud") == [{"count": WRONG_BAUD_LINES, "baud": 9600}]


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
