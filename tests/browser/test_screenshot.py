"""README's picture, taken on purpose: a home that was watched for a week, a moment after a cut."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import past
from tests.browser.clients import Api, Pi
from tests.browser.conftest import PASSWORD

DAYS = 7
STEPS = 38  # readings, 15 s apart: just under the ten minutes that make a reading late
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
    soundbar = api.add_port(pi, "Soundbar", kind="audio", policy="cut", thresholdWatts=10, dwellSeconds=300)
    lamp = api.add_port(pi, "Desk lamp", kind="lamp")
    page = open_page(width=1280, height=1200)
    past.log_in(page)
    for step in range(STEPS):
        left = STEPS - step
        idle = left < STEPS * 2 // 3  # the music is over, the soundbar stays on
        pi.send(
            (outlets["Television"], 92 + 4 * math.sin(step / 3)),
            (outlets["Game console"], 118 + 5 * math.cos(step)),
            (outlets["Washing machine"], 1.6 + 0.01 * step),
            (outlets["Fridge"], 84.5 + step % 4 if left < STEPS // 2 else 1.1),
            (soundbar, 5.2 + 0.1 * (step % 3) if idle else 31 + 4 * math.sin(step)),
            (lamp, 9.0 if left < STEPS // 4 else 0.0),
            seconds_ago=left * 15,
        )
        # One push after the other, so that each curve gets each of its points.
        expect(page.get_by_role("article", name="Desk lamp").locator(".spark")).to_have_attribute(
            "data-points", str(step + 1)
        )
    pi.obey(soundbar, "off")
    pi.send(
        (outlets["Television"], 91.3), (outlets["Fridge"], 85.2), (outlets["Washing machine"], 2.0), (soundbar, 0.0)
    )
    expect(page.get_by_text("cut, and the watts fell")).to_be_visible()
    expect(page.get_by_label("Energy and money")).to_contain_text("Saved so far")
    page.mouse.move(0, 0)
    SCREENSHOT.parent.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOT)
