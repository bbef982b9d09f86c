"""A home with a past: days that the demo's household lived through, and its owner, who logs in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from infra.local.emulator.template import ROOT
from infra.local.runner.process import running_stack
from tests.browser.conftest import PASSWORD

EMAIL = "past@example.org"
DEVICE_ID = "GW-past1"
SHOW = """address => new Promise((shown) => {
    addEventListener("hashchange", () => shown(), { once: true });
    location.hash = address;
})"""


@contextmanager
def stack_with_a_past(data: Path, days: int) -> Iterator[str]:
    """Where a stack answers in which the account EMAIL has a device whose outlets were measured for so many days."""
    who = ["--email", EMAIL, "--password", PASSWORD, "--device-id", DEVICE_ID]
    command = [sys.executable, "-m", "infra.local.demo.history", "--data", str(data), "--days", str(days), *who]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with running_stack(data) as stack:
        yield stack.base_url


def log_in(page: Page) -> None:
    """Log in as the person with a past."""
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("live", exact=True)).to_be_visible()


def go_to(page: Page, address: str) -> None:
    """Open a view and wait until all of it was fetched."""
    if page.evaluate("location.hash") != address:
        page.evaluate(SHOW, address)
    expect(page.get_by_role("main").get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".loader:visible[aria-busy=true]")).to_have_count(0)


def fallen_silent(route: Route) -> None:
    """The list of devices as it will be once they are offline, which takes minutes: what they last sent looks faded."""
    answer = route.fetch().json()
    for device in answer["devices"]:
        device["status"] = device["liveness"]["state"] = "offline"
    route.fulfill(json=answer)
