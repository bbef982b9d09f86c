"""The heartbeat pace of a device in its set-up."""

from __future__ import annotations

import pytest

from chalicelib.devices.model import Device
from chalicelib.devices.pace import pace_of

NOW_MS = 1_700_000_000_000


@pytest.mark.parametrize(("age_ms", "ports", "seconds"), [(0, 0, 5), (599_999, 0, 5), (600_000, 0, 60), (0, 1, 60)])
def test_a_new_device_without_outlets_is_asked_to_call_often(age_ms: int, ports: int, seconds: int) -> None:
    device = Device("GW-0123", "uid", "owner", "Pi", created_at_ms=NOW_MS)
    assert pace_of(device, ports, NOW_MS + age_ms).heartbeat_seconds == seconds
