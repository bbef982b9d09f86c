from __future__ import annotations

from pathlib import Path

from ghostwatt_pi.local.snapshot import Snapshot
from ghostwatt_pi.local.state_file import AgentState, StateFile, read_state


class Agent:
    """What the agent does, and the file that follows it."""

    def __init__(self, path: Path) -> None:
        self.path, self.now = path, Snapshot()
        self.file = StateFile(path, lambda: self.now)

    def does(self, now: Snapshot) -> AgentState:
        self.now = now
        self.file.follow()
        return read_state(self.path)


def test_a_lost_cloud_is_written_at_once_but_an_upload_alone_is_not(tmp_path: Path) -> None:
    agent = Agent(tmp_path / "state.json")
    assert agent.does(Snapshot(is_online=True, last_upload_at_ms=1)) == AgentState(True, 1)
    assert agent.does(Snapshot(is_online=True, last_upload_at_ms=2)) == AgentState(True, 1)
    lost = Snapshot(is_online=False, last_upload_at_ms=2, trouble="gone")
    assert agent.does(lost) == AgentState(False, 2, "gone")


def test_the_last_upload_outlives_a_restart_but_nothing_else_does(tmp_path: Path) -> None:
    agent = Agent(tmp_path / "state.json")
    agent.does(Snapshot(is_online=True, last_upload_at_ms=7))
    agent.now = Snapshot(is_online=True, last_upload_at_ms=9)
    agent.file.close()
    assert Agent(agent.path).does(Snapshot()) == AgentState(None, 9)


def test_a_file_that_is_not_ours_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{")
    assert read_state(tmp_path / "state.json") == AgentState()


def test_a_slow_outlet_is_written_at_once_and_read_back(tmp_path: Path) -> None:
    agent = Agent(tmp_path / "state.json")
    agent.does(Snapshot(is_online=True))
    assert agent.does(Snapshot(is_online=True, slow={3: 300.0})).slow == {3: 300.0}


def test_a_file_of_the_release_before_has_no_slow_outlet(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(
        '{"is_online": true, "last_upload_at_ms": 7, "trouble": null, "newest": {"1": {"watts": 2.8, "at_ms": 5}},'
        ' "silent": [], "is_meter_silent": false, "disk": null}'
    )
    state = read_state(tmp_path / "state.json")
    assert (state.is_online, state.newest[1].watts, state.slow) == (True, 2.8, {})
