"""Logs for machines: one JSON object a line, the ids of the invocation, metrics in CloudWatch's embedded format."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from chalicelib.core import settings as settings_module
from chalicelib.core import telemetry


def told(json_lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in json_lines.getvalue().splitlines()]


def test_a_line_carries_the_ids_of_its_invocation_and_of_no_other(json_lines: io.StringIO) -> None:
    log = logging.getLogger("ghostwatt.test")
    with telemetry.invocation("request-1"):
        telemetry.bind(device="d1")
        log.info("first %s", "thing")
    with telemetry.invocation("request-2"):
        log.warning("second")
    first, second = told(json_lines)
    assert (first["requestId"], first["device"], first["message"]) == ("request-1", "d1", "first thing")
    assert (second["requestId"], second["level"], "device" in second) == ("request-2", "WARNING", False)


def test_figures_are_metrics_of_the_stage(json_lines: io.StringIO) -> None:
    with telemetry.invocation("r"):
        telemetry.measure({"ReadingsStored": 3, "ReadingsRejected": 1}, batchId="b")
    (line,) = told(json_lines)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Ghostwatt"
    assert directive["Dimensions"] == [["stage"]]
    assert [(metric["Name"], metric["Unit"]) for metric in directive["Metrics"]] == [
        ("ReadingsStored", "Count"),
        ("ReadingsRejected", "Count"),
    ]
    assert (line["ReadingsStored"], line["ReadingsRejected"], line["batchId"]) == (3, 1, "b")
    assert line["stage"] == settings_module.settings().stage


def test_a_count_of_none_is_not_logged_and_a_duration_of_none_is(json_lines: io.StringIO) -> None:
    with telemetry.invocation("r"):
        telemetry.measure({"SweepOffline": 0, "SweepPurged": 0})
        telemetry.measure({"ReadingsStored": 3, "ReadingsRejected": 0}, batchId="b")
        telemetry.measure({"DetectionLag": 0}, "Milliseconds")
    stored, lag = told(json_lines)
    assert [metric["Name"] for metric in stored["_aws"]["CloudWatchMetrics"][0]["Metrics"]] == ["ReadingsStored"]
    assert "ReadingsRejected" not in stored
    assert lag["DetectionLag"] == 0


def test_an_exception_is_part_of_its_line(json_lines: io.StringIO) -> None:
    with telemetry.invocation("r"):
        try:
            int("no good")
        except ValueError:
            logging.getLogger("ghostwatt.test").exception("it failed")
    (line,) = told(json_lines)
    assert "ValueError: invalid literal" in line["exception"]


def test_a_device_is_told_as_a_digest_and_a_code_of_a_person_not_at_all() -> None:
    told = telemetry.loggable({"device_id": "GW-1234", "port_id": "p-1", "user_code": "ABCD-EFGH"})
    assert told == {"device": telemetry.hashed("GW-1234"), "port_id": "p-1"}
    assert "1234" not in told["device"]


def test_a_pc_is_not_flooded_with_figures(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), telemetry.invocation("r"):
        telemetry.measure({"ReadingsStored": 3})
    assert not caplog.records
