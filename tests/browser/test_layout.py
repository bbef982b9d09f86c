"""How the page looks: it fits a phone and can be used by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Person
from tests.browser.past import fallen_silent, go_to

LINES_OF_WHY = """summary => {
    const why = getComputedStyle(summary, "::after");
    return Math.round(parseFloat(why.height) / parseFloat(why.lineHeight));
}"""
LONG_NAME = "Anextraordinarilylongnamewithoutanyblankinitthatnobodywouldgivetoanoutletatall"


def fits(page: Page) -> bool:
    """Whether nothing sticks out sideways."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return not wide


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_scrolls_sideways_on_a_phone(new_person: Callable[..., Person], scheme: str) -> None:
    person = new_person(width=360, height=740, color_scheme=scheme)
    page, pi = person.page, person.api.add_device(LONG_NAME)
    port = person.api.add_port(pi, LONG_NAME, thresholdWatts=10, dwellSeconds=0)
    pi.send((port, 3.0))
    pi.measure(**{LONG_NAME[:64]: 123456.789})
    expect(page.get_by_label("Sensors")).to_be_visible()
    expect(page.get_by_role("link", name="Notifications, 1 unread")).to_be_visible()
    for address in ("#/", "#/pair", "#/notifications", "#/account", "#/ports"):
        go_to(page, address)
        assert fits(page), address
    go_to(page, "#/")
    page.get_by_role("button", name="Add outlet").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert fits(page)


def test_the_way_to_why_is_one_word_on_a_phone(new_person: Callable[..., Person]) -> None:
    person = new_person(width=360, height=740)
    page, pi = person.page, person.api.add_device("Hall")
    pi.send((person.api.add_port(pi, "Fan"), 20.0))
    page.route("**/api/device/list*", fallen_silent)
    page.reload()
    line = page.locator(".liveness summary")
    expect(line).to_contain_text("offline · last seen")
    assert line.evaluate(LINES_OF_WHY) == 1


def test_the_link_of_what_is_shown_is_marked(person: Person) -> None:
    for address, name in (("#/savings", "Energy"), ("#/always-on", "Energy"), ("#/pair", "Home"), ("#/", "Home")):
        go_to(person.page, address)
        marked = person.page.get_by_role("navigation", name="Main").locator("[aria-current=page], [aria-current=true]")
        expect(marked).to_have_accessible_name(name)


def test_a_dialog_closes_with_escape_and_gives_the_focus_back(person: Person) -> None:
    page = person.page
    person.api.add_device("Hall")
    add = page.get_by_role("button", name="Add outlet")
    add.press("Enter")
    expect(page.get_by_role("dialog", name="Add an outlet")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(add).to_be_focused()


def test_a_live_change_leaves_the_focus_where_it_is(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Hall")
    fan = person.api.add_port(pi, "Fan")
    toggle = page.get_by_role("article", name="Fan").get_by_role("switch")
    toggle.focus()
    person.api.add_port(pi, "Lamp")
    pi.send((fan, 33.3))
    expect(page.get_by_role("article", name="Fan")).to_contain_text("33.3W")
    expect(page.get_by_role("article", name="Lamp")).to_be_visible()
    expect(toggle).to_be_focused()
