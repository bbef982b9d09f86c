from __future__ import annotations

import json

from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.local.state_file import read_state

from .conftest import until
from .fake_cloud import FakeCloud
from .processes import Started, next_event

SIMULATE = ["simulate", "--profile", "television", "--interval", "0.1", "--seed", "1"]


def test_status_says_how_the_running_agent_does(cloud: FakeCloud, pi: Started) -> None:
    next_event(pi.start(*SIMULATE), "uploaded")
    until(lambda: read_state(DataDirectory(pi.folder).state_path).is_online)
    code, out = pi.ask("status", "--json")
    said = json.loads(out)
    assert code == 0
    assert (said["paired"], said["running"], said["online"], said["trouble"]) == (True, True, True, None)
    assert said["lastUploadAt"].endswith("Z")
    assert said["outlets"] == [{"channel": 1, "portId": "port-1", "state": "on", "reason": None}]
    assert "running" in pi.ask("status")[1]


def test_status_without_an_agent_is_exit_code_4(pi: Started) -> None:
    code, out = pi.ask("status", "--json")
    assert (code, json.loads(out)["running"], json.loads(out)["online"]) == (4, False, False)
