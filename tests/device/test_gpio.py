from __future__ import annotations

from collections.abc import Iterator

import pytest
from ghostwatt_pi.meters.base import MeterWithRelays
from ghostwatt_pi.outlets.gpio import GpioRelays
from ghostwatt_pi.outlets.relays import RelayError
from gpiozero.pins.mock import MockFactory

from .conftest import ScriptedMeter


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    made = MockFactory()
    yield made
    made.reset()


def relays(factory: MockFactory, *, active_low: bool = True, cuts_when_energised: bool = True) -> GpioRelays:
    return GpioRelays((17, 27), active_low=active_low, cuts_when_energised=cuts_when_energised, factory=factory)


@pytest.mark.parametrize("active_low", [True, False])
@pytest.mark.parametrize("cuts_when_energised", [True, False])
def test_a_cut_energises_the_relay_or_lets_it_go_as_it_is_wired(
    factory: MockFactory, active_low: bool, cuts_when_energised: bool
) -> None:
    made = relays(factory, active_low=active_low, cuts_when_energised=cuts_when_energised)
    made.switch(1, "off")
    assert factory.pin(17).state == (cuts_when_energised != active_low)
    made.switch(1, "on")
    assert factory.pin(17).state == (cuts_when_energised == active_low)


def test_a_pin_never_passes_through_the_other_state(factory: MockFactory) -> None:
    made = relays(factory)
    for pin in (17, 27):
        factory.pin(pin).clear_states()
    made.restore({1: "off"})
    changed = [[state.state for state in factory.pin(pin).states][1:] for pin in (17, 27)]
    assert changed == [[], [True]]  # a mock pin begins low, which is "cut" here


def test_a_channel_without_a_pin_is_an_error(factory: MockFactory) -> None:
    with pytest.raises(RelayError, match="gpio_pins"):
        relays(factory).switch(3, "off")


def test_a_pin_that_somebody_else_holds_is_an_error(factory: MockFactory) -> None:
    first = relays(factory)
    first.switch(1, "off")
    with pytest.raises(RelayError, match="cannot be used"):
        relays(factory).switch(1, "off")
    first.close()
    relays(factory).switch(1, "off")


def test_one_thing_measures_and_another_switches(factory: MockFactory) -> None:
    pins = relays(factory)
    meter = MeterWithRelays(ScriptedMeter(), pins)
    meter.relays.switch(2, "off")
    assert factory.pin(27).state is False


def test_pins_are_released_with_their_meter() -> None:
    factory = MockFactory()
    relays = GpioRelays((17,), factory=factory)
    meter = MeterWithRelays(ScriptedMeter(), relays)
    meter.relays.switch(1, "off")
    meter.close()
    GpioRelays((17,), factory=factory).switch(1, "off")
    factory.reset()
