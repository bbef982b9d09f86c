from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.outlets.cut_safety import refusal_of
from ghostwatt_pi.outlets.outlets import Outlets
from ghostwatt_pi.outlets.records import Failure, OutletRecord, read_outlets
from ghostwatt_pi.outlets.relays import RelayError, SimulatedRelays
from ghostwatt_pi.schemas import DeviceReply, RelayCommand, RelayReport, RelayState

from .conftest import RecordedLog

SERVER_MS = 1_000_000


def cut(version: int = 2, below: float | None = 10.0, expires_ms: int | None = SERVER_MS + 1) -> RelayCommand:
    return RelayCommand("port-1", 1, "off", version, below, expires_ms)


def reply(*commands: RelayCommand) -> DeviceReply:
    return DeviceReply(SERVER_MS, 60, 60, commands)


def draws(watts: float, at_ms: int | None = None) -> list[Measurement]:
    return [Measurement(1, at_ms or now_ms(), 230.0, 0.1, watts)]


class BrokenRelays(SimulatedRelays):
    is_broken = True
    tries = 0

    def switch(self, channel: int, state: RelayState) -> None:
        self.tries += 1
        if self.is_broken:
            raise RelayError("stuck")
        super().switch(channel, state)


class DeafRelays(SimulatedRelays):
    """Those of these channels do not answer until `give_up`."""

    def __init__(self, deaf: set[int]) -> None:
        super().__init__()
        self.give_up, self.tries = threading.Event(), Counter[int]()
        self._deaf = deaf

    def switch(self, channel: int, state: RelayState) -> None:
        self.tries[channel] += 1
        if channel in self._deaf:
            self.give_up.wait(30)
            raise RelayError("deaf")
        super().switch(channel, state)


class ForgetfulRelays(SimulatedRelays):
    """Those whose state of before could not be set again are in `failed`."""

    def __init__(self) -> None:
        super().__init__()
        self.failed: dict[int, str] = {}

    def failed_restores(self) -> dict[int, str]:
        failed, self.failed = self.failed, {}
        return failed


class Clock:
    """The monotonic clock of the outlets."""

    now = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: made.now)
    return made


class House:
    """Outlets with their relays, and what they logged."""

    def __init__(self, folder: Path, relays: SimulatedRelays | None = None) -> None:
        self.relays, self.log = relays or SimulatedRelays(), RecordedLog()
        self.memory = folder / "outlets.json"
        self.outlets = Outlets(self.relays, self.memory, self.log)

    def obey(self, *commands: RelayCommand) -> list[RelayReport]:
        self.outlets.apply(reply(*commands))
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
    assert refusal_of(command, watts, SERVER_MS) == why


def test_a_safe_cut_switches_and_is_reported(house: House) -> None:
    house.outlets.take_measurements(draws(2.8))
    assert house.obey(cut()) == [RelayReport("port-1", "off", 2)]
    assert not house.relays.is_on(1)


def test_a_cut_of_an_outlet_in_use_is_reported_as_refused(house: House) -> None:
    house.outlets.take_measurements(draws(90.0))
    assert house.obey(cut()) == [RelayReport("port-1", "on", 2, "in_use")]
    assert house.relays.is_on(1)
    assert house.log.of("refused") == [{"channel": 1, "reason": "in_use", "watts": 90.0}]


def test_a_measurement_of_long_ago_proves_nothing(house: House) -> None:
    house.outlets.take_measurements(draws(2.8, at_ms=now_ms() - 121_000))
    assert house.obey(cut()) == [RelayReport("port-1", "on", 2, "in_use")]


@pytest.mark.parametrize(
    ("age_ms", "watts_now", "state", "asked"),
    [
        (11_000, 3.0, "off", [1]),
        (11_000, 90.0, "on", [1]),
        (11_000, None, "on", [1]),  # the meter does not answer any more
        (9_000, 90.0, "off", []),  # the newest measurement is of just now
    ],
)
def test_a_slow_meter_is_read_again_before_a_cut(
    tmp_path: Path, age_ms: int, watts_now: float | None, state: RelayState, asked: list[int]
) -> None:
    calls: list[int] = []

    def read_now(channel: int) -> Measurement | None:
        calls.append(channel)
        return None if watts_now is None else draws(watts_now)[0]

    house = House(tmp_path)
    house.outlets = Outlets(house.relays, house.memory, house.log, read_now=read_now)
    house.outlets.take_measurements(draws(2.8, at_ms=now_ms() - age_ms))
    reason = None if state == "off" else "in_use"
    assert house.obey(cut()) == [RelayReport("port-1", state, 2, reason)]
    assert calls == asked
    assert house.relays.is_on(1) is (state == "on")
    assert len(house.log.of("refused")) == (state == "on")
    assert read_outlets(house.memory)[1].failure is None
    house.obey(cut())
    assert calls == asked  # the refused command is not tried again


