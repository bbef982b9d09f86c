"""Energy and money over the API, on the real database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.detection.store import load_device_state
from chalicelib.energy import usage
from chalicelib.readings.store import load_reading_span_ms
from tests.conftest import Call, Device, Person, now_ms, reading

MINUTE = 60_000
HOUR = 60 * MINUTE
FIGURES = {"kwh", "standbyKwh", "cost", "standbyCost", "savedKwh", "savedMoney", "gramsCo2", "coveredSeconds"}


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


@pytest.fixture
def recorded(person: Person, device: Device) -> dict[str, Any]:
    """A port with three hours behind it: one at 90 W, two at 6 W of standby."""
    port = person.port(device, thresholdWatts=10, dwellSeconds=1_800)
    start = (now_ms() - 4 * HOUR) // HOUR * HOUR
    watts = [90.0] * 60 + [6.0] * 121
    for first in range(0, 181, 60):
        part = range(first, min(first + 60, 181))
        sent = device.send([reading(port["portId"], start + minute * MINUTE, watts[minute]) for minute in part])
        assert sent.status == 200
    return port | {"start": start}


def test_a_report_has_energy_cost_and_emissions(person: Person, recorded: dict[str, Any]) -> None:
    answer = person.call("GET", f"/port/{recorded['portId']}/energy")
    assert answer.status == 200, answer
    total = answer.body["total"]
    assert total["kwh"] == pytest.approx((90 + 2 * 6) / 1_000, rel=0.01)
    assert total["standbyKwh"] == pytest.approx(0.012, rel=0.01)
    assert total["cost"] == pytest.approx(total["kwh"] * 0.30, abs=1e-4)
    assert total["gramsCo2"] == pytest.approx(total["kwh"] * 380, abs=1e-2)
    assert total["coveredSeconds"] == 3 * 3_600
    assert (answer.body["currency"], answer.body["timezone"], answer.body["period"]) == ("EUR", "UTC", "day")
    assert len(answer.body["periods"]) == 7
    assert set(answer.body["periods"][0]) == FIGURES | {"start", "end", "date"}
    assert sum(period["kwh"] for period in answer.body["periods"]) == pytest.approx(total["kwh"], abs=1e-5)


def test_the_home_is_the_sum_of_its_ports(person: Person, device: Device, recorded: dict[str, Any]) -> None:
    other = person.port(device, "Lamp", thresholdWatts=10)
    device.send([reading(other["portId"], recorded["start"] + minute * MINUTE, 40.0) for minute in range(61)])
    home = person.call("GET", "/energy?period=month").body
    by_port = {port["portId"]: port for port in home["ports"]}
    assert by_port[other["portId"]]["kwh"] == pytest.approx(0.04, abs=1e-6)
    assert by_port[other["portId"]]["portName"] == "Lamp"
    assert home["total"]["kwh"] == pytest.approx(sum(port["kwh"] for port in home["ports"]), abs=2e-6)
    assert len(home["periods"]) == 12


def test_periods_lie_in_the_accounts_time_zone(person: Person, recorded: dict[str, Any]) -> None:
    person.call("PATCH", "/account", {"timezone": "Asia/Kathmandu"})
    path = f"/port/{recorded['portId']}/energy"
    (day,) = person.call("GET", f"{path}?from=2026-03-28T20:00Z&to=2026-03-28T21:00Z").body["periods"]
    assert (day["date"], day["start"], day["end"]) == (
        "2026-03-29",
        "2026-03-28T18:15:00.000Z",
        "2026-03-29T18:15:00.000Z",
    )
    person.call("PATCH", "/account", {"timezone": "Europe/Berlin"})
    (day,) = person.call("GET", f"{path}?from=2026-03-29T12:00Z&to=2026-03-29T22:00Z").body["periods"]
    assert (day["start"], day["end"]) == ("2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z")


def test_each_quarter_is_priced_by_the_tariff_of_its_local_time(person: Person, recorded: dict[str, Any]) -> None:
    every_day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    whole_day = {"days": every_day, "from": "00:00", "to": "24:00", "perKwh": 0.5}
    tariff = {"name": "Dear", "validFrom": "2020-01-01", "perKwh": 0.1, "windows": [whole_day]}
    flat = person.call("GET", "/energy").body["total"]
    assert person.call("PUT", "/account/tariffs", {"tariffs": [tariff]}).status == 200
    dear = person.call("GET", "/energy").body["total"]
    assert (dear["kwh"], dear["cost"]) == (flat["kwh"], pytest.approx(flat["kwh"] * 0.5, abs=1e-4))
    paid = tariff | {"windows": [whole_day | {"perKwh": -0.0542}]}
    assert person.call("PUT", "/account/tariffs", {"tariffs": [paid]}).body["tariffs"][0]["windows"] == paid["windows"]
    total = person.call("GET", "/energy").body["total"]
    assert total["cost"] == pytest.approx(flat["kwh"] * -0.0542, abs=1e-4)
    assert person.call("GET", "/always-on").status == person.call("GET", "/savings/what-if").status == 200
    ended = tariff | {"validTo": "2020-02-01"}
    person.call("PUT", "/account/tariffs", {"tariffs": [ended]})
    assert person.call("GET", "/energy").body["total"] == flat


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("period=hour", "period"),
        ("period=", "period"),
        ("from=yesterday", "from"),
        ("to=-1", "to"),
        ("from=NaN", "from"),
        ("from=2026-01-02T00:00Z&to=2026-01-01T00:00Z", "from"),
        ("from=0&to=4102444800000", "from"),
        ("from=9999999999999", "from"),
        ("from=" + quote("٣"), "from"),
    ],
)
def test_a_wrong_query_is_422_and_names_the_field(
    person: Person, recorded: dict[str, Any], query: str, field: str
) -> None:
    for path in ("/energy", f"/port/{recorded['portId']}/energy"):
        answer = person.call("GET", f"{path}?{query}")
        assert (answer.status, answer.body.get("field")) == (422, field), answer


def test_the_bounds_of_time_are_no_error(person: Person) -> None:
    for query in ("period=year&from=0", "period=month&from=4102444800000&to=4102444800000", "from=0&to=0"):
        assert person.call("GET", f"/energy?{query}").status == 200, query


def test_anothers_ports_are_404_and_in_no_report(person: Person, stranger: Person, recorded: dict[str, Any]) -> None:
    port_id = recorded["portId"]
    assert stranger.call("GET", f"/port/{port_id}/energy").status == 404
    assert stranger.call("GET", f"/savings?portId={port_id}").status == 404
    for path in ("/energy", "/savings", "/savings/what-if", "/always-on"):
        answer = stranger.call("GET", path)
        assert answer.status == 200
        assert port_id not in str(answer.body)
    assert person.call("GET", f"/port/{port_id}/energy").status == 200


def test_nobody_sees_these_without_a_session(call: Call) -> None:
    for path in ("/energy", "/savings", "/savings/what-if", "/always-on", "/account/tariffs", "/port/x-y/energy"):
        assert call("GET", path).status == 401


def test_what_if_counts_standby_beyond_the_dwell(person: Person, device: Device, recorded: dict[str, Any]) -> None:
    fridge = person.port(device, "Fridge", kind="fridge", thresholdWatts=10)
    device.send([reading(fridge["portId"], recorded["start"] + minute * MINUTE, 2.0) for minute in range(61)])
    answer = person.call("GET", "/savings/what-if?days=1").body
    (port,) = answer["ports"]
    assert (port["portId"], port["dwellSeconds"], port["cuts"]) == (recorded["portId"], 1_800, 1)
    assert port["savedKwh"] == answer["savedKwh"] == pytest.approx(0.006 * 1.5, abs=0.0006)
    assert port["savedMoney"] == pytest.approx(port["savedKwh"] * 0.30, abs=1e-4)
    (kept,) = answer["keepsPower"]
    assert (kept["portName"], kept["savedKwh"], kept["savedMoney"]) == ("Fridge", 0, 0)
    assert kept["standbyKwh"] == pytest.approx(0.002, rel=0.01)
    assert kept["reason"] == "Outlets of the kind fridge are never cut."
    assert "backtest" in answer["assumption"]


def test_more_outlet_days_than_can_be_read_are_refused_by_name(
    person: Person, recorded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "MOST_DAYS_OF_QUARTERS", 7)
    monkeypatch.setattr(usage, "MOST_DAYS_OF_SLOTS", 7)
    assert person.call("GET", "/energy").status == 200
    for path, field in (("/energy?period=week", "from"), ("/savings/what-if?days=8", "days")):
        answer = person.call("GET", path)
        assert (answer.status, answer.body["code"], answer.body["field"]) == (422, "too_many_outlets", field)


@pytest.mark.parametrize("days", ["0", "91", "-1", "1.5", "x", "999999999999999999999", quote("٣")])
def test_what_if_takes_one_to_ninety_days(person: Person, days: str) -> None:
    answer = person.call("GET", f"/savings/what-if?days={days}")
    assert (answer.status, answer.body["field"]) == (422, "days")


@pytest.mark.parametrize(
    ("query", "field"), [("limit=0", "limit"), ("from=x", "from"), ("from=2&to=1", "from"), ("cursor=!", "cursor")]
)
def test_a_wrong_ledger_query_is_422_and_names_the_field(person: Person, query: str, field: str) -> None:
    answer = person.call("GET", f"/savings?{query}")
    assert (answer.status, answer.body["field"]) == (422, field)


def test_the_always_on_report_ranks_standby_and_says_what_to_do(
    person: Person, device: Device, recorded: dict[str, Any]
) -> None:
    for number in range(3):
        more = person.port(device, f"Port {number}", thresholdWatts=10, kind="console")
        device.send(
            [reading(more["portId"], recorded["start"] + minute * MINUTE, 1.0 + number) for minute in range(61)]
        )
    fresh = person.port(device, "Fresh")
    answer = person.call("GET", "/always-on").body
    named = {outlet["portName"]: outlet for outlet in answer["outlets"]}
    assert [outlet["portName"] for outlet in answer["outlets"] if outlet["worst"]] == ["Television", "Port 2", "Port 1"]
    television = named["Television"]
    assert (television["standbyWatts"], television["lowestWatts"]) == (6.0, 6.0)
    assert television["standbyHoursADay"] == pytest.approx(16, abs=0.7)
    assert television["yearlyKwh"] == pytest.approx(6 * 24 * 365 * 2 / 3 / 1_000, rel=0.01)
    assert "instant-on" in named["Port 1"]["advice"]
    assert (named["Fresh"]["standbyWatts"], named["Fresh"]["portId"]) == (None, fresh["portId"])
    assert (answer["baselineWatts"], answer["nights"], answer["days"]) == (None, 0, 7)


@pytest.mark.parametrize("path", ["/energy", "/always-on", "/savings/what-if"])
def test_a_report_of_the_home_reads_each_device_once_however_many_outlets_it_has(
    person: Person, device: Device, recorded: dict[str, Any], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    for number in range(3):
        other = person.port(device, f"Outlet {number}")["portId"]
        device.send([reading(other, recorded["start"] + minute * MINUTE, 5.0) for minute in range(5)])
    loads: list[str] = []

    def counted(name: str, load: Callable[[str], Any]) -> Callable[[str], Any]:
        def load_and_count(device_uid: str) -> Any:
            loads.append(name)
            return load(device_uid)

        return load_and_count

    monkeypatch.setattr(usage, "load_device_state", counted("state", load_device_state))
    monkeypatch.setattr(usage, "load_reading_span_ms", counted("span", load_reading_span_ms))
    assert person.call("GET", path).status == 200
    assert sorted(loads) == ["span", "state"]
