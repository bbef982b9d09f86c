"""What becomes of the readings that wait when a device is paired again: real processes."""

from __future__ import annotations

import json
import signal

import pytest
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.measurement import now_ms

from .conftest import fill_buffer
from .fake_cloud import FakeCloud
from .processes import Started, next_event

SIMULATE = ["simulate", "--profile", "television", "--interval", "0.1", "--seed", "1"]


def test_a_claim_by_another_owner_beside_the_agent_drops_what_waits(
    cloud: FakeCloud, pi: Started, directory: DataDirectory
) -> None:
    directory.save_key("key-1", owner_tag="anna")
    agent = pi.start(*SIMULATE)
    next_event(agent, "uploaded")
    cloud.api_key = "key-2"  # released: another person may claim the Pi now
    next_event(agent, "key_refused")
    before = set(cloud.stored)
    cloud.claim_state, cloud.owner_tag = "approved", "bert"
    code, out = pi.ask("claim", "--json")
    claimed_ms = now_ms()
    assert (code, json.loads(out)["paired"]) == (0, True)
    next_event(agent, "key_replaced")
    assert next_event(agent, "former_dropped")["readings"]
    next_event(agent, "uploaded")
    new = set(cloud.stored) - before
    assert min(at_ms for _, at_ms in new) > claimed_ms - 3000  # the agent looks for a key every two seconds
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(10) == 0


def test_who_keeps_his_readings_gets_them(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> None:
    directory.save_key("key-1", owner_tag="anna")
    fill_buffer(directory, 7)
    cloud.api_key, cloud.claim_state, cloud.owner_tag = "key-2", "approved", "bert"
    assert pi.ask("claim", "--keep-readings")[0] == 0
    assert pi.ask("backlog", "--send")[0] == 0
    assert len(cloud.stored) == 7


@pytest.mark.parametrize(("tag", "left"), [("bert", 0), ("anna", 7), (None, 7)])
def test_a_claim_without_an_agent_drops_what_waits_only_if_it_shows_another_owner(
    cloud: FakeCloud, pi: Started, directory: DataDirectory, tag: str | None, left: int
) -> None:
    directory.save_key("key-1", owner_tag="anna")
    fill_buffer(directory, 7)
    cloud.api_key, cloud.claim_state, cloud.owner_tag = "key-2", "approved", tag
    assert pi.ask("claim")[0] == 0
    shown = json.loads(pi.ask("backlog", "--json")[1])
    assert (shown["readings"], shown["putAside"]) == (left, 0)