def test_a_person_s_switch_asks_no_meter(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.outlets = Outlets(house.relays, house.memory, house.log, read_now=lambda _: None)
    house.obey(cut(below=None, expires_ms=None))
    assert not house.relays.is_on(1)


def test_a_refused_command_is_not_tried_again_when_the_power_falls(house: House) -> None:
    house.outlets.take_measurements(draws(90.0))
    house.obey(cut())
    house.outlets.take_measurements(draws(2.8))
    house.obey(cut())
    assert house.relays.is_on(1)


def test_an_older_version_is_ignored(house: House) -> None:
    house.obey(RelayCommand("port-1", 1, "off", 5))
    house.obey(RelayCommand("port-1", 1, "on", 4))
    assert not house.relays.is_on(1)


def test_a_report_is_given_until_it_is_delivered(house: House) -> None:
    reports = house.obey(RelayCommand("port-1", 1, "off", 5))
    assert house.outlets.reports() == reports
    house.outlets.mark_reported(reports)
    assert house.outlets.reports() == []


def test_delivering_an_old_report_leaves_the_new_one(house: House) -> None:
    old = house.obey(RelayCommand("port-1", 1, "off", 5))
    new = house.obey(RelayCommand("port-1", 1, "on", 6))
    house.outlets.mark_reported(old)
    assert house.outlets.reports() == new == [RelayReport("port-1", "on", 6)]


def test_after_a_restart_the_outlet_is_as_it_was_and_an_expired_cut_is_not_undone(house: House, tmp_path: Path) -> None:
    house.outlets.take_measurements(draws(2.8))
    house.outlets.mark_reported(house.obey(cut()))
    after = House(tmp_path)
    assert not after.relays.is_on(1)
    assert after.obey(cut(expires_ms=SERVER_MS - 1)) == []
    assert not after.relays.is_on(1)


def failing(house: House) -> Failure | None:
    return read_outlets(house.memory)[1].failure


def test_a_relay_that_fails_is_told_once_and_reported_with_the_state_it_really_has(
    tmp_path: Path, clock: Clock
) -> None:
    house = House(tmp_path, BrokenRelays())
    off = RelayCommand("port-1", 1, "off", 2)
    assert house.obey(off) == [RelayReport("port-1", "on", 2, "failed")]
    house.outlets.mark_reported(house.outlets.reports())
    for _ in range(5):
        clock.now += 1000
        assert house.obey(off) == [], "the same failure is reported twice"
    assert len(house.log.of("relay_failed")) == 1
    failure = failing(house)
    assert failure
    assert (failure.wanted, failure.tried, failure.error) == ("off", 6, "stuck")


def test_a_relay_that_fails_is_tried_again_at_growing_intervals(tmp_path: Path, clock: Clock) -> None:
    relays = BrokenRelays()
    house = House(tmp_path, relays)
    tried_at = []
    for second in range(3000):
        clock.now, before = float(second), relays.tries
        house.obey(RelayCommand("port-1", 1, "off", 2))
        if relays.tries > before:
            tried_at.append(second)
    assert tried_at == [0, 6, 66, 366, 1266, 2166]


def test_a_new_command_is_tried_at_once_however_long_the_last_one_failed(tmp_path: Path, clock: Clock) -> None:
    relays = BrokenRelays()
    house = House(tmp_path, relays)
    for version in (2, 3):
        house.obey(RelayCommand("port-1", 1, "off", version))
    assert relays.tries == 2
    assert house.outlets.reports() == [RelayReport("port-1", "on", 3, "failed")]
    assert len(house.log.of("relay_failed")) == 1, "one episode is logged once"


def test_a_relay_that_obeys_again_is_reported_and_its_failure_is_over(tmp_path: Path, clock: Clock) -> None:
    relays = BrokenRelays()
    house = House(tmp_path, relays)
    off = RelayCommand("port-1", 1, "off", 2)
    house.outlets.mark_reported(house.obey(off))
    relays.is_broken, clock.now = False, clock.now + 6
    assert house.obey(off) == [RelayReport("port-1", "off", 2)]
    assert failing(house) is None
    assert read_outlets(house.memory)[1].confirmed


def test_a_command_that_was_taken_back_is_not_tried_again_but_its_failure_is_remembered(
    tmp_path: Path, clock: Clock
) -> None:
    relays = BrokenRelays()
    house = House(tmp_path, relays)
    house.obey(RelayCommand("port-1", 1, "off", 2))
    for _ in range(3):
        clock.now += 1000
        house.obey(RelayCommand("port-1", 1, "on", 3))
    assert relays.tries == 1
    assert not house.outlets.retry_is_due()
    assert failing(house)


def test_the_cloud_is_asked_before_a_failed_command_is_tried_again(tmp_path: Path, clock: Clock) -> None:
    house = House(tmp_path, BrokenRelays())
    house.obey(RelayCommand("port-1", 1, "off", 2))
    assert not house.outlets.retry_is_due()
    clock.now += 6
    assert house.outlets.retry_is_due()


def test_a_state_in_the_meters_readings_is_the_relays_answer(tmp_path: Path, clock: Clock) -> None:
    house = House(tmp_path, BrokenRelays())
    house.outlets.take_measurements([Measurement(1, now_ms(), 230.0, 0.0, 0.0, relay="off")])
    assert house.obey(RelayCommand("port-1", 1, "off", 2)) == [RelayReport("port-1", "off", 2)]


def test_nobody_waits_for_a_deaf_relay_and_the_others_are_switched_meanwhile(tmp_path: Path) -> None:
    relays, finished = DeafRelays({1, 2, 3}), threading.Event()
    outlets = Outlets(relays, tmp_path / "outlets.json", RecordedLog(), on_switched=finished.set)
    outlets.apply(reply(*(RelayCommand(f"port-{n}", n, "off", 2) for n in (1, 2, 3, 4))))
    assert finished.wait(10)
    outlets.collect()
    assert outlets.reports() == [RelayReport("port-4", "off", 2)]
    outlets.apply(reply(*(RelayCommand(f"port-{n}", n, "on", 3) for n in (1, 2, 3, 4))))
    assert relays.tries[1] == 1, "a second attempt beside the first"
    relays.give_up.set()
    outlets.drain(10)
    assert not outlets.is_switching
    assert outlets.retry_is_due(), "a command that came meanwhile is asked for again"


def test_a_relay_without_its_state_of_before_is_reported_on_and_switched_again(tmp_path: Path, clock: Clock) -> None:
    house = House(tmp_path, ForgetfulRelays())
    house.outlets.mark_reported(house.obey(RelayCommand("port-1", 1, "off", 2)))
    house.relays.failed[1] = "the meter did not confirm"  # type: ignore[attr-defined]
    house.outlets.collect()
    assert house.outlets.reports() == [RelayReport("port-1", "on", 2, "failed")]
    clock.now += 6
    assert house.obey(RelayCommand("port-1", 1, "off", 2)) == [RelayReport("port-1", "off", 2)]


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0", b"[]", b"null", b"7", b'{"1"', b'{"1": []}', b"\xff\xfe",
                                     b'{"1": {"port_id": 7, "version": 1, "state": "on"}}',
                                     b'{"x": {"port_id": "p", "version": 1, "state": "on"}}',
                                     b'{"1": {"port_id": "p", "version": true, "state": "on"}}',
                                     b'{"1": {"port_id": "p", "version": 1, "state": "dim"}}'])  # fmt: skip
