"""README's picture, taken on purpose: a home that was watched for a week, a moment after a cut."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import past
from tests.browser.clients import Api, Pi
from tests.browser.conftest import PASSWORD

DAYS = 7
STEPS = 24
STEP_SECONDS = 12  # in all just under the five minutes that a curve begins with
SCREENSHOT = Path(__file__).parents[2] / "docs" / "screenshot.png"


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A stack with a week behind it."""
    with past.stack_with_a_past(tmp_path_factory.mktemp("week"), DAYS) as url:
        yield url


@pytest.mark.skipif(os.environ.get("SCREENSHOT") != "1", reason="taken on purpose: SCREENSHOT=1")
def test_the_screenshot_of_readme(open_page: Callable[..., Page], base_url: str) -> None:
    api, pi = Api(base_url, past.EMAIL, PASSWORD), Pi(f"{base_url}/api")
    pi.device_id = past.DEVICE_ID
    pi.use(api.call("POST", f"/device/{pi.device_id}/key", {})["apiKey"])
    api.call("PATCH", f"/device/{pi.device_id}", {"name": "Living room"})
    outlets = {port["name"]: port["portId"] for port in api.call("GET", "/port/list")["ports"]}
    soundbar = api.add_port(pi, "Soundbar", kind="audio", policy="cut", thresholdWatts=10, dwellSeconds=180)
    lamp = api.add_port(pi, "Desk lamp", kind="lamp")
    for left in range(STEPS, 0, -1):
        idle = left < STEPS * 3 // 4  # the music is over, the soundbar stays on
        pi.send(
            (outlets["Television"], 92 + 4 * math.sin(left / 3)),
            (outlets["Game console"], 118 + 5 * math.cos(left)),
            (outlets["Washing machine"], 2.0 - 0.01 * left),
            (outlets["Fridge"], 84.5 + left % 4 if left < STEPS // 2 else 1.1),
            (soundbar, 5.2 + 0.1 * (left % 3) if idle else 31 + 4 * math.sin(left)),
            (lamp, 9.0 if left < STEPS // 4 else 0.0),
            seconds_ago=left * STEP_SECONDS,
        )
    pi.obey(soundbar, "off")
    pi.send(
        (outlets["Television"], 91.3), (outlets["Fridge"], 85.2), (outlets["Washing machine"], 2.0), (soundbar, 0.0)
    )
    page = open_page(width=1280, height=1000)
    past.log_in(page)
    expect(page.get_by_text("cut, and the power dropped")).to_be_visible()
    for curve in page.get_by_role("article").locator(".spark").all():
        expect(curve).to_have_attribute("data-points", re.compile(r"\d\d"))
    expect(page.get_by_label("Energy and money").get_by_text("Saved so far")).to_be_visible()
    page.mouse.move(0, 0)
    SCREENSHOT.parent.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOT)
