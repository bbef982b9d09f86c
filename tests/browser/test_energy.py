"""Energy, money, history, savings and what is always on, over two days that the demo's household has lived through."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser import past
from tests.browser.clients import Api
from tests.browser.conftest import PASSWORD, Person
from tests.browser.past import EMAIL, go_to
from tests.browser.test_layout import fits
from tests.browser.test_safety import HOSTILE

DAYS = 2
NBSP = "\u00a0"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PAGES = ("#/", "#/energy", "#/energy/week", "#/energy/month", "#/savings", "#/always-on")


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A stack with a past: the account EMAIL, whose outlets were measured, cut and switched on again."""
    with past.stack_with_a_past(tmp_path_factory.mktemp("past"), DAYS) as url:
        yield url


@pytest.fixture(scope="module")
def api(base_url: str) -> Api:
    """The calls of the person with a past."""
    return Api(base_url, EMAIL, PASSWORD)


@pytest.fixture
def log_in(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open the page as the person with a past, at an address."""

    def logged_in(address: str = "#/", **options: Any) -> Page:
        page = open_page(**options)
        past.log_in(page)
        go_to(page, address)
        return page

    return logged_in


def outlet(api: Api, name: str) -> str:
    """The portId of an outlet."""
    ports = api.call("GET", "/port/list")["ports"]
    return next(str(port["portId"]) for port in ports if port["name"] == name)


def cuts_of(api: Api, port_id: str) -> list[dict[str, Any]]:
    """The cuts that an outlet's Pi obeyed."""
    events = api.call("GET", f"/phantom-event/list?portId={port_id}&limit=200")["events"]
    return [event for event in events if event["outcome"] not in (None, "sent", "refused")]


def energy(kwh: float, between: str = "") -> str:
    """Energy as the page writes it in American English, with what stands between figure and unit."""
    if 0 < kwh < 0.1:
        return f"{kwh * 1_000:.{1 if kwh < 0.01 else 0}f}{between}Wh"
    return f"{kwh:.{0 if not 0 < kwh < 100 else 2 if kwh < 10 else 1}f}{between}kWh"


def euros(amount: float) -> str:
    """Money as the page writes it in American English."""
    return f"€{amount:.2g}" if 0 < amount < 0.1 else f"€{amount:.2f}"


def rows(table: Locator) -> Locator:
    """The rows of a table below its heads."""
    return table.locator("tbody").get_by_role("row")


def test_the_home_sums_up_the_month_the_standby_and_the_savings(log_in: Callable[..., Page], api: Api) -> None:
    summary = log_in().get_by_label("Energy and money")
    now_ms = time.time_ns() // 1_000_000
    month = api.call("GET", f"/energy?period=month&from={now_ms}&to={now_ms}")["total"]
    saved = api.call("GET", "/energy?period=year")["total"]
    yearly = sum(each["yearlyCost"] for each in api.call("GET", "/always-on")["outlets"])
    expect(summary.locator("[data-fact='This month']")).to_contain_text(energy(month["kwh"]) + euros(month["cost"]))
    expect(summary.locator("[data-fact='Standby in a year']")).to_contain_text(euros(yearly))
    expect(summary.locator("[data-fact='Saved so far']")).to_contain_text(energy(saved["savedKwh"]))
    expect(summary.get_by_role("img").locator("g")).to_have_count(7)


def test_a_home_without_readings_says_what_will_come_and_when(person: Person) -> None:
    page = person.page
    person.api.add_device("Hall")
    expect(page.get_by_label("Energy and money")).to_contain_text("minutes after an outlet's first readings")
    for address, words in (
        ("#/energy", "Nothing was measured in this time"),
        ("#/savings", "No cuts yet"),
        ("#/always-on", "No standby was measured"),
    ):
        go_to(page, address)
        expect(page.get_by_role("main")).to_contain_text(words)


def test_too_many_outlets_for_all_time_still_show_this_month(log_in: Callable[..., Page]) -> None:
    page = log_in("#/energy")
    refusal = {"success": False, "error": "These are too many outlets.", "code": "too_many_outlets", "field": "from"}
    page.route(re.compile("period=year"), lambda route: route.fulfill(status=400, json=refusal))
    page.reload()
    go_to(page, "#/")
    expect(page.get_by_label("Energy and money")).to_contain_text("Saved this month")
    go_to(page, "#/savings")
    expect(page.locator("[data-fact='This month']")).to_be_visible()
    expect(page.locator("[data-fact='So far']")).to_be_hidden()


def test_bars_and_tables_show_what_the_api_adds_up(log_in: Callable[..., Page], api: Api) -> None:
    page = log_in("#/energy")
    now_ms = time.time_ns() // 1_000_000
    answer = api.call("GET", f"/energy?period=day&from={now_ms - 13 * DAY_MS}&to={now_ms}")
    total = answer["total"]
    expect(page.locator("[data-fact=Used]")).to_contain_text(energy(total["kwh"]) + euros(total["cost"]))
    expect(page.locator("[data-fact='Saved by cuts']")).to_contain_text(energy(total["savedKwh"]))
    expect(
        page.get_by_role("img", name=re.compile(f"^Energy by day: {energy(total['kwh'], '.')} used"))
    ).to_be_visible()
    expect(page.locator(".plot .bar")).to_have_count(14)
    measured = [day for day in answer["periods"] if day["kwh"] > day["standbyKwh"]]
    expect(page.locator(".plot .bar .use")).to_have_count(len(measured))
    outlets = page.get_by_role("table", name="Energy by outlet")
    expect(rows(outlets)).to_have_count(4)
    for port in answer["ports"]:
        expect(rows(outlets).filter(has_text=port["portName"])).to_contain_text(euros(port["cost"]))


def test_each_chart_is_a_table_too_by_keyboard(log_in: Callable[..., Page], api: Api) -> None:
    page = log_in("#/energy")
    page.get_by_text("Show as a table").press("Enter")
    expect(rows(page.get_by_role("table", name="Energy by period"))).to_have_count(14)
    go_to(page, f"#/port/{outlet(api, 'Fridge')}")
    for summary in page.locator(".more > summary:visible").all():
        summary.press("Enter")
    expect(rows(page.get_by_role("table", name="Energy by day"))).to_have_count(14)
    expect(rows(page.get_by_role("table", name="Power over time")).first).to_contain_text("W")


def test_a_way_back_finds_the_days_that_were_shown(log_in: Callable[..., Page]) -> None:
    page = log_in("#/energy")
    later, shown = page.get_by_role("button", name="Later"), page.locator(".span")
    newest = shown.inner_text()
    expect(later).to_be_disabled()
    page.get_by_role("button", name="Earlier").press("Enter")
    expect(page.get_by_text("Nothing was measured in this time")).to_be_visible()
    expect(page.get_by_role("button", name="Earlier")).to_be_focused()
    earlier = shown.inner_text()
    assert earlier != newest
    go_to(page, "#/savings")
    page.go_back()
    expect(shown).to_have_text(earlier)
    later.click()
    expect(shown).to_have_text(newest)
    expect(rows(page.get_by_role("table", name="Energy by outlet"))).to_have_count(4)
    page.get_by_role("button", name="Months").click()
    expect(page.locator(".plot .bar")).to_have_count(12)
    expect(shown).not_to_have_text(newest)
    newest_months = shown.inner_text()
    page.get_by_role("button", name="Earlier").click()
    expect(shown).not_to_have_text(newest_months)
    later.click()
    expect(shown).to_have_text(newest_months)
    expect(later).to_be_disabled()


def test_the_curve_of_an_outlet_has_its_cuts_marked(log_in: Callable[..., Page], api: Api) -> None:
    console = outlet(api, "Game console")
    page = log_in(f"#/port/{console}/7d")
    cuts = cuts_of(api, console)
    assert cuts
    expect(page.get_by_role("heading", level=1, name="Game console")).to_be_visible()
    expect(page.locator(".power .cut")).to_have_count(len(cuts))
    expect(page.get_by_role("img", name=re.compile("^Power over time, from .* W to .* W; cut"))).to_be_visible()
    expect(rows(page.get_by_role("table", name="Phantoms of this outlet"))).to_have_count(
        len(api.call("GET", f"/phantom-event/list?portId={console}&limit=12")["events"])
    )


def test_the_api_chooses_a_coarser_resolution_for_a_longer_range(log_in: Callable[..., Page], api: Api) -> None:
    page = log_in(f"#/port/{outlet(api, 'Fridge')}")
    expect(page.get_by_text("5-minute averages")).to_be_visible()
    page.get_by_role("button", name="30 days").click()
    expect(page.get_by_role("button", name="30 days")).to_have_attribute("aria-pressed", "true")
    go_to(page, "#/energy")
    page.go_back()
    expect(page.get_by_role("button", name="30 days")).to_have_attribute("aria-pressed", "true")


def test_nothing_is_drawn_over_a_gap(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Hall")
    fan = person.api.add_port(pi, "Fan")
    for seconds_ago in (1_500, 1_440, 1_380, 600, 540):
        pi.send((fan, 40.0), seconds_ago=seconds_ago)
    expect(page.get_by_role("article", name="Fan")).to_be_visible()
    page.get_by_role("article", name="Fan").get_by_role("link", name="Fan").click()
    page.get_by_role("button", name="1 hour").click()
    expect(page.get_by_text("each reading")).to_be_visible()
    line = page.locator(".power .line").get_attribute("d") or ""
    assert line.count("M") == 2
    assert line.count("L") == 3


def test_the_csv_holds_the_shown_range(log_in: Callable[..., Page], api: Api, tmp_path: Path) -> None:
    television = outlet(api, "Television")
    page = log_in(f"#/port/{television}/24h")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    assert re.fullmatch(r"ghostwatt-television-5m-.*\.csv", download.value.suggested_filename)
    download.value.save_as(tmp_path / "shown.csv")
    with (tmp_path / "shown.csv").open(newline="") as file:
        shown = list(csv.DictReader(file))
    now_ms = time.time_ns() // 1_000_000
    points = api.call("GET", f"/port/{television}/history?from={now_ms - DAY_MS}&to={now_ms}&resolution=5m")["readings"]
    expected = {point["timestamp"]: point["wattHours"] for point in points}
    assert len(shown) > 200
    same = [row for row in shown if row["timestamp"] in expected]
    assert len(same) >= len(shown) - 1, "a slot may have ended between the two calls"
    assert all(float(row["wattHours"]) == expected[row["timestamp"]] for row in same)


def test_the_detector_says_what_it_waits_for(log_in: Callable[..., Page], api: Api) -> None:
    washer = outlet(api, "Washing machine")
    page = log_in(f"#/port/{washer}")
    expect(page.get_by_text(api.call("GET", f"/port/{washer}/detector")["waitsFor"])).to_be_visible()
    expect(page.get_by_text(f"below 10.0{NBSP}W (set by you)")).to_be_visible()
    page.get_by_text("Measured power levels").press("Enter")
    expect(rows(page.get_by_role("table", name="Time spent at each power")).first).to_contain_text("W")


def test_one_press_tells_what_cuts_would_have_saved_and_one_more_adopts_them(
    log_in: Callable[..., Page], api: Api
) -> None:
    washer = outlet(api, "Washing machine")
    page = log_in(f"#/port/{washer}")
    page.get_by_role("button", name="Try it on the past").click()
    found = api.call("POST", f"/port/{washer}/backtest", {"days": 30})
    assert found["cuts"]
    told = page.get_by_role("region", name="What would cuts save?").get_by_role("status")
    expect(told).to_contain_text(energy(found["savedWattHours"] / 1_000, NBSP))
    page.get_by_role("button", name="Cut it from now on").click()
    expect(page.get_by_text("From now on it is cut in standby")).to_be_visible()
    assert api.call("GET", f"/port/{washer}")["policy"] == "cut"
    api.call("PATCH", f"/port/{washer}", {"policy": "notify"})


def test_a_server_that_is_busy_for_a_moment_is_asked_again(log_in: Callable[..., Page], api: Api) -> None:
    page = log_in(f"#/port/{outlet(api, 'Washing machine')}")
    refusal = {"success": False, "error": "Too many of these run at the moment.", "code": "too_many_requests"}
    busy = re.compile("/backtest$")
    page.route(busy, lambda route: route.fulfill(status=429, json=refusal, headers={"Retry-After": "1"}), times=2)
    page.get_by_role("button", name="Try it on the past").click()
    told = page.get_by_role("region", name="What would cuts save?").get_by_role("status")
    expect(told).to_contain_text("would have")


def test_an_outlet_that_keeps_its_power_is_not_tried(log_in: Callable[..., Page], api: Api) -> None:
    page = log_in(f"#/port/{outlet(api, 'Fridge')}")
    expect(page.get_by_text("This outlet is never cut, so there is nothing to try.")).to_be_visible()
    expect(page.get_by_role("button", name="Try it on the past")).to_be_hidden()


def test_the_ledger_gives_each_saving_and_says_the_rule_once(log_in: Callable[..., Page], api: Api) -> None:
    page = log_in("#/savings")
    savings = api.call("GET", "/savings?limit=10")["savings"]
    ledger = page.get_by_role("region", name="Each cut").get_by_role("listitem")
    expect(ledger).to_have_count(len(savings))
    expect(page.get_by_text("A cut saves the average power before it")).to_have_count(1)
    for entry, saving in zip(ledger.all(), savings, strict=True):
        expect(entry).to_contain_text(saving["portName"])
        expect(entry).to_contain_text(f"{saving['standbyWatts']:.1f}{NBSP}W (average before the cut) for")
    what_if = page.get_by_role("region", name="What if all outlets were on cut?")
    expect(what_if.get_by_role("row").filter(has_text="Washing machine")).to_contain_text("€")
    expect(what_if).to_contain_text(
        re.compile(r"Fridge is not counted \(.* of standby\)\. Outlets of the kind fridge or freezer are never cut\.")
    )


def test_the_ledger_goes_on_page_by_page(log_in: Callable[..., Page]) -> None:
    page = log_in("#/energy")
    entry = {
        "eventId": "e", "portId": "p", "portName": "Lamp", "from": "2026-01-01T00:00:00.000Z", "to": None,
        "standbyWatts": 1.5, "seconds": 60, "savedKwh": 0.5, "savedMoney": 0.1, "endedBy": "open", "assumption": "So.",
    }  # fmt: skip

    def answer(route: Route) -> None:
        is_second = "cursor=more" in route.request.url
        shown = {**entry, "portName": "Heater"} if is_second else entry
        route.fulfill(
            json={"success": True, "currency": "EUR", "savings": [shown], "cursor": None if is_second else "more"}
        )

    page.route(re.compile(r"/api/savings\?"), answer)
    go_to(page, "#/savings")
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("listitem").filter(has_text="Heater")).to_be_focused()
    expect(page.get_by_role("listitem").filter(has_text="Lamp")).to_be_visible()
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()


def test_what_is_always_on_is_ranked_with_what_to_do(log_in: Callable[..., Page], api: Api) -> None:
    page = log_in("#/always-on")
    report = api.call("GET", "/always-on")
    worst = [each for each in report["outlets"] if each["worst"]]
    cards = page.locator(".worst").get_by_role("listitem")
    expect(cards).to_have_count(len(worst))
    for card, each in zip(cards.all(), worst, strict=True):
        expect(card).to_contain_text(each["portName"])
        expect(card).to_contain_text(each["advice"])
    expect(rows(page.get_by_role("table", name="Standby by outlet"))).to_have_count(len(report["outlets"]))
    expect(page.locator("[data-fact='Your home at night']")).to_contain_text(f"{report['baselineWatts']:.1f}W")


def test_figures_follow_the_reader_and_money_the_account(log_in: Callable[..., Page], api: Api) -> None:
    api.call("PATCH", "/account", {"currency": "CHF"})
    page = log_in("#/energy", locale="de-DE")
    cost = api.call("GET", "/energy?period=month")["total"]["cost"]
    expect(page.locator("[data-fact=Used]")).to_contain_text(f"{cost:.2f}".replace(".", ",") + f"{NBSP}CHF")
    api.call("PATCH", "/account", {"currency": "EUR"})


def test_what_could_not_be_fetched_can_be_tried_again(log_in: Callable[..., Page]) -> None:
    page = log_in("#/always-on")
    page.route(re.compile("/api/energy"), lambda route: route.abort())
    page.evaluate("location.hash = '#/energy'")
    expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(rows(page.get_by_role("table", name="Energy by outlet"))).to_have_count(4)
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()


def test_a_hostile_name_is_text_on_every_page(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Hall")
    port = person.api.add_port(pi, HOSTILE, thresholdWatts=10, dwellSeconds=0)
    pi.send((port, 3.0), seconds_ago=60)
    pi.send((port, 3.0))
    for address in (*PAGES, f"#/port/{port}"):
        go_to(page, address)
        expect(page.locator("img[src=x]")).to_have_count(0)
    expect(page.get_by_role("heading", level=1, name=HOSTILE)).to_be_visible()


def test_an_outlet_that_is_gone_is_said_to_be(log_in: Callable[..., Page]) -> None:
    expect(log_in("#/port/nowhere").get_by_text("This outlet no longer exists.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_about_energy_scrolls_sideways_on_a_phone(log_in: Callable[..., Page], api: Api, scheme: str) -> None:
    page = log_in(width=360, height=740, color_scheme=scheme)
    for address in (*PAGES, *(f"#/port/{outlet(api, 'Television')}/{span}" for span in ("1h", "24h", "7d", "30d"))):
        go_to(page, address)
        for summary in page.locator(".more > summary:visible").all():
            summary.click()
        assert fits(page), address