def test_a_damaged_memory_is_put_aside_and_told_and_the_outlets_go_on(tmp_path: Path, content: bytes) -> None:
    memory = tmp_path / "outlets.json"
    memory.write_bytes(content)
    assert read_outlets(memory) == {}
    house = House(tmp_path)
    assert [fields["path"] for fields in house.log.of("file_damaged")] == [str(memory)]
    assert (tmp_path / "outlets.json-damaged-1").read_bytes() == content
    assert house.obey(RelayCommand("port-1", 1, "off", 2)) == [RelayReport("port-1", "off", 2)]
    assert House(tmp_path).log == []


def test_a_memory_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    stored = '{"1": {"port_id": "port-1", "version": 4, "state": "off", "reason": "by_hand", "reported": true}}'
    (tmp_path / "outlets.json").write_text(stored)
    assert read_outlets(tmp_path / "outlets.json") == {1: OutletRecord("port-1", 4, "off", "by_hand", reported=True)}


def test_the_first_measurement_after_a_switch_confirms_it_in_watts(house: House) -> None:
    house.obey(RelayCommand("port-1", 1, "off", 2))
    house.outlets.take_measurements(draws(90.0, at_ms=now_ms() - 1000))
    assert house.log.of("relay") == []
    house.outlets.take_measurements(draws(0.0, at_ms=now_ms() + 1))
    house.outlets.take_measurements(draws(0.0, at_ms=now_ms() + 2))
    assert house.log.of("relay") == [{"channel": 1, "state": "off", "watts": 0.0}]


def test_channels_map_to_ports_by_the_last_reply_only(house: House) -> None:
    house.obey(RelayCommand("port-1", 1, "on", 1), RelayCommand("port-2", 2, "on", 1))
    house.obey(RelayCommand("port-9", 2, "on", 1))
    assert house.outlets.port_ids == {2: "port-9"}


def test_an_outlet_whose_port_is_gone_does_not_stay_off(house: House) -> None:
    house.outlets.take_measurements(draws(2.8))
    house.obey(cut())
    assert house.obey() == []
    assert house.relays.is_on(1)
