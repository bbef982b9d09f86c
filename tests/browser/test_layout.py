"""How the page looks: it fits a phone, can be used by keyboard, and README's picture is taken here."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.clients import Pi
from tests.browser.conftest import Person

LONG_NAME = "Anextraordinarilylongnamewithoutanyblankinitthatnobodywouldgivetoanoutletatall"
STEPS = 38  # readings of README's picture, 15 s apart: just under the ten minutes that make a reading late
SCREENSHOT = Path(__file__).parents[2] / "docs" / "screenshot.png"


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
    for address in ("#/", "#/pair", "#/notifications", "#/account"):
        page.evaluate("address => { location.hash = address }", address)
        expect(page.get_by_role("main").get_by_role("heading", level=1)).to_be_visible()
        assert fits(page), address
    page.evaluate("location.hash = '#/'")
    page.get_by_role("button", name="Add outlet").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert fits(page)


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


@pytest.mark.skipif(os.environ.get("SCREENSHOT") != "1", reason="taken on purpose: SCREENSHOT=1")
def test_the_screenshot_of_readme(new_person: Callable[..., Person]) -> None:
    person = new_person(width=1280, height=800)
    page, pi = person.page, person.api.add_device("Living room")
    television, console, fridge, washer = _outlets(person, pi)
    for step in range(STEPS):
        left = STEPS - step
        idle = left < STEPS * 2 // 3  # the game is over, the console stays on
        pi.send(
            (television, 92 + 4 * math.sin(step / 3)),
            (console, 8.2 + 0.1 * (step % 3) if idle else 118 + 5 * math.cos(step)),
            (fridge, 84.5 + step % 4 if left < STEPS // 2 else 1.1),
            (washer, 1.6 + 0.01 * step),
            seconds_ago=left * 15,
        )
        # One push after the other, so that each curve gets each of its points.
        expect(page.get_by_role("article", name="Washing machine").locator(".spark")).to_have_attribute(
            "data-points", str(step + 1)
        )
    pi.obey(console, "off")
    pi.send((television, 91.3), (console, 0.0), (fridge, 85.2), (washer, 2.0))
    expect(page.get_by_text("cut, and the watts fell")).to_be_visible()
    SCREENSHOT.parent.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOT)


def _outlets(person: Person, pi: Pi) -> list[str]:
    add = partial(person.api.add_port, pi, thresholdWatts=10)
    return [
        add("Television", kind="television", policy="cut"),
        add("Game console", kind="console", policy="cut", dwellSeconds=300),
        add("Fridge", kind="fridge or freezer", neverCut=True),
        add("Washing machine", kind="washing machine"),
    ]
