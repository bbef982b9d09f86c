"""From a cut through the stream to its line in the ledger, with the figure that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.accounts.service import get_account
from chalicelib.accounts.sessions import authenticate_session
from chalicelib.accounts.store import load_account
from chalicelib.detection.port_control import switch_port
from chalicelib.detection.relay_reports import apply_relay_reports
from chalicelib.devices.service import authenticate_device
from chalicelib.energy import reports, service
from chalicelib.energy.savings import Saving
from chalicelib.ports.relay_commands import RelayState
from tests.conftest import Device, Person, now_ms, reading
from tests.integration.stream import Deliver

CUT: dict[str, Any] = {"policy": "cut", "thresholdWatts": 10, "dwellSeconds": 0}
HOUR = 3_600_000
WATTS = 3.2


@dataclass(frozen=True)
class Report:
    """What the Pi says of its relay."""

    port_id: str
    state: RelayState
    version: int
    reason: str | None = None


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


@pytest.fixture
def port(person: Person, device: Device, deliver: Deliver) -> dict[str, Any]:
    """A port that the detector wants off."""
    made = person.port(device, **CUT)
    device.send([reading(made["portId"], now_ms(), WATTS)])
    deliver()
    return made


def acknowledge(device: Device, port: dict[str, Any], at_ms: int, state: RelayState = "off") -> None:
    known = authenticate_device(device.api_key, at_ms)
    apply_relay_reports(known, [Report(port["portId"], state, 1)], at_ms)


def owner_of(person: Person) -> str:
    account = load_account(person.email)
    assert account is not None
    return account.user_id


def ledger(person: Person, at_ms: int) -> list[Saving]:
    """The ledger as the person sees it at a time."""
    session = authenticate_session(person.token, now_ms())
    return service.load_ledger(session, None, (0, 4_102_444_800_000), 50, None, at_ms).savings


def test_a_cut_that_was_restored_saved_its_standby_until_then(
    person: Person, device: Device, port: dict[str, Any]
) -> None:
    obeyed_ms = now_ms()
    acknowledge(device, port, obeyed_ms)
    (standing,) = ledger(person, obeyed_ms + 2 * HOUR)
    assert (standing.ended_by, standing.to_ms, standing.counted_ms) == ("open", None, 2 * HOUR)

    switch_port(owner_of(person), port["portId"], "on", obeyed_ms + 5 * HOUR)
    (ended,) = ledger(person, obeyed_ms + 90 * HOUR)
    assert (ended.ended_by, ended.from_ms, ended.to_ms) == ("restored", obeyed_ms, obeyed_ms + 5 * HOUR)
    assert ended.microjoules == 3_200 * 5 * HOUR

    (shown,) = person.call("GET", f"/savings?portId={port['portId']}").body["savings"]
    assert (shown["portName"], shown["standbyWatts"], shown["seconds"]) == ("Television", WATTS, 5 * 3_600)
    assert (shown["savedKwh"], shown["savedMoney"], shown["endedBy"]) == (0.016, 0.0048, "restored")
    assert "3.2 W" in shown["assumption"]


def test_a_cut_that_stands_counts_for_a_day_at_most(person: Person, device: Device, port: dict[str, Any]) -> None:
    obeyed_ms = now_ms()
    acknowledge(device, port, obeyed_ms)
    (limited,) = ledger(person, obeyed_ms + 70 * HOUR)
    assert (limited.ended_by, limited.to_ms, limited.counted_ms) == ("limit", None, 24 * HOUR)
    assert limited.microjoules == 3_200 * 24 * HOUR


def test_a_cut_ends_with_use(person: Person, device: Device, port: dict[str, Any], deliver: Deliver) -> None:
    obeyed_ms = now_ms() - 60_000
    acknowledge(device, port, obeyed_ms)
    device.send([reading(port["portId"], now_ms(), 0.0)])
    deliver()
    used_ms = now_ms() + 1_000
    device.send([reading(port["portId"], used_ms, 90.0)])
    deliver()
    (ended,) = ledger(person, used_ms + HOUR)
    assert (ended.ended_by, ended.to_ms, ended.counted_ms) == ("use", used_ms, used_ms - obeyed_ms)


def test_a_cut_that_was_not_obeyed_or_was_contradicted_is_no_saving(
    person: Person, device: Device, port: dict[str, Any], deliver: Deliver
) -> None:
    assert ledger(person, now_ms() + HOUR) == []
    acknowledge(device, port, now_ms() - 60_000)
    device.send([reading(port["portId"], now_ms() + 1, WATTS)])
    deliver()
    assert person.call("GET", "/phantom-event/list").body["events"][0]["outcome"] == "contradicted"
    person.call("POST", f"/port/{port['portId']}/switch", {"state": "on"})
    assert ledger(person, now_ms() + HOUR) == []


def test_a_refused_cut_is_no_saving(person: Person, device: Device, port: dict[str, Any]) -> None:
    acknowledge(device, port, now_ms(), "on")
    assert ledger(person, now_ms() + HOUR) == []


def test_a_cut_called_wrong_saved_nothing(person: Person, device: Device, port: dict[str, Any]) -> None:
    acknowledge(device, port, now_ms() - HOUR)
    (shown,) = person.call("GET", "/savings").body["savings"]
    assert shown["savedKwh"] > 0
    person.call("POST", f"/phantom-event/{shown['eventId']}/feedback", {"verdict": "wrong"})
    (judged,) = person.call("GET", "/savings").body["savings"]
    assert (judged["savedKwh"], judged["savedMoney"], judged["seconds"]) == (0, 0, 0)
    assert "wrong" in judged["assumption"]


def test_the_cut_of_a_port_ends_when_that_is_deleted(person: Person, device: Device, port: dict[str, Any]) -> None:
    acknowledge(device, port, now_ms() - HOUR)
    person.call("DELETE", f"/port/{port['portId']}")
    (shown,) = person.call("GET", "/savings").body["savings"]
    assert (shown["endedBy"], shown["savedKwh"] > 0, shown["to"] is not None) == ("restored", True, True)


def test_the_ledger_goes_on_page_by_page_and_a_strangers_cursor_shows_nothing(
    person: Person, stranger: Person, device: Device, deliver: Deliver
) -> None:
    ports = [person.port(device, f"Port {number}", **CUT) for number in range(3)]
    device.send([reading(port["portId"], now_ms() + number, WATTS) for number, port in enumerate(ports)])
    deliver()
    for port in ports[:2]:
        acknowledge(device, port, now_ms())
    seen, cursor = [], ""
    for _ in range(3):
        page = person.call("GET", f"/savings?limit=1{cursor}").body
        seen += [entry["portName"] for entry in page["savings"]]
        if page["cursor"] is None:
            break
        cursor = f"&cursor={page['cursor']}"
        theirs = stranger.call("GET", f"/savings?limit=1{cursor}")
        assert theirs.status == 422 or theirs.body["savings"] == []
    assert seen == ["Port 1", "Port 0"]
    assert person.call("GET", f"/savings?from={now_ms() + HOUR}").body["savings"] == []
    assert person.call("GET", f"/savings?to={now_ms() - HOUR}").body["savings"] == []


def test_what_was_saved_shows_in_the_energy_of_its_days(person: Person, device: Device, port: dict[str, Any]) -> None:
    obeyed_ms = now_ms()
    acknowledge(device, port, obeyed_ms)
    later_ms = obeyed_ms + 24 * HOUR
    session = authenticate_session(person.token, now_ms())
    account = get_account(session)
    wanted = reports.PeriodQuery("day", obeyed_ms, later_ms)
    for report in (
        reports.report_home(account, wanted, later_ms),
        reports.report_port(session, port["portId"], wanted, later_ms),
    ):
        first, second = report.tallies
        assert first.saved_microjoules + second.saved_microjoules == 3_200 * 24 * HOUR
        assert first.saved_microjoules == 3_200 * (report.periods[0].end_ms - obeyed_ms)
        assert second.saved_cost == second.saved_microjoules * 300_000
    the_day_after = reports.PeriodQuery("day", later_ms, later_ms)
    for alone in (
        reports.report_home(account, the_day_after, later_ms),
        reports.report_port(session, port["portId"], the_day_after, later_ms),
    ):
        assert [tally.saved_microjoules for tally in alone.tallies] == [second.saved_microjoules]


def test_a_week_in_words_has_energy_money_and_savings(person: Person) -> None:
    account = load_account(person.email)
    assert account is not None
    end_ms = now_ms()
    begin_ms = end_ms - 7 * 86_400_000
    assert reports.describe_energy(account, begin_ms, end_ms, end_ms) == []
    device = person.device()
    port = person.port(device)
    start_ms = end_ms - 3_600_000
    readings = [
        {"portId": port["portId"], "timestampMs": start_ms + n * 60_000, "voltage": 230, "current": 4, "power": 1_000}
        for n in range(31)
    ]
    assert device.send(readings).status == 200
    (line,) = reports.describe_energy(account, begin_ms, end_ms, end_ms)
    assert line.startswith("Your outlets used 0.5 kWh (0.15 EUR), of which standby 0.0 kWh (0.00 EUR).")
