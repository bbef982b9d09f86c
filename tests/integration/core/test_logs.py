"""What is logged where logs are for machines: ids and figures, never what people and devices said."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest

from chalicelib.accounts import service
from tests.conftest import Person, now_ms


def test_a_batch_is_one_line_of_figures_that_names_nobody(person: Person, json_lines: io.StringIO) -> None:
    device = person.device()
    port = person.port(device, "My secret lamp")
    json_lines.truncate(0)
    json_lines.seek(0)
    good = {"portId": port["portId"], "timestampMs": now_ms(), "voltage": 230, "current": 0.1, "power": 4}
    device.send([good, good, {"portId": "x"}], batch_id="batch-of-mine")
    metrics = [json.loads(line) for line in json_lines.getvalue().splitlines() if "ReadingsStored" in line]
    (line,) = metrics
    assert (line["ReadingsStored"], line["ReadingsDuplicate"], line["ReadingsRejected"]) == (1, 1, 1)
    assert line["batchId"] == "batch-of-mine"
    assert line["requestId"]
    assert len(line["device"]) == 16
    for secret in (device.api_key, device.device_id, person.email, person.token, "My secret lamp"):
        assert secret not in json_lines.getvalue()


def test_an_error_of_ours_is_logged_with_the_request_but_not_its_body(
    person: Person, json_lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(service, "update_account", broken)
    assert person.call("PATCH", "/account", {"currency": "CHF"}).status == 500
    (line,) = [json.loads(line) for line in json_lines.getvalue().splitlines() if "unexpected" in line]
    assert line["level"] == "ERROR"
    assert line["requestId"]
    assert "ZeroDivisionError" in line["exception"]
    assert "CHF" not in json_lines.getvalue()
    assert person.email not in json_lines.getvalue()


def test_what_the_detector_cuts_and_people_undo_is_counted(
    person: Person, json_lines: io.StringIO, deliver: Callable[[], int]
) -> None:
    device = person.device()
    port = person.port(device, policy="cut", thresholdWatts=10, dwellSeconds=0)
    low = {"portId": port["portId"], "timestampMs": now_ms(), "voltage": 230, "current": 0.1, "power": 4}
    assert device.send([low]).status == 200
    deliver()
    person.call("POST", f"/port/{port['portId']}/switch", {"state": "on"})
    told = [json.loads(line) for line in json_lines.getvalue().splitlines()]
    (cut,) = [line for line in told if "Cuts" in line and port["portId"] in line["ports"]]
    (restore,) = [line for line in told if "Restores" in line]
    assert (cut["Cuts"], restore["Restores"], restore["ports"]) == (1, 1, [port["portId"]])
