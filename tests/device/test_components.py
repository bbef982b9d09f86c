from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ghostwatt_pi.commands.components import home_assistant, make_safe_states, with_configured_relays
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.local.observer import AgentObserver
from ghostwatt_pi.local.snapshot import Snapshot
from ghostwatt_pi.meters.base import MeterWithRelays
from ghostwatt_pi.meters.serial_meter import SerialMeter
from ghostwatt_pi.outlets.gpio import GpioRelays
from ghostwatt_pi.settings.config import BadSetting, Settings, load_settings
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from .conftest import RecordedLog, ScriptedMeter


def test_the_relays_are_the_meters_own_unless_pins_are_chosen(tmp_path: Path) -> None:
    meter = SerialMeter("/dev/null", 9600, RecordedLog())
    meter.errors["garbled"] = 2
    assert with_configured_relays(meter, Settings(tmp_path)) is meter
    chosen = with_configured_relays(meter, Settings(tmp_path, relays="gpio", gpio_pins=(17,)))
    assert isinstance(chosen, MeterWithRelays)
    assert chosen.errors == {"garbled": 2}


def test_how_the_relays_are_wired_is_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    factory = MockFactory()
    monkeypatch.setattr(Device, "pin_factory", factory)
    flags = {"data": tmp_path, "relays": "gpio", "gpio_pins": "17"}
    for active_low, cuts, is_high in ((True, True, False), (False, True, True), (True, False, True)):
        wiring = {"gpio_active_low": active_low, "gpio_cuts_when_energised": cuts}
        relays = with_configured_relays(ScriptedMeter(), load_settings({**flags, **wiring}, {})).relays
        relays.switch(1, "off")
        assert factory.pin(17).state is is_high
        assert isinstance(relays, GpioRelays)
        relays.close()


def test_pins_that_are_not_named_are_a_bad_setting(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="gpio_pins"):
        with_configured_relays(ScriptedMeter(), Settings(tmp_path, relays="gpio"))


def test_an_extra_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("outlets.gpio", "local.home_assistant"):
        monkeypatch.setitem(sys.modules, f"ghostwatt_pi.{module}", None)
    with pytest.raises(BadSetting, match="pipx inject ghostwatt-pi gpiozero"):
        with_configured_relays(ScriptedMeter(), Settings(tmp_path, relays="gpio", gpio_pins=(17,)))
    settings = Settings(tmp_path, home_assistant="mqtt://broker")
    with (
        pytest.raises(BadSetting, match="pipx inject ghostwatt-pi paho-mqtt"),
        home_assistant(settings, "GW-1", Snapshot, RecordedLog()),
    ):
        pass


def test_the_safe_states_of_the_settings_act_on_the_outlets_that_have_a_state(tmp_path: Path) -> None:
    watch = AgentObserver(RecordedLog())
    relays = watch.observe(ScriptedMeter()).relays
    relays.restore({1: "off"})
    settings = Settings(tmp_path, relay_after_cloud_loss="on", cloud_loss_minutes=1)
    safe = make_safe_states(settings, watch, DataDirectory(tmp_path))
    safe.turn(relays.switch, cloud_away=True, now=0)
    assert watch.relay_states == {1: "off"}
    safe.turn(relays.switch, cloud_away=True, now=60)
    assert watch.relay_states == {1: "on"}
