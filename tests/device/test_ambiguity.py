from __future__ import annotations

import pytest
from ghostwatt_pi.meters.line_errors import AmbiguityCheck
from ghostwatt_pi.meters.protocol import meter_name

from .arduino_line import Line
from .arduino_line import line as line  # noqa: PLC0414 - a fixture
from .conftest import RecordedLog, until

FIELDS = b'"voltage": 230.1, "current": 0.4, "power": 92.0'
PLAIN = b"{" + FIELDS + b"}"


def named(field: bytes) -> bytes:
    return b"{" + field + b", " + FIELDS + b"}"


@pytest.mark.parametrize(
    "other", [named(b'"id": "a"'), named(b'"channel": 2'), named(b'"sensor": 0'), named(b'"name": "TV"')]
)
def test_a_second_meter_without_a_port_is_refused(other: bytes) -> None:
    for first, second in ((PLAIN, other), (other, PLAIN)):
        meters = AmbiguityCheck(RecordedLog())
        assert meters.ambiguity(meter_name(first)) == ""
        assert "no port" in meters.ambiguity(meter_name(second))
        assert meters.ambiguity(meter_name(first)) == ""


def test_once_lines_have_ports_one_without_is_refused() -> None:
    meters = AmbiguityCheck(RecordedLog())
    assert meters.ambiguity(meter_name(named(b'"port": 2'))) == ""
    assert "no port" in meters.ambiguity(meter_name(PLAIN))
    assert meters.ambiguity(meter_name(named(b'"port": 1'))) == ""


def test_one_meter_that_always_has_the_same_name_is_taken() -> None:
    log = RecordedLog()
    meters = AmbiguityCheck(log)
    assert {meters.ambiguity(meter_name(named(b'"id": "a", "name": "TV"')), now=2.0 * n) for n in range(100)} == {""}
    assert log == []


def test_readings_that_come_in_bursts_are_told_once() -> None:
    log = RecordedLog()
    meters = AmbiguityCheck(log)
    for second in range(0, 100, 2):
        assert meters.ambiguity(meter_name(PLAIN), now=second) == ""
        assert meters.ambiguity(meter_name(PLAIN), now=second + 0.02) == ""
    assert len(log.of("warning")) == 1


def test_readings_that_waited_in_a_buffer_are_of_one_meter() -> None:
    log = RecordedLog()
    meters = AmbiguityCheck(log)
    for number in range(100):
        meters.ambiguity(meter_name(PLAIN), now=100.0 if number < 50 else 2.0 * number)
    assert log == []


def test_a_refused_line_is_counted_and_told_with_its_reason(line: Line) -> None:
    line.open()
    line.speak_until_measured()
    line.arduino.say(named(b'"id": "b"') + b"\n")
    until(lambda: line.log.of("bad_lines"))
    assert line.meter.errors["ambiguous"] == 1
    assert "no port" in str(line.log.of("bad_lines")[0]["why"])
    assert {measured.channel for measured in line.measured} == {1}


def test_a_line_with_its_relay_or_without_an_error_is_measured_and_confirms(line: Line) -> None:
    line.open()
    line.speak_until_measured()
    before = len(line.measured)
    line.arduino.say(PLAIN[:-1] + b', "error": 0}\r' + PLAIN[:-1] + b', "relay": "on"}\r')
    until(lambda: len(line.measured) >= before + 2 and line.measured[-1].relay == "on")
    assert line.meter.bad_lines == 0
