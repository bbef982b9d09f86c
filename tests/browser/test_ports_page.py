"""The page of ports: a person takes id, token and ready lines from it, and the lines work as they stand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, Person, sign_up
from tests.browser.past import go_to
from tests.conftest import eventually


def clipboard(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


@pytest.fixture
def page(person: Person) -> Page:
    person.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return person.page


def test_id_token_and_lines_are_copied_and_the_lines_send_a_reading(person: Person, page: Page) -> None:
    pi = person.api.add_device("Hall")
    port_id = person.api.add_port(pi, "Fan")
    go_to(page, "#/ports")
    card = page.get_by_role("article", name="Fan")
    expect(card).to_contain_text("Hall, channel 1")
    card.get_by_role("button", name="Copy the id of Fan").click()
    expect(page.get_by_text("Copied.", exact=True)).to_be_visible()
    assert clipboard(page) == port_id
    expect(card).to_contain_text("DEVICE_TOKEN")

    card.get_by_role("button", name="Make a token").click()
    dialog = page.get_by_role("dialog", name="A token for the ports of Hall")
    expect(dialog).to_contain_text("when it is first used")
    dialog.get_by_role("button", name="Make the token").click()
    token = dialog.get_by_label("The new token").input_value()
    dialog.get_by_role("button", name="Copy").click()
    assert clipboard(page) == token
    dialog.get_by_role("button", name="Done").click()
    expect(card).not_to_contain_text("DEVICE_TOKEN")

    shell = shutil.which("sh")
    assert shell
    for language, command in (("With curl", [shell, "-c"]), ("With Python", [sys.executable, "-c"])):
        card.get_by_role("button", name=f"Copy the lines for Fan: {language}").click()
        eventually(lambda: "sensor/reading" in clipboard(page), "the lines are copied")
        done = subprocess.run([*command, clipboard(page)], capture_output=True, text=True, timeout=60, check=True)
        assert '"Reading stored"' in done.stdout.replace("'", '"'), done
    stored = person.api.call("GET", f"/port/{port_id}/history")["readings"]
    assert [reading["power"] for reading in stored] == [92, 92]


def test_the_token_is_gone_once_the_page_is_left(person: Person, page: Page) -> None:
    person.api.add_port(person.api.add_device("Hall"), "Fan")
    go_to(page, "#/ports")
    card = page.get_by_role("article", name="Fan")
    card.get_by_role("button", name="Make a token").click()
    page.get_by_role("button", name="Make the token").click()
    page.get_by_role("button", name="Done").click()
    expect(card).to_contain_text("just made")
    go_to(page, "#/account")
    page.get_by_role("link", name="Ids and tokens for scripts").click()
    expect(card).to_contain_text("DEVICE_TOKEN")


def test_whoever_makes_a_token_learns_first_that_something_sends_already(person: Person, page: Page) -> None:
    pi = person.api.add_device("Hall")
    port_id = person.api.add_port(pi, "Fan")
    pi.send((port_id, 20.0))
    eventually(lambda: person.api.call("GET", f"/device/{pi.device_id}")["device"]["lastSeen"], "it was seen")
    page.reload()
    go_to(page, "#/ports")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_role("dialog")).to_contain_text("Something sends for this device already")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    pi.send((port_id, 21.0))


def test_without_ports_the_page_says_how_to_get_one(page: Page) -> None:
    go_to(page, "#/ports")
    expect(page.get_by_text("There are no ports yet")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/login", "Find your phantoms"),
        ("/devices", "Find your phantoms"),
        ("/ports", "Ports"),
        ("/device-pairing.html", "Pair a Pi"),
    ],
)
def test_the_addresses_of_the_guides_lead_to_their_view(
    open_page: Callable[..., Page], path: str, heading: str
) -> None:
    page = open_page(path=path)
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    sign_up(page)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    assert page.evaluate("location.pathname") == "/"
    assert PASSWORD not in page.url


def test_a_code_in_the_address_is_kept(open_page: Callable[..., Page]) -> None:
    page = open_page(path="/device-pairing.html?code=ABCD-2345")
    expect(page.get_by_text("ABCD-2345")).to_be_visible()
    sign_up(page)
    expect(page.get_by_label("Code")).to_have_value("ABCD-2345")
