"""Free sensors by five minutes, hours and days: as rows, columns and CSV, in pages."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core.times import DAY_MS, HOUR_MS, MINUTE_MS
from chalicelib.readings import sensor_service
from tests.conftest import Device, Person, now_ms


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


@pytest.fixture
def start_ms() -> int:
    """The beginning of the day before yesterday in UTC."""
    return (now_ms() // DAY_MS - 2) * DAY_MS


def say(device: Device, at_ms: int, **sensors: float) -> None:
    assert device.call("POST", "/device/data", {"sensors": sensors, "timestamp": at_ms}).status == 200


def data(person: Person, device: Device, query: str) -> Any:
    answer = person.call("GET", f"/device/{device.device_id}/data?{query}")
    assert answer.status == 200, answer
    return answer.body


def test_a_stretch_shows_the_mean_the_least_and_the_most(person: Person, device: Device, start_ms: int) -> None:
    for minute, degrees in ((0, 20.0), (2, 23.0), (4, 17.0), (6, 30.0)):
        say(device, start_ms + minute * MINUTE_MS, temperature=degrees)
    say(device, start_ms + HOUR_MS, humidity=50.0)
    first, second, third = data(person, device, "resolution=5m")["data"]
    assert (first["timestampMs"], first["seconds"]) == (start_ms, 300.0)
    assert first["sensors"] == {"temperature": {"mean": 20.0, "min": 17.0, "max": 23.0}}
    assert second["sensors"] == {"temperature": {"mean": 30.0, "min": 30.0, "max": 30.0}}
    assert third["sensors"] == {"humidity": {"mean": 50.0, "min": 50.0, "max": 50.0}}
    by_day = data(person, device, "resolution=1d")
    assert by_day["units"] == {"humidity": "%", "temperature": "°C"}
    assert [row["sensors"]["temperature"]["mean"] for row in by_day["data"]] == [22.5]


def test_hours_and_days_are_those_of_the_account(person: Person, device: Device, start_ms: int) -> None:
    assert person.call("PATCH", "/account", {"timezone": "Asia/Kathmandu"}).status == 200
    say(device, start_ms + 18 * HOUR_MS, temperature=1.0)
    say(device, start_ms + 18 * HOUR_MS + 30 * MINUTE_MS, temperature=2.0)
    rows = data(person, device, "resolution=1d")["data"]
    assert [row["timestampMs"] for row in rows] == [
        start_ms - 5 * HOUR_MS - 45 * MINUTE_MS,
        start_ms + 18 * HOUR_MS + 15 * MINUTE_MS,
    ]


@pytest.mark.parametrize("resolution", ["5m", "1h", "1d"])
def test_pages_make_up_the_whole(person: Person, device: Device, start_ms: int, resolution: str) -> None:
    for number in range(12):
        say(device, start_ms + number * 4 * HOUR_MS, temperature=float(number))
    whole = data(person, device, f"resolution={resolution}")
    assert whole["cursor"] is None
    found: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = data(person, device, f"resolution={resolution}&limit=2&cursor={cursor}")
        assert 0 < len(page["data"]) <= 2 or page["cursor"] is None
        found, cursor = found + page["data"], page["cursor"]
    assert found == whole["data"]


def test_a_page_ends_where_it_would_read_too_much(
    person: Person, device: Device, start_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        say(device, start_ms + number * HOUR_MS, temperature=float(number))
    monkeypatch.setattr(sensor_service, "MOST_LOGS", 3)
    first = data(person, device, "resolution=1h")
    rest = data(person, device, f"resolution=1h&cursor={first['cursor']}")
    assert [len(first["data"]), len(rest["data"])] == [3, 3]


def test_columns_and_csv_say_the_same(person: Person, device: Device, start_ms: int) -> None:
    say(device, start_ms, temperature=1.0)
    say(device, start_ms + DAY_MS, humidity=2.0)
    columns = data(person, device, "resolution=1d&layout=columns")
    assert columns["timestampMs"] == [start_ms, start_ms + DAY_MS]
    assert columns["sensors"]["temperature"] == {"mean": [1.0, None], "min": [1.0, None], "max": [1.0, None]}
    lines = data(person, device, "resolution=1d&format=csv").splitlines()
    names = "humidity.mean,humidity.min,humidity.max,temperature.mean,temperature.min,temperature.max"
    assert lines[0] == f"timestamp,timestampMs,seconds,{names}"
    assert [line.split(",")[3:] for line in lines[1:]] == [["", "", "", "1.0", "1.0", "1.0"], ["2.0"] * 3 + [""] * 3]


def test_what_is_no_resolution_or_no_cursor_of_it_is_named(person: Person, device: Device) -> None:
    path = f"/device/{device.device_id}/data"
    assert person.call("GET", f"{path}?resolution=2h").body["field"] == "resolution"
    assert person.call("GET", f"{path}?resolution=1h&cursor=MWQgMTIz").body["field"] == "cursor"


@pytest.mark.parametrize("query", ["", "resolution=1d&"])
def test_csv_has_a_byte_order_mark_where_a_spreadsheet_is_to_open_it(
    person: Person, device: Device, start_ms: int, query: str
) -> None:
    say(device, start_ms, **{"küche": 20.0, "x;=1+1": 1.0})
    plain, marked = (data(person, device, f"{query}format={form}") for form in ("csv", "csv-bom"))
    assert marked.encode() == b"\xef\xbb\xbf" + plain.encode()
    assert "x;'=1+1" in plain.splitlines()[0]
