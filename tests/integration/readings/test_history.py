"""Histories over the API: the resolution that fits, rows, columns and CSV, pages, days of the account's zone."""

from __future__ import annotations

import csv
import io
import lzma
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.times import DAY_MS, HOUR_MS, MINUTE_MS, epoch_ms
from tests.conftest import Answered, Device, Person, now_ms, reading

RECORDING = Path(__file__).resolve().parents[4] / "shared/traces/dev/TV__com_dev_D35939.csv.xz"


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


@pytest.fixture
def port_id(person: Person, device: Device) -> str:
    return str(person.port(device, thresholdWatts=5)["portId"])


def get(person: Person, port_id: str, query: str = "") -> Answered:
    answer = person.call("GET", f"/port/{port_id}/history?{query}")
    assert answer.status == 200, answer
    return answer


def pages(person: Person, path: str, field: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = person.call("GET", f"{path}&cursor={cursor}")
        assert page.headers.get("x-next-cursor") == page.body["cursor"]
        found, cursor = found + page.body[field], page.body["cursor"]
    return found


def filled(device: Device, port_id: str, start_ms: int, count: int, step_ms: int = MINUTE_MS) -> None:
    """Readings of 60 W."""
    for first in range(0, count, 500):
        numbers = range(first, min(first + 500, count))
        assert device.send([reading(port_id, start_ms + step_ms * n, 60.0) for n in numbers]).status == 200


def test_without_a_resolution_it_is_the_finest_that_fits(person: Person, device: Device, port_id: str) -> None:
    start_ms = (now_ms() // HOUR_MS - 5) * HOUR_MS
    filled(device, port_id, start_ms, 120)
    stretch = f"from={start_ms}&to={start_ms + 2 * HOUR_MS}"
    assert get(person, port_id, stretch).body["resolution"] == "raw"
    assert get(person, port_id, f"{stretch}&width=100").body["resolution"] == "5m"
    assert get(person, port_id, f"{stretch}&width=2").body["resolution"] == "1h"
    assert get(person, port_id, f"{stretch}&width=1").body["resolution"] == "1d"
    long_ago = f"from={start_ms - 300 * DAY_MS}&to={start_ms + 2 * HOUR_MS}"
    assert get(person, port_id, long_ago).body["resolution"] == "raw", "nothing is older than what is shown"


def test_a_row_says_what_was_used(person: Person, device: Device, port_id: str) -> None:
    start_ms = (now_ms() // HOUR_MS - 5) * HOUR_MS
    device.send([reading(port_id, start_ms + MINUTE_MS * n, watts) for n, watts in enumerate((3, 3, 60, 120))])
    (row,) = get(person, port_id, "resolution=5m").body["readings"]
    assert row["timestampMs"] == start_ms
    assert row | {"timestamp": "", "timestampMs": 0} == {
        "timestamp": "",
        "timestampMs": 0,
        "seconds": 300.0,
        "wattHours": 2.075,
        "inUseWattHours": 2.025,
        "standbyWattHours": 0.05,
        "minWatts": 3.0,
        "meanWatts": 41.5,
        "maxWatts": 120.0,
        "coveredSeconds": 180.0,
    }


@pytest.mark.parametrize("resolution", ["raw", "5m", "1h", "1d"])
def test_csv_and_columns_say_what_rows_say(person: Person, device: Device, port_id: str, resolution: str) -> None:
    filled(device, port_id, (now_ms() // HOUR_MS - 5) * HOUR_MS, 90)
    held = {"heldMs": 0} if resolution == "raw" else {}  # which rows leave out, for they answer as they did before
    rows = [row | held for row in get(person, port_id, f"resolution={resolution}").body["readings"]]
    assert rows
    columns = get(person, port_id, f"resolution={resolution}&layout=columns").body["columns"]
    assert columns == {name: [row[name] for row in rows] for name in rows[0]}
    answer = get(person, port_id, f"resolution={resolution}&format=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    read = list(csv.DictReader(io.StringIO(answer.body)))
    assert read == [{name: str(value) for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("resolution", ["raw", "5m", "1h"])
def test_pages_are_the_whole_in_order_and_once(person: Person, device: Device, port_id: str, resolution: str) -> None:
    filled(device, port_id, (now_ms() // HOUR_MS - 9) * HOUR_MS, 400)
    path = f"/port/{port_id}/history?resolution={resolution}"
    whole = get(person, port_id, f"resolution={resolution}&limit=10000").body["readings"]
    times = [row["timestampMs"] for row in whole]
    assert len(times) == {"raw": 400, "5m": 80, "1h": 7}[resolution]
    assert all(before < after for before, after in pairwise(times))
    assert pages(person, f"{path}&limit=3" if resolution != "raw" else f"{path}&limit=70", "readings") == whole
    first = person.call("GET", f"{path}&format=csv&limit=3")
    assert len(first.body.splitlines()) == 4
    assert first.headers["x-next-cursor"]


def test_a_long_page_stays_below_four_megabytes(person: Person, device: Device, port_id: str) -> None:
    filled(device, port_id, now_ms() - 26 * HOUR_MS, 10_500, step_ms=9_001)
    page = get(person, port_id, "resolution=raw&limit=10000")
    assert len(page.body["readings"]) == 10_000
    assert int(page.headers["Content-Length"]) < 4_000_000
    assert page.body["cursor"]
    assert len(get(person, port_id, "resolution=raw").body["readings"]) == 2_000


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("resolution=2h", "resolution"),
        ("width=0", "width"),
        ("width=10001", "width"),
        ("limit=10001", "limit"),
        ("format=xml", "format"),
        ("layout=x", "layout"),
        ("cursor=x", "cursor"),
        ("from=2&to=1", "from"),
        ("from=x", "from"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(person: Person, port_id: str, query: str, field: str) -> None:
    answer = person.call("GET", f"/port/{port_id}/history?{query}")
    assert (answer.status, answer.body["field"]) == (422, field)


def test_a_cursor_of_another_resolution_is_refused(person: Person, device: Device, port_id: str) -> None:
    filled(device, port_id, now_ms() - HOUR_MS, 50)
    cursor = get(person, port_id, "resolution=raw&limit=10").body["cursor"]
    assert person.call("GET", f"/port/{port_id}/history?resolution=5m&cursor={cursor}").status == 422


def test_days_are_those_of_the_accounts_zone(person: Person, device: Device, port_id: str) -> None:
    person.call("PATCH", "/account", {"timezone": "Asia/Kathmandu"})
    midnight_ms = epoch_ms("2026-01-01T18:15:00Z") % DAY_MS + (now_ms() // DAY_MS - 3) * DAY_MS
    filled(device, port_id, midnight_ms - HOUR_MS, 121)
    rows = get(person, port_id, "resolution=1d").body["readings"]
    assert [(row["timestampMs"], row["coveredSeconds"]) for row in rows] == [
        (midnight_ms - DAY_MS, 3_600.0),
        (midnight_ms, 3_600.0),
    ]
    assert [row["wattHours"] for row in rows] == [60.0, 60.0]


def test_sensor_data_has_units_columns_and_csv(person: Person, device: Device) -> None:
    now = now_ms()
    for number in range(3):
        values = {"temperature": 20.5 + number} | ({"happiness": 7} if number else {})
        device.call("POST", "/device/data", {"sensors": values, "timestamp": now - 10_000 + number})
    path = f"/device/{device.device_id}/data"
    answer = person.call("GET", path).body
    assert [log["sensors"]["temperature"] for log in answer["data"]] == [20.5, 21.5, 22.5]
    assert answer["units"] == {"temperature": "°C"}
    columns = person.call("GET", f"{path}?layout=columns").body
    assert columns["sensors"] == {"temperature": [20.5, 21.5, 22.5], "happiness": [None, 7, 7]}
    assert columns["timestampMs"] == [log["timestampMs"] for log in answer["data"]]
    lines = person.call("GET", f"{path}?format=csv").body.splitlines()
    assert lines[0] == "timestamp,timestampMs,happiness,temperature"
    assert [line.split(",")[2:] for line in lines[1:]] == [["", "20.5"], ["7.0", "21.5"], ["7.0", "22.5"]]
    assert pages(person, f"{path}?limit=2", "data") == answer["data"]


def test_the_energy_of_a_recording_is_its_own_integral(person: Person, device: Device, port_id: str) -> None:
    if not RECORDING.exists():
        pytest.skip(f"the recordings are not at {RECORDING.parent}")
    with lzma.open(RECORDING, "rt") as lines:
        rows = [(int(row["t_seconds"]), float(row["power_w"])) for row in csv.DictReader(lines)][:15_000]
    near = [(a, b) for a, b in pairwise(rows) if b[0] - a[0] <= 120]
    integral = sum((a[1] + b[1]) / 2 * (b[0] - a[0]) for a, b in near) / 3_600
    start_ms = now_ms() - 1_000 * rows[-1][0]
    for first in range(0, len(rows), 500):
        batch = [reading(port_id, start_ms + 1_000 * at, watts) for at, watts in rows[first : first + 500]]
        assert {result["status"] for result in device.send(batch).body["results"]} == {"stored"}
    days = get(person, port_id, "resolution=1d").body["readings"]
    assert sum(day["wattHours"] for day in days) == pytest.approx(integral, rel=0.005)
    assert integral > 100
