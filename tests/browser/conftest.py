"""The whole stack, Debian's Chromium, and people who use the page in windows of their own.

Both end with the last test of this folder that a worker runs. Playwright keeps an event loop running in the main
thread while it is open: no other test's code could use one there.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from infra.local.runner.process import RunningStack, running_stack
from tests.browser.clients import Api

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",  # the tests run as root in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = (1280, 900)
WAIT_MS = 45_000
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, a window of the page, and a session of the API beside it."""

    email: str
    page: Page
    api: Api


@pytest.fixture(scope="package")
def base_url(stack: RunningStack) -> str:
    """Where the stack answers."""
    return stack.base_url


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The whole stack."""
    options = (
        "--sweep-seconds",
        "2",
    )  # the schedule also delivers notifications: nobody wants to wait a minute for one
    environment = {"WEBHOOK_ALLOW_PRIVATE": "yes"}  # to a receiver of the tests' own
    with running_stack(tmp_path_factory.mktemp("stack"), 0, *options, environment=environment) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; windows of different people share nothing.

    The shell without windows of its own is the same engine, and opens a page for half the work.
    """
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert chromium, "Chromium is missing: make test installs it, or apt-get install chromium-headless-shell"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        expect.set_options(timeout=WAIT_MS)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser, base_url: str) -> Iterator[Callable[..., Page]]:
    """Open a new window with storage of its own; in the end nothing may have gone wrong in any of them."""
    contexts, problems = [], []

    def heard(message: ConsoleMessage) -> None:
        # Chromium itself logs each 4xx answer; that a form was refused is no fault of the page.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            problems.append(message.text)

    def opened(width: int = DESKTOP[0], height: int = DESKTOP[1], path: str = "/", **options: str) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]  # options are colour schemes and such
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(base_url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def sign_up(page: Page) -> str:
    """Make an account through the form; returns its e-mail address."""
    email = f"{secrets.token_hex(6)}@example.org"
    page.get_by_role("button", name="Make an account").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    return email


@pytest.fixture
def new_person(open_page: Callable[..., Page], base_url: str) -> Callable[..., Person]:
    """Somebody new, signed up and connected live."""

    def made(**options: object) -> Person:
        page = open_page(**options)
        email = sign_up(page)
        expect(page.get_by_text("live", exact=True)).to_be_visible()
        return Person(email, page, Api(base_url, email, PASSWORD))

    return made


@pytest.fixture
def person(new_person: Callable[..., Person]) -> Person:
    """One such person at a desktop."""
    return new_person()
