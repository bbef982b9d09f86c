"""The home at a glance: curves begin with the past, what is old or busy is seen to be, an outlet's page is live."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Person
from tests.browser.past import fallen_silent, go_to


def hold(page: Page, address: str) -> list[Route]:
    """Answer nothing there until the routes in the list are let go."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks the function, which a built-in forbids
    return held


def let_go(page: Page, address: str, held: list[Route]) -> None:
    """Answer what was held, and all that comes."""
    for route in held:
        route.continue_()
    page.unroute(address)


def test_after_a_reload_a_curve_begins_with_the_last_minutes(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Study")
    lamp = person.api.add_port(pi, "Lamp")
    for seconds_ago in (90, 60, 30, 0):
        pi.send((lamp, 9.0), seconds_ago=seconds_ago)
    page.reload()
    curve = page.get_by_role("article", name="Lamp").locator(".spark")
    expect(curve).to_have_attribute("data-points", "4")
    pi.send((lamp, 8.0))
    expect(curve).to_have_attribute("data-points", "5")


def test_the_page_of_an_outlet_is_live_and_switches_it(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Study")
    lamp = person.api.add_port(pi, "Lamp")
    pi.send((lamp, 9.5))
    page.get_by_role("article", name="Lamp").get_by_role("link", name="Lamp").click()
    heading = page.get_by_role("main").locator("header.heading")
    expect(heading).to_contain_text("9.5W")
    expect(heading).to_contain_text("in use")
    heading.get_by_role("switch", name="Lamp").click()
    expect(heading).to_contain_text("switching off…")
    pi.obey(lamp, "off")
    pi.send((lamp, 0.0))
    expect(heading.get_by_role("switch", name="Lamp")).not_to_be_checked()
    expect(heading).to_contain_text("0W")


def test_an_outlet_of_a_silent_device_says_how_old_its_figure_is(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Study")
    pi.send((person.api.add_port(pi, "Lamp"), 9.5), seconds_ago=30)
    page.route("**/api/device/list*", fallen_silent)
    page.reload()
    card = page.get_by_role("article", name="Lamp")
    expect(card.locator(".status")).to_contain_text("s ago")
    expect(page.get_by_label("Home now")).to_contain_text("Nothing is being measured right now")


def test_an_outlet_whose_meter_is_silent_says_so_until_it_is_heard_again(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Study")
    lamp, desk = person.api.add_port(pi, "Lamp"), person.api.add_port(pi, "Desk")
    for seconds_ago in (400, 390, 380):
        pi.send((lamp, 9.5), seconds_ago=seconds_ago)
    for seconds_ago in (10, 0):
        pi.send((desk, 30.0), seconds_ago=seconds_ago)
    card = page.get_by_role("article", name="Lamp")
    expect(card.locator(".status")).to_contain_text("silent: last reading 6 min ago")
    expect(card.locator(".watts")).not_to_contain_text("9.5")
    expect(page.get_by_label("Home now").locator(".watts")).to_contain_text("30.0W")
    pi.send((lamp, 9.5))
    expect(card.locator(".status")).to_contain_text("in use")
    expect(card.locator(".watts")).to_contain_text("9.5W")


def test_an_outlet_that_is_switched_at_the_plug_says_so(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Study")
    lamp = person.api.add_port(pi, "Lamp")
    pi.send((lamp, 9.5))
    pi.switch_at_the_plug(lamp, "off")
    card = page.get_by_role("article", name="Lamp")
    expect(card).to_contain_text("off: switched at the plug")
    expect(card.get_by_role("switch", name="Lamp")).not_to_be_checked()
    pi.switch_at_the_plug(lamp, "on")
    expect(card.get_by_role("switch", name="Lamp")).to_be_checked()


def test_sensors_have_the_units_that_the_server_says(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Study")
    shown = {"energy": "Wh", "voc": "ppb", "lampState": "", "uptime": "s", "rain": "mm"}
    pi.measure(**dict.fromkeys(shown, 1.0))
    for name, unit in shown.items():
        expect(page.locator(f"[data-sensor={name}] dd span")).to_have_text(unit)
    page.reload()
    expect(page.locator("[data-sensor=energy] dd span")).to_have_text("Wh")


def test_a_button_that_works_says_so_and_takes_no_second_press(person: Person) -> None:
    page = person.page
    go_to(page, "#/pair")
    held = hold(page, "**/api/device/claim/*")
    page.get_by_label("Code").fill("ABCD-2345")
    find = page.get_by_role("button", name="Find my Pi")
    find.click()
    expect(find).to_have_attribute("aria-busy", "true")
    find.click()
    expect(find).to_be_focused()
    assert len(held) == 1
    let_go(page, "**/api/device/claim/*", held)
    expect(page.locator("[data-field=userCode] .error, .error.general").filter(has_text="code")).to_be_visible()
    expect(find).not_to_have_attribute("aria-busy", "true")


def test_a_page_that_waits_for_its_session_is_not_blank(person: Person) -> None:
    page = person.page
    held = hold(page, "**/api/account/refresh")
    page.reload()
    expect(page.get_by_text("One moment…")).to_be_visible()
    let_go(page, "**/api/account/refresh", held)
    expect(page.get_by_text("Find your phantoms")).to_be_visible()


def test_a_server_that_is_gone_is_told_beside_what_is_known(person: Person) -> None:
    page = person.page
    person.api.add_device("Study")
    expect(page.get_by_role("heading", name="Study")).to_be_visible()
    page.route("**/api/**", lambda route: route.abort())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    strip = page.locator(".strip")
    expect(strip).to_contain_text("cannot be reached")
    expect(page.get_by_role("heading", name="Study")).to_be_visible()
    page.unroute("**/api/**")
    strip.get_by_role("button", name="Try again").click()
    expect(strip).to_be_hidden()
