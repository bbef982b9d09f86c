from __future__ import annotations

from .conftest import until
from .fake_cloud import FakeCloud
from .processes import Started, next_event

SIMULATE = ["simulate", "--profile", "television", "--interval", "0.1", "--seed", "1"]


def test_a_switch_by_hand_is_done_by_the_agent_and_the_clouds_next_command_wins(cloud: FakeCloud, pi: Started) -> None:
    agent = pi.start(*SIMULATE)
    next_event(agent, "uploaded")
    code, out = pi.ask("switch", "1", "off")
    assert (code, "next command" in out) == (0, True)
    until(lambda: any(report["state"] == "off" for report in cloud.reported(1)))
    assert cloud.reported(1)[-1] == {"portId": "port-1", "state": "off", "version": 1, "reason": "by_hand"}
    cloud.command(1, "on", 2)
    until(lambda: cloud.reported(1)[-1] == {"portId": "port-1", "state": "on", "version": 2})


def test_a_switch_without_agent_and_meter_says_what_is_missing(pi: Started) -> None:
    code, _ = pi.ask("switch", "1", "off", "--serial", "/dev/does-not-exist")
    assert (code, "doctor" in pi.said) == (1, True)
