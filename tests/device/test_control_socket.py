from __future__ import annotations

from pathlib import Path

import pytest
from ghostwatt_pi.outlets import control_socket
from ghostwatt_pi.outlets.control_socket import ControlServer
from ghostwatt_pi.outlets.relays import RelayError


def test_a_switch_that_nobody_waits_for_any_more_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_socket, "ANSWER_SECONDS", 0.05)
    switched: list[int] = []
    with ControlServer(tmp_path / "switch.sock") as control:
        with pytest.raises(RelayError, match="was not switched"):
            control.request_switch(1, "off")
        control.serve(lambda channel, _state, _done: switched.append(channel))
    assert switched == []


def test_a_damaged_request_on_the_socket_is_answered(tmp_path: Path) -> None:
    control = ControlServer(tmp_path / "switch.sock", lambda: {"is_online": True})
    with control.running():
        assert control_socket.request_state(tmp_path / "switch.sock") == {"is_online": True}
        with pytest.raises(RelayError, match="not a request"):
            control_socket.switch_through_agent(tmp_path / "switch.sock", "x", "off")  # type: ignore[arg-type]
