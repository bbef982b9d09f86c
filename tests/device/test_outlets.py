from __future__ import annotations

from pathlib import Path

import pytest
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.outlets.outlets import Outlets, refusal
from ghostwatt_pi.outlets.relays import RelayError, SimulatedRelays
from ghostwatt_pi.wire import DeviceReply, RelayCommand, RelayReport, RelayState

from .conftest import Told

SERVER_MS = 1_000_000


def cut(version: int = 2, below: float | None = 10.0, expires_ms: int | None = SERVER_MS + 1) -> RelayCommand:
    return RelayCommand("port-1", 1, "off", version, below, expires_ms)


def reply(*commands: RelayCommand) -> DeviceReply:
    return DeviceReply(SERVER_MS, 60, 60, commands)


def draws(watts: float, at_ms: int | None = None) -> list[Measurement]:
    return [Measurement(1, at_ms or now_ms(), 230.0, 0.1, watts)]


class BrokenRelays(SimulatedRelays):
    def switch(self, _channel: int, _state: RelayState) -> None:
        raise RelayError("stuck")


class House:
    """Outlets with their relays, and what they told."""

    def __init__(self, folder: Path, relays: SimulatedRelays | None = None) -> None:
        self.relays, self.told = relays or SimulatedRelays(), Told()
        self.outlets = Outlets(self.relays, folder / "outlets.json", self.told)

    def obey(self, *commands: RelayCommand) -> list[RelayReport]:
        self.outlets.obey(reply(*commands))
        return self.outlets.reports()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.mark.parametrize(
    ("command", "watts", "why"),
    [
        (cut(), 9.9, None),
        (cut(), 10.0, "in_use"),
        (cut(), None, "in_use"),
        (cut(expires_ms=SERVER_MS), 2.8, "expired"),
        (cut(below=None, expires_ms=None), 2000.0, None),
        (RelayCommand("port-1", 1, "on", 2), None, None),
    ],
)
def test_a_cut_is_obeyed_only_below_its_power_and_before_its_end(
    command: RelayCommand, watts: float | None, why: str | None
) -> None:
    assert refusal(command, watts, SERVER_MS) == why


def test_a_safe_cut_switches_and_is_reported(house: House) -> None:
    house.outlets.notice(draws(2.8))
    assert house.obey(cut()) == [RelayReport("port-1", "off", 2)]
    assert not house.relays.is_on(1)


def test_a_cut_of_an_outlet_in_use_is_reported_as_refused(house: House) -> None:
    house.outlets.notice(draws(90.0))
    assert house.obey(cut()) == [RelayReport("port-1", "on", 2, "in_use")]
    assert house.relays.is_on(1)
    assert house.told.of("refused") == [{"channel": 1, "reason": "in_use", "watts": 90.0}]


def test_a_measurement_of_long_ago_proves_nothing(house: House) -> None:
    house.outlets.notice(draws(2.8, at_ms=now_ms() - 121_000))
    assert house.obey(cut()) == [RelayReport("port-1", "on", 2, "in_use")]


def test_a_refused_command_is_not_tried_again_when_the_power_falls(house: House) -> None:
    house.outlets.notice(draws(90.0))
    house.obey(cut())
    house.outlets.notice(draws(2.8))
    house.obey(cut())
    assert house.relays.is_on(1)


def test_an_older_version_is_ignored(house: House) -> None:
    house.obey(RelayCommand("port-1", 1, "off", 5))
    house.obey(RelayCommand("port-1", 1, "on", 4))
    assert not house.relays.is_on(1)


def test_a_report_is_given_until_it_is_delivered(house: House) -> None:
    reports = house.obey(RelayCommand("port-1", 1, "off", 5))
    assert house.outlets.reports() == reports
    house.outlets.delivered(reports)
    assert house.outlets.reports() == []


def test_delivering_an_old_report_leaves_the_new_one(house: House) -> None:
    old = house.obey(RelayCommand("port-1", 1, "off", 5))
    new = house.obey(RelayCommand("port-1", 1, "on", 6))
    house.outlets.delivered(old)
    assert house.outlets.reports() == new == [RelayReport("port-1", "on", 6)]


def test_after_a_restart_the_outlet_is_as_it_was_and_an_expired_cut_is_not_undone(house: House, tmp_path: Path) -> None:
    house.outlets.notice(draws(2.8))
    house.outlets.delivered(house.obey(cut()))
    after = House(tmp_path)
    assert not after.relays.is_on(1)
    assert after.obey(cut(expires_ms=SERVER_MS - 1)) == []
    assert not after.relays.is_on(1)


def test_a_relay_that_fails_is_told_not_reported_and_tried_again(tmp_path: Path) -> None:
    house = House(tmp_path, BrokenRelays())
    off = RelayCommand("port-1", 1, "off", 2)
    assert house.obey(off) == []
    assert house.obey(off) == []
    assert len(house.told.of("relay_failed")) == 2


def test_the_first_measurement_after_a_switch_confirms_it_in_watts(house: House) -> None:
    house.obey(RelayCommand("port-1", 1, "off", 2))
    house.outlets.notice(draws(90.0, at_ms=now_ms() - 1000))
    assert house.told.of("relay") == []
    house.outlets.notice(draws(0.0, at_ms=now_ms() + 1))
    house.outlets.notice(draws(0.0, at_ms=now_ms() + 2))
    assert house.told.of("relay") == [{"channel": 1, "state": "off", "watts": 0.0}]


def test_channels_map_to_ports_by_the_last_reply_only(house: House) -> None:
    house.obey(RelayCommand("port-1", 1, "on", 1), RelayCommand("port-2", 2, "on", 1))
    house.obey(RelayCommand("port-9", 2, "on", 1))
    assert house.outlets.port_ids == {2: "port-9"}


def test_an_outlet_whose_port_is_gone_does_not_stay_off(house: House) -> None:
    house.outlets.notice(draws(2.8))
    house.obey(cut())
    assert house.obey() == []
    assert house.relays.is_on(1)
