"""The account on the page: links by mail, and what asks for more than a password."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from chalicelib.accounts.second_factor import STEP_MS, totp_code
from infra.local.runner.process import RunningStack
from tests.browser.conftest import PASSWORD, Person
from tests.browser.test_settings import section, visit
from tests.conftest import eventually, now_ms

NEW_PASSWORD = "a green lamp in the hall"
Mailed = Callable[..., str]


@pytest.fixture
def mailed(stack: RunningStack) -> Mailed:
    """The address of the page that stands in a mail: of whom, and what it is for."""

    def link(to: str, purpose: str, number: int = 1) -> str:
        found: list[str] = []

        def look() -> bool:
            found[:] = [path for mail in mails(stack.data_dir / "mail", to) for path in links(mail, purpose)]
            return len(found) >= number

        eventually(look, f"a mail to {purpose}")
        return found[-1]

    return link


def mails(directory: Path, to: str) -> list[str]:
    """The texts of the mails to somebody, the oldest first."""
    files = sorted(directory.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    parsed = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]
    return [message.get_content() for message in parsed if message["To"] == to]


def links(text: str, purpose: str) -> list[str]:
    return re.findall(rf"http://\S+?(/#/{purpose}/\S+)", text)


def test_an_address_is_confirmed_by_the_link_that_was_mailed(
    person: Person, mailed: Mailed, open_page: Callable[..., Page]
) -> None:
    page = person.page
    visit(page, "#/account")
    expect(section(page, "Confirm your e-mail address")).to_contain_text(person.email)
    page.get_by_role("button", name="Send the link again").click()
    expect(page.get_by_text("The link is on its way.")).to_be_visible()
    elsewhere = open_page(path=mailed(person.email, "confirm", 2))
    assert not person.api.call("GET", "/account")["emailConfirmed"], "the visit alone confirms nothing"
    elsewhere.get_by_role("button", name="Confirm").click()
    expect(elsewhere.get_by_role("heading", name="Your address is confirmed.")).to_be_focused()
    page.reload()
    expect(page.get_by_role("heading", name="Money, time and readings")).to_be_visible()
    expect(section(page, "Confirm your e-mail address")).to_have_count(0)


def test_a_forgotten_password_is_replaced_by_the_link_that_is_mailed(
    person: Person, mailed: Mailed, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    page.get_by_role("button", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_role("status").filter(has_text="a link is on its way")).to_be_visible()
    address = mailed(person.email, "reset")
    page.evaluate("address => { location.hash = address.slice(1) }", address)
    page.get_by_label("New password").fill("password")
    page.get_by_role("button", name="Save the password").click()
    expect(page.get_by_label("New password")).to_be_focused()
    expect(page.get_by_text("easy to guess. Use")).to_be_visible()
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Save the password").click()
    expect(page.get_by_role("heading", name="Your password is changed.")).to_be_focused()
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert").filter(has_text="password is wrong")).to_be_visible()
    page.get_by_label("Password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    visit(page, "#/account")
    expect(page.get_by_role("heading", name="Money, time and readings")).to_be_visible()
    expect(section(page, "Confirm your e-mail address")).to_have_count(0)


def test_a_link_that_was_used_says_so(open_page: Callable[..., Page]) -> None:
    for purpose, button in (("confirm", "Confirm"), ("reset", "Save the password")):
        page = open_page(path=f"/#/{purpose}/YW5uQGV4YW1wbGUub3Jn.{'A' * 43}")
        if purpose == "reset":
            page.get_by_label("New password").fill(NEW_PASSWORD)
        page.get_by_role("button", name=button).click()
        expect(page.get_by_text("This link was used already, or is too old")).to_be_visible()


def test_two_step_log_in_is_set_up_asked_for_and_switched_off(person: Person, open_page: Callable[..., Page]) -> None:
    page = person.page
    visit(page, "#/account")
    page.get_by_role("button", name="Set it up…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your password").fill(PASSWORD)
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("img", name="QR code")).to_be_visible()
    dialog.get_by_text("Without a camera").click()
    secret = dialog.get_by_label("The secret").input_value()
    dialog.get_by_role("textbox", name="Code").fill("000000" if code(secret) != "000000" else "000001")
    dialog.get_by_role("button", name="Switch it on").click()
    expect(dialog.get_by_role("textbox", name="Code")).to_be_focused()
    dialog.get_by_role("textbox", name="Code").fill(code(secret))
    dialog.get_by_role("button", name="Switch it on").click()
    expect(dialog.get_by_role("heading", name="Your recovery codes")).to_be_focused()
    recovery = dialog.get_by_role("listitem").all_text_contents()
    dialog.get_by_role("button", name="I have them").click()
    card = section(page, "Two-step log-in")
    expect(card).to_contain_text("It is on. 10 recovery codes are left.")
    assert recovery[0] not in page.content()

    elsewhere = open_page()
    expect(elsewhere.get_by_role("textbox", name="Code", include_hidden=True)).to_be_hidden()
    elsewhere.get_by_label("E-mail").fill(person.email)
    elsewhere.get_by_label("Password").fill(PASSWORD)
    elsewhere.get_by_role("button", name="Log in").click()
    expect(elsewhere.get_by_role("textbox", name="Code", include_hidden=True)).to_be_focused()
    elsewhere.get_by_role("textbox", name="Code", include_hidden=True).fill(recovery[0].lower())
    elsewhere.get_by_role("button", name="Log in").click()
    expect(elsewhere.get_by_role("navigation", name="Main")).to_be_visible()

    card.get_by_role("button", name="Switch it off…").click()
    dialog.get_by_label("Your password").fill(PASSWORD)
    dialog.get_by_role("textbox", name="Code").fill(recovery[0])
    dialog.get_by_role("button", name="Switch it off").click()
    expect(dialog.get_by_text("This code is wrong, or was used already")).to_be_visible()
    dialog.get_by_role("textbox", name="Code").fill(recovery[1])
    dialog.get_by_role("button", name="Switch it off").click()
    expect(card.get_by_role("button", name="Set it up…")).to_be_visible()


def code(secret: str) -> str:
    """What an authenticator app shows now."""
    return totp_code(secret, now_ms() // STEP_MS)
