"""Text can be read: each has a contrast of at least 4.5 to 1 to what is behind it, by day and by night."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import past
from tests.browser.clients import Api
from tests.browser.conftest import PASSWORD
from tests.browser.past import fallen_silent, go_to

LEAST = 4.5
"""WCAG 2.2, success criterion 1.4.3, for text of any size."""
FAINT_TEXTS = """least => {
    const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const rgba = (color) => {
        pixel.clearRect(0, 0, 1, 1);
        pixel.fillStyle = color;
        pixel.fillRect(0, 0, 1, 1);
        const [red, green, blue, alpha] = pixel.getImageData(0, 0, 1, 1).data;
        return { light: [red, green, blue].map((value) => value / 255), alpha: alpha / 255 };
    };
    const over = ({ light, alpha }, below) => light.map((value, index) => value * alpha + below[index] * (1 - alpha));
    const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const luminance = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    const behind = (node) => {
        if (!node) return [1, 1, 1];
        const own = rgba(getComputedStyle(node).backgroundColor);
        return own.alpha === 1 ? own.light : over(own, behind(node.parentElement));
    };
    const opacity = (node) => (node ? Number(getComputedStyle(node).opacity) * opacity(node.parentElement) : 1);
    const contrast = (node) => {
        const style = getComputedStyle(node);
        const text = rgba(node instanceof SVGElement ? style.fill : style.color);
        const ground = behind(node);
        const [low, high] = [
            luminance(over({ light: text.light, alpha: text.alpha * opacity(node) }, ground)), luminance(ground),
        ].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    const hasText = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    const counts = (node) => hasText(node) && node.checkVisibility() && !node.closest(":disabled, noscript");
    const faint = new Set();
    let seen = 0;
    for (const node of document.body.querySelectorAll("*")) {
        if (!counts(node)) continue;
        seen += 1;
        const ratio = contrast(node);
        if (ratio < least) faint.add(`${node.tagName} ${ratio.toFixed(2)}: ${node.textContent}`);
    }
    return { seen, faint: [...faint] };
}"""
PAGES = (
    "#/",
    "#/pair",
    "#/energy",
    "#/savings",
    "#/always-on",
    "#/notifications",
    "#/notifications/settings",
    "#/account",
    "#/ports",
)


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A stack with a day behind it."""
    with past.stack_with_a_past(tmp_path_factory.mktemp("day"), 1) as url:
        yield url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(
    open_page: Callable[..., Page], base_url: str, scheme: str
) -> None:
    api = Api(base_url, past.EMAIL, PASSWORD)
    port_id = api.call("GET", "/port/list")["ports"][0]["portId"]
    page = open_page(color_scheme=scheme)
    page.route("**/api/device/list*", fallen_silent)
    past.log_in(page)
    expect(page.get_by_text("offline · last seen")).to_be_visible()
    for address in (*PAGES, f"#/port/{port_id}"):
        go_to(page, address)
        for summary in page.locator("main details:not(.menu, .liveness) > summary:visible").all():
            summary.press("Enter")
        found = page.evaluate(FAINT_TEXTS, LEAST)
        assert found["seen"] > 5, address
        assert found["faint"] == [], address
