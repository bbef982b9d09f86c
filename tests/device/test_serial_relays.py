from __future__ import annotations

import pytest
from ghostwatt_pi.meters import serial_relays
from ghostwatt_pi.meters.serial_relays import ATTEMPTS
from ghostwatt_pi.outlets.relays import RelayError

from .arduino_line import Line, in_background
from .arduino_line import line as line  # noqa: PLC0414 - a fixture
from .arduino_line import open_line as open_line  # noqa: PLC0414 - likewise
from .conftest import until


def test_a_relay_command_is_done_when_the_arduino_confirms_it(open_line: Line) -> None:
    thread, errors = in_background(lambda: open_line.meter.relays.switch(2, "off"))
    assert open_line.arduino.hear() == {"port": 2, "relay": "off"}
    assert thread.is_alive()
    open_line.arduino.say(b'{"port": 2, "relay": "off"}\n')
    thread.join(5)
    assert not thread.is_alive()
    assert errors == []


def test_a_relay_command_without_confirmation_is_repeated_and_then_an_error(
    open_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_relays, "ACKNOWLEDGE_SECONDS", 0.1)
    with pytest.raises(RelayError, match="confirm"):
        open_line.meter.relays.switch(1, "off")
    assert [open_line.arduino.hear() for _ in range(ATTEMPTS)] == [{"port": 1, "relay": "off"}] * ATTEMPTS


def test_a_repeated_relay_command_is_done_when_it_is_confirmed(
    open_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_relays, "ACKNOWLEDGE_SECONDS", 0.2)
    thread, errors = in_background(lambda: open_line.meter.relays.switch(1, "off"))
    open_line.arduino.hear()
    open_line.arduino.say(b'{"port": 2, "relay": "off", "ok": true}\n{"port": 1, "relay": "on", "ok": true}\n')
    open_line.arduino.hear()
    open_line.arduino.say(b'{"port": 1, "relay": "off", "ok": true}\n')
    thread.join(5)
    assert errors == []


def test_a_relay_that_the_arduino_does_not_have_is_an_error_at_once(open_line: Line) -> None:
    thread, errors = in_background(lambda: open_line.meter.relays.switch(9, "off"))
    open_line.arduino.hear()
    open_line.arduino.say(b'{"port": 9, "relay": "off", "ok": false}\n')
    thread.join(1)
    assert [str(error) for error in errors] == ["the meter refuses the command: it has no such relay"]


def test_a_relay_command_to_an_arduino_that_is_away_is_an_error(line: Line) -> None:
    line.open()
    with pytest.raises(RelayError, match="not connected"):
        line.meter.relays.switch(1, "off")


def test_a_switched_off_outlet_is_switched_off_again_after_the_arduino_has_reset(open_line: Line) -> None:
    thread, errors = in_background(lambda: open_line.meter.relays.switch(1, "off"))
    open_line.arduino.hear()
    open_line.arduino.say(b'{"port": 1, "relay": "off"}\n')
    thread.join(5)
    assert errors == []
    open_line.arduino.unplug()
    until(lambda: open_line.log.of("meter_lost"))
    open_line.arduino.plug_in()
    open_line.speak_until_measured()
    assert open_line.arduino.hear() == {"port": 1, "relay": "off"}


def test_states_of_before_a_restart_are_sent_when_the_arduino_first_speaks(line: Line) -> None:
    line.meter.relays.restore({2: "off"})
    line.open()
    line.speak_until_measured()
    assert line.arduino.hear() == {"port": 2, "relay": "off"}


def test_after_a_reset_without_unplugging_the_relays_are_set_one_by_one(open_line: Line) -> None:
    for channel in (1, 2):
        thread, _ = in_background(lambda channel=channel: open_line.meter.relays.switch(channel, "off"))  # type: ignore[misc]
        open_line.arduino.hear()
        open_line.arduino.say(b'{"port": %d, "relay": "off"}\n' % channel)
        thread.join(5)
    open_line.arduino.say(b'{"hello": "ghostwatt"}\n')
    assert open_line.arduino.hear() == {"port": 1, "relay": "off"}
    open_line.arduino.say(b'{"port": 1, "relay": "off", "ok": true}\n')
    assert open_line.arduino.hear() == {"port": 2, "relay": "off"}


def test_a_state_of_before_that_is_not_confirmed_is_told(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_relays, "REPEAT_SECONDS", 0.05)
    line.meter.relays.restore({1: "off"})
    line.open()
    line.speak_until_measured()
    until(lambda: line.log.of("relay_failed"))
    assert [line.arduino.hear() for _ in range(ATTEMPTS)] == [{"port": 1, "relay": "off"}] * ATTEMPTS
