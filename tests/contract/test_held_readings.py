"""Readings that say how long they held, and meters without volts, over the whole way: documented, and full energy."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Person, eventually, now_ms
from tests.contract.openapi import faults

MINUTE_MS = 60_000


def test_a_meter_that_speaks_each_five_minutes_has_its_full_energy(person: Person, document: dict[str, Any]) -> None:
    device = person.device()
    port_id = str(person.port(device, thresholdWatts=10)["portId"])
    start_ms = now_ms() - 60 * MINUTE_MS
    held = {"portId": port_id, "voltage": None, "current": None, "heldMs": 5 * MINUTE_MS}
    watts = [80.0] * 6 + [3.0] * 6
    sent = [held | {"timestampMs": start_ms + 5 * MINUTE_MS * (n + 1), "power": p} for n, p in enumerate(watts)]
    answer = device.send(sent, "b")
    assert {result["status"] for result in answer.body["results"]} == {"stored"}
    assert answer.body["accepts"] == ["heldMs", "nullVolts"]
    assert faults(document, "POST", "/sensor/readings", answer) == []
    raw, days = (f"/port/{port_id}/history?resolution={resolution}" for resolution in ("raw", "1d"))
    for path in (raw, f"{raw}&layout=columns", days):
        assert faults(document, "GET", "/port/{portId}/history", person.call("GET", path)) == []
    point = person.call("GET", raw).body["readings"][0]
    assert (point["voltage"], point["current"], point["heldMs"]) == (None, None, 5 * MINUTE_MS)
    used = person.call("GET", days).body["readings"]
    assert sum(day["coveredSeconds"] for day in used) == 3_600
    assert sum(day["inUseWattHours"] for day in used) == pytest.approx(40.0)
    assert sum(day["standbyWattHours"] for day in used) == pytest.approx(1.5)

    def latest() -> Any:
        port = person.call("GET", f"/port/{port_id}")
        assert faults(document, "GET", "/port/{portId}", port) == []
        return port.body["latest"]

    eventually(latest, "the stream has taken the readings", 90)
    assert (latest()["voltage"], latest()["power"], latest()["heldMs"]) == (None, 3.0, 5 * MINUTE_MS)


@pytest.mark.parametrize("held_ms", [-1, 900_001, "60000", None])
def test_no_such_time_is_refused_by_its_name(person: Person, held_ms: object) -> None:
    device = person.device()
    port_id = str(person.port(device)["portId"])
    one = {"portId": port_id, "voltage": 230, "current": 0.1, "power": 3, "heldMs": held_ms}
    (result,) = device.send([one | {"timestampMs": now_ms()}]).body["results"]
    assert (result["status"], result["field"]) == ("rejected", "heldMs")
    alone = device.call("POST", "/sensor/reading", one)
    assert (alone.status, alone.body["field"]) == (422, "heldMs")
