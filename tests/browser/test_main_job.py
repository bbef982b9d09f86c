"""The way of a person: sign up, pair, watch, be told of a cut, undo it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.browser.clients import Pi
from tests.browser.conftest import Person, sign_up


def test_a_code_in_the_address_survives_sign_up_and_ends_with_a_first_outlet(
    open_page: Callable[..., Page], base_url: str
) -> None:
    pi = Pi(f"{base_url}/api")
    code = pi.claim()
    assert pi.verification_uri_complete.startswith(base_url)
    page = open_page(path=pi.verification_uri_complete.removeprefix(base_url))
    sign_up(page)
    expect(page.get_by_role("heading", name="Is this your Pi?")).to_be_visible()
    expect(page.get_by_text(pi.device_id)).to_be_visible()
    expect(page.get_by_text(code)).to_be_visible()
    page.get_by_label("What do you call it?").fill("Living room")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Living room is paired")).to_be_visible()
    pi.fetch_key()
    page.get_by_label("Name").fill("Fridge")
    page.get_by_label("Kind of appliance").select_option("fridge or freezer")
    expect(page.get_by_label("Never cut this outlet")).to_be_checked()
    page.get_by_role("button", name="Add outlet").click()
    expect(page.get_by_text("Fridge on channel 1")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("article", name="Fridge")).to_contain_text("never cut")


def test_a_typed_code_can_be_denied(person: Person, base_url: str) -> None:
    code = Pi(f"{base_url}/api").claim()
    page = person.page
    page.get_by_role("link", name="Enter the code").click()
    page.get_by_label("Code").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Find my Pi").click()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("heading", name="Pairing declined")).to_be_visible()
    page.get_by_role("link", name="To my home").click()
    expect(page.get_by_text("Find your phantoms")).to_be_visible()


def test_the_page_of_the_pi_shows_the_code_to_who_cannot_see_its_terminal(
    person: Person, base_url: str, tmp_path: Path
) -> None:
    page, command = person.page, [sys.executable, "-m", "ghostwatt_pi", "claim", "--tell", "json"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [*command, "--api", f"{base_url}/api", "--data", str(tmp_path), "--port", str(port)], stdout=subprocess.PIPE
    ) as pi:
        try:
            assert pi.stdout
            pi.stdout.readline()  # it waits with a code
            page.get_by_role("link", name="Enter the code").click()
            page.get_by_text("You cannot see the Pi's terminal?").click()
            link = page.get_by_role("link", name="Open the Pi's page")
            expect(link).to_have_attribute("href", "http://raspberrypi.local:5000/")
            page.get_by_label("Name or address of the Pi").fill(f"127.0.0.1:{port}")
            with page.context.expect_page() as opened:
                link.click()
            code = opened.value.locator(".code").inner_text()
            page.get_by_label("Code").fill(code)
            page.get_by_role("button", name="Find my Pi").click()
            expect(page.get_by_role("heading", name="Is this your Pi?")).to_be_visible()
        finally:
            pi.kill()


def test_a_code_that_pairs_nothing_says_why(person: Person, base_url: str) -> None:
    page = person.page
    declined, approved = Pi(f"{base_url}/api").claim(), Pi(f"{base_url}/api").claim()
    person.api.call("POST", "/device/claim/deny", {"userCode": declined})
    person.api.call("POST", "/device/claim/approve", {"userCode": approved, "deviceName": "Attic"})

    page.goto(f"{base_url}/#/pair")
    for code, heading in ((declined, "This code was declined"), (approved, "This code was already approved")):
        page.get_by_label("Code").fill(code)
        page.get_by_role("button", name="Find my Pi").click()
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        page.get_by_role("button", name="Try another code").click()
    page.get_by_label("Code").fill("ABCD-2345")
    page.get_by_role("button", name="Find my Pi").click()
    expect(page.get_by_text("a code expires after 10 minutes")).to_be_visible()
    expect(page.get_by_label("Code")).to_be_focused()


def test_readings_and_sensors_show_without_a_reload(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Study")
    expect(page.get_by_role("heading", name="Study")).to_be_visible()
    television = person.api.add_port(pi, "Television", thresholdWatts=10)
    card = page.get_by_role("article", name="Television")
    expect(card).to_contain_text("no reading yet")
    pi.send((television, 87.4))
    expect(card).to_contain_text("87.4W")
    expect(card).to_have_attribute("data-status", "active")
    expect(page.get_by_label("Home now")).to_contain_text("87.4W")
    pi.send((television, 3.0))
    expect(card).to_contain_text("3.0W")
    expect(card).to_contain_text("standby")
    pi.measure(temperature=23.5, humidity=55)
    expect(page.get_by_label("Sensors")).to_contain_text("23.5°C")
    expect(page.get_by_label("Sensors")).to_contain_text("55%")


def test_a_cut_arrives_without_a_reload_and_is_undone(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Living room")
    console = person.api.add_port(pi, "Console", policy="cut", thresholdWatts=10, dwellSeconds=0)
    card = page.get_by_role("article", name="Console")
    expect(card.get_by_role("switch")).to_be_checked()
    pi.send((console, 3.0))
    expect(card).to_contain_text("switching off…")
    event = page.get_by_role("listitem").filter(has_text="3.0\u00a0W")
    expect(event).to_contain_text("cutting…")
    pi.obey(console, "off")
    pi.send((console, 0.0))
    expect(card).to_have_attribute("data-relay", "off")
    expect(card).to_contain_text("cut")
    expect(event).to_contain_text("cut, and the power dropped")
    expect(page.get_by_role("link", name="Notifications, 1 unread")).to_be_visible()

    event.get_by_role("button", name="Undo").click()
    expect(card).to_contain_text("switching on…")
    pi.obey(console, "on")
    expect(card).to_have_attribute("data-relay", "on")
    expect(event).to_contain_text("then you switched it on again")
    expect(event.get_by_role("button", name="Undo")).to_be_hidden()


def frames_of(page: Page) -> list[str]:
    """What the live connections of a window will receive from now on."""
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    return frames


def pair_and_add(person: Person, base_url: str, outlet: str) -> Pi:
    """Pair a Pi by its code and give it an outlet that is cut, all on the page."""
    page, pi = person.page, Pi(f"{base_url}/api")
    code = pi.claim()
    page.get_by_role("link", name="Enter the code").click()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Find my Pi").click()
    page.get_by_role("button", name="Approve").click()
    pi.fetch_key()
    page.get_by_label("Name").fill(outlet)
    page.get_by_label("Cut it").check()
    page.get_by_text("Fine tuning").click()
    page.get_by_label("Phantom below").fill("10")
    page.get_by_label("Wait before acting").fill("0")
    page.get_by_role("button", name="Add outlet").click()
    page.get_by_role("link", name="Done").click()
    return pi


def test_two_people_each_pair_watch_a_cut_arrive_and_undo_it(new_person: Callable[..., Person], base_url: str) -> None:
    ada, ben = new_person(), new_person()
    heard_by_ben = frames_of(ben.page)
    ben.page.reload()
    expect(ben.page.get_by_text("live", exact=True)).to_be_visible()
    homes = [(ada, pair_and_add(ada, base_url, "Console")), (ben, pair_and_add(ben, base_url, "Console"))]
    cards = [person.page.get_by_role("article", name="Console") for person, _ in homes]
    ports = [person.api.call("GET", "/port/list")["ports"][0]["portId"] for person, _ in homes]
    for person, _ in homes:
        person.page.evaluate("window.neverReloaded = true")

    for (_, pi), card, port, watts in zip(homes, cards, ports, (87.4, 61.5), strict=True):
        pi.send((port, watts))
        expect(card).to_contain_text(f"{watts}W")
    expect(cards[0]).to_contain_text("87.4W")

    pi_of_ada = homes[0][1]
    pi_of_ada.send((ports[0], 3.0))
    expect(cards[0]).to_contain_text("switching off…")
    pi_of_ada.obey(ports[0], "off")
    pi_of_ada.send((ports[0], 0.0))
    event = ada.page.get_by_role("region", name="Phantoms found").get_by_role("listitem")
    expect(event).to_contain_text("cut, and the power dropped")
    homes[1][1].send((ports[1], 62.5))
    expect(cards[1]).to_contain_text("62.5W")  # Ben's page lives on, and nothing was cut there
    expect(cards[1].get_by_role("switch")).to_be_checked()
    expect(ben.page.get_by_role("region", name="Phantoms found")).to_contain_text("None so far")

    event.get_by_role("button", name="Undo").click()
    pi_of_ada.obey(ports[0], "on")
    expect(cards[0]).to_have_attribute("data-relay", "on")
    expect(event).to_contain_text("then you switched it on again")
    assert all(person.page.evaluate("window.neverReloaded") for person, _ in homes)
    assert any(ports[1] in frame for frame in heard_by_ben)
    assert not any(ports[0] in frame for frame in heard_by_ben)


def in_small_pages(route: Route) -> None:
    """Ask for seven phantoms at a time, so that a few of them are several pages."""
    route.continue_(url=re.sub(r"limit=\d+", "limit=7", route.request.url))


def test_the_newest_phantoms_show_and_older_ones_when_asked_for(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Den")
    outlets = [person.api.add_port(pi, f"Lamp {n}", thresholdWatts=10, dwellSeconds=0) for n in range(20)]
    pi.send(*((outlet, 3.0) for outlet in outlets))
    expect(page.get_by_role("link", name="Notifications, 20 unread")).to_be_visible()
    page.route("**/api/phantom-event/list*", in_small_pages)
    page.reload()
    found = page.get_by_role("region", name="Phantoms found")
    phantoms = found.get_by_role("listitem")
    expect(phantoms).to_have_count(6)
    expect(phantoms.first.get_by_text("3.0 W")).to_have_count(1)  # said once
    found.get_by_role("button", name="Show more").press("Enter")
    expect(phantoms).to_have_count(18)
    expect(phantoms.nth(6)).to_be_focused()
    found.get_by_role("button", name="Show more").click()
    expect(phantoms).to_have_count(20)
    expect(found.get_by_role("button", name="Show more")).to_be_hidden()
    names = [event["portName"] for event in person.api.call("GET", "/phantom-event/list")["events"]]
    expect(phantoms.get_by_role("heading")).to_have_text(names)


def test_notifications_are_read_one_by_one_or_all(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Den")
    for name in ("Radio", "Lamp", "Charger"):
        pi.send((person.api.add_port(pi, name, thresholdWatts=10, dwellSeconds=0), 3.0))
    page.get_by_role("link", name="Notifications, 3 unread").click()
    page.get_by_role("listitem").filter(has_text="Lamp").get_by_role("button", name="Mark as read").click()
    expect(page.get_by_role("link", name="Notifications, 2 unread")).to_be_visible()
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_role("link", name="Notifications", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Mark as read")).to_have_count(0)


def test_a_person_switches_changes_and_deletes_an_outlet(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Kitchen")
    lamp = person.api.add_port(pi, "Lamp")
    card = page.get_by_role("article", name="Lamp")
    card.get_by_role("switch").press("Space")
    expect(card).to_contain_text("waiting for the Pi")  # nobody has heard of it yet
    pi.send((lamp, 8.0))
    expect(card).to_contain_text("switching off…")
    pi.obey(lamp, "off")
    expect(card).to_have_attribute("data-relay", "off")
    card.get_by_label("More for this outlet").click()
    card.get_by_role("button", name="Change…").click()
    page.get_by_label("Name").fill("Desk lamp")
    page.get_by_label("Cut it").check()
    page.get_by_text("Fine tuning").click()
    page.get_by_label("Wait before acting").fill("2")
    page.get_by_role("button", name="Save").click()
    changed = page.get_by_role("article", name="Desk lamp")
    expect(changed).to_contain_text("auto-cut")
    assert person.api.call("GET", f"/port/{lamp}")["dwellSeconds"] == 120
    changed.get_by_label("More for this outlet").click()
    changed.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete outlet").click()
    expect(changed).to_have_count(0)
    expect(page.get_by_text("No outlets yet")).to_be_visible()
