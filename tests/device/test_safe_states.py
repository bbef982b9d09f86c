from __future__ import annotations

import signal
from pathlib import Path

import pytest
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.outlets.safe_states import RETRY_SECONDS, SafeStatePolicy, SafeStates, power_was_lost
from ghostwatt_pi.schemas import RelayState

from .conftest import RecordedLog, until
from .fake_cloud import FakeCloud
from .processes import Started


class House:
    """Two outlets, and the safe states that are chosen for them."""

    def __init__(self, policy: SafeStatePolicy, *, power_lost: bool = False) -> None:
        self.states: dict[int, RelayState] = {1: "on", 2: "off"}
        self.is_stuck = False
        self.log = RecordedLog()
        self.safe = SafeStates(policy, lambda: self.states, self.log, power_was_lost=power_lost)

    def turn(self, now: float, *, away: bool) -> dict[int, RelayState]:
        self.safe.turn(self._switch, cloud_away=away, now=now)
        return dict(self.states)

    def _switch(self, channel: int, state: RelayState) -> None:
        if self.is_stuck:
            raise RelayError("stuck")
        self.states[channel] = state


def test_by_default_nothing_changes() -> None:
    house = House(SafeStatePolicy(), power_lost=True)
    assert house.turn(0, away=True) == house.turn(1e9, away=True) == {1: "on", 2: "off"}
    assert house.log == []


@pytest.mark.parametrize("safe", ["on", "off"])
def test_after_a_power_loss_all_outlets_take_the_chosen_state_once(safe: RelayState) -> None:
    house = House(SafeStatePolicy(after_power_loss=safe), power_lost=True)
    assert house.turn(0, away=False) == {1: safe, 2: safe}
    house.states[1] = "on"
    house.states[2] = "off"
    assert house.turn(1, away=False) == {1: "on", 2: "off"}


def test_a_mere_restart_is_no_power_loss() -> None:
    assert House(SafeStatePolicy(after_power_loss="off")).turn(0, away=False) == {1: "on", 2: "off"}


def test_the_cloud_is_lost_only_when_it_was_away_without_a_break_for_the_chosen_time() -> None:
    house = House(SafeStatePolicy(after_cloud_loss="on", cloud_loss_seconds=600))
    assert house.turn(0, away=True) == {1: "on", 2: "off"}
    assert house.turn(599, away=True) == {1: "on", 2: "off"}
    assert house.turn(599.5, away=False) == {1: "on", 2: "off"}
    assert house.turn(600, away=True) == {1: "on", 2: "off"}
    assert house.turn(1200, away=True) == {1: "on", 2: "on"}
    assert house.log == [("safe_state", {"channel": 2, "state": "on", "why": "cloud loss"})]


def test_in_one_outage_the_safe_state_is_taken_once_and_a_person_at_the_pi_may_change_it() -> None:
    house = House(SafeStatePolicy(after_cloud_loss="on", cloud_loss_seconds=10))
    house.turn(0, away=True)
    house.turn(10, away=True)
    house.states[1] = "off"
    assert house.turn(20, away=True)[1] == "off"


def test_a_relay_that_fails_is_told_once_and_tried_again_but_not_at_every_turn() -> None:
    house = House(SafeStatePolicy(after_power_loss="on"), power_lost=True)
    house.is_stuck = True
    house.turn(0, away=False)
    house.turn(RETRY_SECONDS, away=False)
    house.is_stuck = False
    assert house.turn(RETRY_SECONDS + 1, away=False)[2] == "off"
    assert house.turn(2 * RETRY_SECONDS, away=False)[2] == "on"
    assert len(house.log.of("relay_failed")) == 1


def test_what_could_not_be_done_before_the_cloud_was_back_is_not_done_any_more() -> None:
    house = House(SafeStatePolicy(after_cloud_loss="on", cloud_loss_seconds=0))
    house.is_stuck = True
    house.turn(0, away=True)
    house.is_stuck = False
    assert house.turn(RETRY_SECONDS, away=False) == {1: "on", 2: "off"}


def test_a_power_loss_is_a_new_boot_since_the_last_look(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    assert [power_was_lost(memory, "first") for _ in range(2)] == [False, False]
    assert [power_was_lost(memory, "second") for _ in range(2)] == [True, False]


def test_the_file_of_an_earlier_release_still_names_its_boot(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    memory.write_text("0f1e2d3c-0000-4000-8000-000000000001\n")
    assert not power_was_lost(memory, "0f1e2d3c-0000-4000-8000-000000000001")


def test_without_an_id_of_the_boot_no_power_loss_is_made_up(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    memory.write_text("a boot\n")
    assert not power_was_lost(memory, None)


def test_the_cloud_hears_that_an_outlet_took_its_safe_state(cloud: FakeCloud, pi: Started) -> None:
    simulate = ["simulate", "--profile", "television", "--interval", "0.1"]
    agent = pi.start(*simulate)
    until(lambda: cloud.reported(1))
    agent.send_signal(signal.SIGTERM)
    agent.wait(10)
    (pi.folder / "boot_id").write_text("the boot before the power went")
    pi.start(*simulate, "--relay-after-power-loss", "off")
    off = {"portId": "port-1", "state": "off", "version": 1, "reason": "safe_state"}
    until(lambda: cloud.reported(1)[-1] == off)
