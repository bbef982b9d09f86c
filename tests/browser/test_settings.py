"""What a person sets: prices, channels, verdicts, keys; and how the page says what it does."""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.browser.clients import Api
from tests.browser.conftest import PASSWORD, Person
from tests.browser.test_layout import fits
from tests.conftest import eventually

SECRET = "a-secret-of-sixteen-or-more"


def visit(page: Page, address: str) -> None:
    """Go to a view of the page, and wait until it has loaded: parts that arrive later move the buttons below them."""
    page.evaluate(
        """address => new Promise(resolve => {
            if (location.hash === address) return resolve()
            addEventListener("hashchange", resolve, { once: true })
            location.hash = address
        })""",
        address,
    )
    loaded(page)


def reload(page: Page) -> None:
    """Reload the page, and wait until its view has loaded."""
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    loaded(page)


def loaded(page: Page) -> None:
    """Wait until no part of the view is still being fetched."""
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def section(page: Page, title: str) -> Locator:
    """The card under a heading."""
    return page.locator("section.card").filter(has=page.get_by_role("heading", name=title, exact=True))


def result(page: Page, channel: str) -> Locator:
    """What became of the test on a channel."""
    return section(page, "Try it out").get_by_role("listitem").filter(has_text=channel)


@contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[Mapping[str, str], bytes]]]]:
    """A webhook of the person's own: its URL, and the headers and bodies that were posted to it."""
    posts: list[tuple[Mapping[str, str], bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posts.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server has
            """Not among the tests' output."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", posts
        server.shutdown()
        thread.join()


def add_tariff(page: Page, name: str, price: str, first_day: str, last_day: str = "") -> None:
    """Fill and send the dialog of a new tariff, without windows."""
    page.get_by_role("button", name="Add a tariff…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Price per kWh").fill(price)
    dialog.get_by_label("First day").fill(first_day)
    dialog.get_by_label("Last day").fill(last_day)
    dialog.get_by_role("button", name="Save tariff").click()


def test_money_time_and_retention_are_kept(person: Person) -> None:
    page = person.page
    visit(page, "#/account")
    page.get_by_label("Price per kWh").fill("0.3125")
    page.get_by_label("Currency").fill("usd")
    page.get_by_label("Grams of CO₂").fill("120")
    page.get_by_label("Time zone").fill("Asia/Kathmandu")
    page.get_by_label("Days to keep each reading").fill("60")
    section(page, "Money, time and readings").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    kept = person.api.call("GET", "/account")
    assert (kept["tariffPerKwh"], kept["currency"], kept["gramsCo2PerKwh"]) == (0.3125, "USD", 120)
    assert (kept["timezone"], kept["rawRetentionDays"]) == ("Asia/Kathmandu", 60)


def test_a_tariff_with_cheaper_hours_is_added_changed_and_removed(person: Person) -> None:
    page = person.page
    visit(page, "#/account")
    page.get_by_role("button", name="Add a tariff…").click()
    dialog = page.get_by_role("dialog", name="Add a tariff")
    dialog.get_by_label("Name").fill("Night rate")
    dialog.get_by_label("Price per kWh").fill("0.3199")
    dialog.get_by_label("First day").fill("2026-01-01")
    dialog.get_by_label("Last day").fill("2026-12-31")
    dialog.get_by_role("button", name="Add hours with another price").click()
    window = dialog.get_by_role("group", name="Hours with another price, 1")
    window.get_by_label("Sunday").uncheck()
    window.get_by_label("Until").fill("00:00")
    window.get_by_label("Price per kWh").fill("0.2")
    dialog.get_by_role("button", name="Save tariff").click()
    expect(dialog).to_have_count(0)
    item = page.get_by_role("listitem").filter(has_text="Night rate")
    expect(item).to_contain_text("0.3199 per kWh, Jan 1, 2026 to Dec 31, 2026")
    expect(item).to_contain_text("Mon, Tue, Wed, Thu, Fri, Sat 22:00 to 00:00: €0.20")
    (kept,) = person.api.call("GET", "/account/tariffs")["tariffs"]
    assert (kept["validFrom"], kept["validTo"]) == ("2026-01-01", "2027-01-01")
    assert kept["windows"][0]["days"] == ["mon", "tue", "wed", "thu", "fri", "sat"]

    page.get_by_role("button", name="Change Night rate").click()
    page.get_by_role("button", name="Remove these hours").click()
    page.get_by_role("dialog").get_by_label("Price per kWh").fill("0.4")
    page.get_by_role("button", name="Save tariff").click()
    expect(item).to_contain_text("€0.40 per kWh")
    expect(item).not_to_contain_text("22:00")
    page.get_by_role("button", name="Remove Night rate").click()
    page.get_by_role("button", name="Remove tariff").click()
    expect(item).to_have_count(0)
    assert person.api.call("GET", "/account/tariffs")["tariffs"] == []


def test_a_new_tariff_ends_the_one_that_was_valid_until_further_notice(person: Person) -> None:
    page = person.page
    visit(page, "#/account")
    add_tariff(page, "Old price", "0.30", "2025-01-01")
    add_tariff(page, "New price", "0.35", "2026-07-01")
    expect(page.get_by_role("listitem").filter(has_text="Old price")).to_contain_text("to Jun 30, 2026")
    expect(page.get_by_role("listitem").filter(has_text="New price")).to_contain_text("from Jul 1, 2026")


def test_what_is_wrong_with_a_tariff_is_said_at_its_field(person: Person) -> None:
    page = person.page
    visit(page, "#/account")
    add_tariff(page, "Winter", "0.30", "2026-10-01", "2026-12-31")
    expect(page.get_by_role("dialog")).to_have_count(0)
    add_tariff(page, "Autumn", "0.28", "2026-09-01", "2026-11-01")  # runs into the winter
    last_day = page.get_by_role("dialog").get_by_label("Last day")
    expect(last_day).to_have_attribute("aria-invalid", "true")
    last_day.fill("2026-08-01")
    page.get_by_role("button", name="Save tariff").click()
    expect(page.get_by_text("A tariff ends after it starts.")).to_be_visible()
    expect(last_day).to_be_focused()
    last_day.fill("2026-09-30")
    for _ in range(2):  # twice the same hours
        page.get_by_role("button", name="Add hours with another price").click()
    windows = page.get_by_role("group", name=re.compile("Hours with another price"))
    windows.nth(0).get_by_label("Price per kWh").fill("0.2")
    windows.nth(1).get_by_label("Price per kWh").fill("0.1")
    page.get_by_role("button", name="Save tariff").click()
    expect(windows.nth(1).get_by_label("From")).to_have_attribute("aria-invalid", "true")
    expect(windows.nth(1)).to_contain_text("This window overlaps another one of its tariff.")
    windows.nth(0).get_by_role("button", name="Remove these hours").click()
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"):
        windows.nth(0).get_by_label(day).uncheck()
    page.get_by_role("button", name="Save tariff").click()
    expect(page.get_by_text("Choose at least one day.")).to_be_visible()
    windows.nth(0).get_by_label("Monday").check()
    page.get_by_role("button", name="Save tariff").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_tariff_that_another_tab_changed_is_not_written_over(person: Person) -> None:
    page = person.page
    visit(page, "#/account")
    add_tariff(page, "Flat", "0.30", "2026-01-01")
    page.get_by_role("button", name="Change Flat").click()
    changed = {"name": "Flat", "validFrom": "2026-01-01", "perKwh": 0.5}
    person.api.call("PUT", "/account/tariffs", {"tariffs": [changed]})
    page.get_by_role("button", name="Save tariff").click()
    expect(page.get_by_text("This tariff was changed in another tab")).to_be_visible()
    (kept,) = person.api.call("GET", "/account/tariffs")["tariffs"]
    assert kept == {**changed, "validTo": None, "windows": []}


def test_a_token_that_lives_for_years_asks_for_the_password(person: Person, base_url: str) -> None:
    page = person.page
    visit(page, "#/account")
    page.get_by_role("button", name="Make a token…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Which program is it for?").fill("Home Assistant")
    dialog.get_by_label("Look and switch").check()
    password = dialog.get_by_label("Your password")
    expect(password).to_be_hidden()
    dialog.get_by_label("When it ends").select_option("in ten years")
    password.fill("not the one")
    dialog.get_by_role("button", name="Make the token").click()
    expect(password).to_be_focused()
    password.fill(PASSWORD)
    dialog.get_by_role("button", name="Make the token").click()
    token = page.get_by_label("The token").input_value()
    page.get_by_role("button", name="Done").click()
    expect(section(page, "Where you are signed in").get_by_text("may switch")).to_be_visible()
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.post(f"{base_url}/api/live/ticket", json={}, headers=headers, timeout=60).status_code == 200


def test_a_password_can_be_shown_and_hidden_again(open_page: Callable[..., Page]) -> None:
    page = open_page()
    password, show = page.get_by_label("Password"), page.get_by_role("button", name="Show")
    password.fill("  correct horse ")
    show.click()
    expect(password).to_have_attribute("type", "text")
    expect(show).to_have_attribute("aria-pressed", "true")
    show.click()
    expect(password).to_have_attribute("type", "password")
    expect(password).to_have_value("  correct horse ")


def test_a_read_token_is_shown_once_reads_and_is_ended(person: Person, base_url: str) -> None:
    page = person.page
    visit(page, "#/account")
    page.get_by_role("button", name="Make a token…").click()
    page.get_by_label("Which program is it for?").fill("Grafana")
    page.get_by_label("When it ends").select_option("in 30 days")
    page.get_by_role("button", name="Make the token").click()
    token = page.get_by_label("The token").input_value()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert token not in page.content()
    item = section(page, "Where you are signed in").get_by_role("listitem").filter(has_text="Grafana")
    expect(item).to_contain_text("read only")

    def read() -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{base_url}/api/port/list", headers=headers, timeout=60).status_code

    assert read() == 200
    reload(page)
    expect(item).to_contain_text("read only")
    assert token not in page.content()
    item.get_by_role("button", name="End Grafana").click()
    page.get_by_role("button", name="End token").click()
    expect(item).to_have_count(0)
    assert read() == 401


def test_sessions_are_ended_one_by_one_or_all_but_this_one(person: Person, base_url: str) -> None:
    page = person.page
    Api(base_url, person.email, PASSWORD)
    person.api.call("POST", "/account/token", {"name": "Grafana"})
    visit(page, "#/account")
    sessions = section(page, "Where you are signed in").get_by_role("listitem")
    expect(sessions).to_have_count(4)
    sessions.filter(has_text="python-requests").first.get_by_role("button").click()
    page.get_by_role("button", name="End session").click()
    expect(sessions).to_have_count(3)
    expect(section(page, "Where you are signed in").get_by_role("list")).to_be_focused()
    page.get_by_role("button", name="End all others…").click()
    page.get_by_role("button", name="End all others", exact=True).click()
    expect(sessions).to_have_count(1)
    expect(sessions).to_contain_text("this one")
    reload(page)
    expect(sessions).to_have_count(1)


def test_channels_quiet_hours_and_digest_are_chosen(person: Person) -> None:
    page = person.page
    visit(page, "#/notifications")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("checkbox", name="E-mail To").check()
    page.get_by_label("Outlet cut: E-mail").uncheck()
    page.get_by_label("Device offline: Page").uncheck()
    page.get_by_label("Quiet hours").check()
    page.get_by_label("Quiet from").fill("21:30")
    page.get_by_label("Weekly digest").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_be_focused()
    kept = person.api.call("GET", "/notification/settings")
    assert kept["kinds"]["cut"] == ["page", "webhook"]
    assert kept["kinds"]["device_offline"] == ["email", "webhook"]
    assert kept["kinds"]["phantom"] == ["page", "email", "webhook"]
    assert (kept["email"], kept["weeklyDigest"]) == (True, True)
    assert kept["quietHours"] == {"from": "21:30", "to": "07:00"}


def test_what_the_server_refuses_of_the_channels_is_said_at_its_field(person: Person) -> None:
    page = person.page
    visit(page, "#/notifications/settings")
    page.get_by_label("Weekly digest").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Weekly digest")).to_be_focused()
    expect(page.get_by_text("switch e-mail on for it")).to_be_visible()
    page.get_by_label("Weekly digest").uncheck()
    page.get_by_label("Webhook", exact=True).fill("https://someone@example.org/hook")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Webhook", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Webhook", exact=True).fill("")
    page.get_by_label("Quiet hours").check()
    page.get_by_label("Quiet until").fill("22:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Quiet until")).to_be_focused()


def test_the_secret_of_a_webhook_is_shown_once_and_signs_the_test_that_is_sent(person: Person) -> None:
    page = person.page
    visit(page, "#/notifications/settings")
    with receiver() as (url, posts):
        page.get_by_label("Webhook", exact=True).fill(url)
        page.get_by_role("button", name="Save").click()
        secret = page.get_by_label("The secret", exact=True).input_value()
        page.get_by_role("button", name="Done").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert secret not in page.content()
        reload(page)
        expect(page.get_by_label("Webhook", exact=True)).to_have_value(url)
        assert secret not in page.content()
        page.get_by_role("button", name="Send a test").click()
        expect(result(page, "Webhook")).to_contain_text("delivered")
        expect(result(page, "Page")).to_contain_text("delivered")
    (headers, body) = posts[0]
    at, _, signed = headers["X-Ghostwatt-Signature"].removeprefix("t=").partition(",v1=")
    assert signed == hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    expect(page.get_by_role("link", name="Notifications, 1 unread")).to_be_visible()


def test_what_does_not_arrive_is_told_by_the_test_and_later_in_the_settings(person: Person) -> None:
    page = person.page
    visit(page, "#/notifications/settings")
    with receiver() as (url, _):
        page.get_by_label("Webhook", exact=True).fill(url)
    page.get_by_text("Secret of the webhook").click()
    page.get_by_label("A secret of your own").fill(SECRET)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    page.get_by_role("button", name="Send a test").click()
    expect(result(page, "Webhook")).to_contain_text("failed: The webhook did not answer")
    pi = person.api.add_device("Den")
    pi.send((person.api.add_port(pi, "Radio", thresholdWatts=10, dwellSeconds=0), 3.0))
    eventually(lambda: person.api.call("GET", "/notification/settings")["lastErrors"]["webhook"], "a failure is kept")
    reload(page)
    expect(page.get_by_text("Last failed")).to_contain_text("The webhook did not answer")
    assert SECRET not in page.content()


def test_a_notification_says_its_kind_and_that_it_is_new(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Den")
    pi.send((person.api.add_port(pi, "Radio", thresholdWatts=10, dwellSeconds=0), 3.0))
    page.get_by_role("link", name="Notifications, 1 unread").click()
    note = page.get_by_role("listitem").filter(has_text="Phantom found")
    expect(note).to_contain_text("new")
    note.get_by_role("button", name="Mark as read").click()
    expect(note.get_by_text("new", exact=True)).to_be_hidden()


def test_calling_a_cut_wrong_says_what_it_does_and_switches_on_again(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Living room")
    console = person.api.add_port(pi, "Console", policy="cut", thresholdWatts=10, dwellSeconds=0)
    pi.send((console, 3.0))
    pi.obey(console, "off")
    pi.send((console, 0.0))
    event = page.get_by_role("listitem").filter(has_text="3.0\u00a0W")
    expect(event).to_contain_text("below 10 W")
    expect(event).to_contain_text("cut, and the power dropped")
    event.get_by_text("Was this right?").click()
    expect(event).to_contain_text("switches the outlet back on at once")
    event.get_by_role("button", name="Wrong").click()
    expect(event).to_contain_text("You said: wrong")
    expect(event.get_by_role("button", name="Wrong")).to_be_focused()
    expect(event).to_contain_text("then you switched it on again")
    assert pi.relay(console)["desired"] == "on"


def test_an_event_that_was_only_told_can_be_called_right(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Den")
    pi.send((person.api.add_port(pi, "Radio", thresholdWatts=10, dwellSeconds=0), 3.0))
    event = page.get_by_role("listitem").filter(has_text="3.0\u00a0W")
    event.get_by_text("Was this right?").press("Enter")
    expect(event).to_contain_text("Nothing is switched.")
    event.get_by_role("button", name="Right").press("Enter")
    expect(event.get_by_role("button", name="Right")).to_have_attribute("aria-pressed", "true")
    assert person.api.call("GET", "/phantom-event/list")["events"][0]["verdict"] == "right"


def test_a_device_says_how_it_is_and_why(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Hall")
    line = page.get_by_role("region", name="Hall").locator(".liveness")
    expect(line).to_contain_text("never connected")
    fan = person.api.add_port(pi, "Fan")
    pi.send((fan, 20.0))
    expect(line).to_have_attribute("data-liveness", "online")
    line.locator("summary").press("Enter")
    expect(line).to_contain_text("how often it calls is not known yet")
    expect(line).to_contain_text("Since")


@pytest.mark.parametrize(("choice", "days"), [("never", None), ("after 90 days", 90)])
def test_a_new_key_expires_when_the_person_says(person: Person, choice: str, days: int | None) -> None:
    page, _ = person.page, person.api.add_device("Hall")
    asked = []
    page.on("request", lambda request: asked.append(request.post_data_json) if request.url.endswith("/key") else None)
    page.get_by_label("More for this device").click()
    page.get_by_role("button", name="New key…").click()
    page.get_by_label("When it expires").select_option(choice)
    page.get_by_role("button", name="Make a new key").click()
    expect(page.get_by_label("The new key")).to_be_visible()
    assert asked == [{} if days is None else {"expiresInDays": days}]


def test_releasing_a_device_says_what_is_deleted(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Attic")
    person.api.add_port(pi, "Heater")
    person.api.add_port(pi, "Lamp")
    page.get_by_label("More for this device").click()
    page.get_by_role("button", name="Release…").click()
    expect(page.get_by_role("dialog")).to_contain_text("deletes its 2 outlets (Heater, Lamp)")


def test_an_export_is_asked_for_followed_and_downloaded(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Hall")
    pi.send((person.api.add_port(pi, "Fan"), 20.0))
    visit(page, "#/account")
    card = section(page, "Take your data with you")
    card.get_by_label("CSV").uncheck()
    card.get_by_label("JSON lines").uncheck()
    card.get_by_role("button", name="Make an export").click()
    expect(card).to_contain_text("Choose at least one format.")
    card.get_by_label("CSV").check()
    card.get_by_label("From day").fill("2030-01-01")
    card.get_by_role("button", name="Make an export").click()
    expect(card.get_by_label("From day")).to_have_attribute("aria-invalid", "true")
    card.get_by_label("From day").fill("")
    card.get_by_role("button", name="Make an export").click()
    expect(card.get_by_role("status")).to_contain_text("ready, ")
    page.reload()  # what was asked for is found again
    expect(card.get_by_role("status")).to_contain_text("This link works until")
    with page.expect_download() as started:
        card.get_by_role("link", name="Download the zip").click()
    with zipfile.ZipFile(started.value.path()) as archive:
        assert any(name.endswith("devices.csv") for name in archive.namelist())
        assert not any(name.endswith(".jsonl") for name in archive.namelist())


def test_reloads_in_the_middle_of_a_renewal_keep_the_session(person: Person) -> None:
    page = person.page
    expect(page.get_by_text("Find your phantoms")).to_be_visible()
    for _ in range(3):
        # Leaves the page as soon as its renewal is on its way: the answer comes to a page that is gone.
        with page.expect_request("**/api/account/refresh"):
            page.reload(wait_until="commit")
    expect(page.get_by_text("Find your phantoms")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_settings_fit_a_phone(new_person: Callable[..., Person], scheme: str) -> None:
    person = new_person(width=360, height=740, color_scheme=scheme)
    page = person.page
    windows = [{"days": ["mon", "sun"], "from": "22:00", "to": "06:00", "perKwh": 0.123456}]
    tariff = {"name": "W" * 80, "validFrom": "2026-01-01", "validTo": None, "perKwh": 0.3, "windows": windows}
    person.api.call("PUT", "/account/tariffs", {"tariffs": [tariff]})
    visit(page, "#/account")
    page.get_by_role("button", name=f"Change {'W' * 80}").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert fits(page)
    assert page.get_by_role("dialog").evaluate("node => node.scrollWidth <= node.clientWidth")
    page.keyboard.press("Escape")
    visit(page, "#/notifications/settings")
    expect(page.get_by_role("heading", name="What goes where")).to_be_visible()
    assert fits(page)
