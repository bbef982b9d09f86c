"""`make docs`: a site whose links and anchors all lead somewhere, and whose pages ask no other server."""

from __future__ import annotations

import functools
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mkdocs.exceptions import Abort

from infra.docs_site.__main__ import build
from infra.docs_site.navigation import NAV, navigation
from infra.docs_site.reference import commands_page, settings_page
from infra.local.emulator.template import ROOT
from infra.local.runner.options import SETTINGS

FOREIGN = re.compile(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["'](?:https?:)?//(?!www\.w3\.org)[^"']+""")
LINK_OF_ITS_OWN = re.compile(r"""<link rel=["']?canonical""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site: it fails where a link or an anchor of any page leads nowhere."""
    out = tmp_path_factory.mktemp("site") / "docs"
    build(ROOT, out)
    return out


def test_every_page_is_built_and_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert {"index.html", "docs/pc.html", "device/index.html"} <= {page.relative_to(site).as_posix() for page in pages}
    for page in pages:
        text = page.read_text()
        assert FOREIGN.findall(text) == [], page


@pytest.mark.parametrize("link", ["[x](docs/nowhere.md)", "[x](docs/pc.md#no-such-heading)"])
def test_a_broken_link_or_anchor_fails(tmp_path: Path, link: str) -> None:
    root = tmp_path / "checkout"
    for name in ("docs", "device", "examples"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "ghostwatt_pi"))
    for path in [*ROOT.glob("*.md"), ROOT / "LICENSE", ROOT / "Makefile"]:
        shutil.copyfile(path, root / path.name)
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    with (root / "README.md").open("a") as readme:
        readme.write(f"\n{link}\n")
    with pytest.raises(Abort):
        build(root, tmp_path / "docs")


def test_a_page_that_the_navigation_does_not_know_follows_the_guides() -> None:
    nav = navigation(["README.md", "docs/mqtt.md", "docs/guides/plugs.md", "docs/decisions/0001-x.md"])
    sections = {title: entries for section in nav for title, entries in section.items()}
    assert sections["Guides"] == [{"MQTT": "docs/mqtt.md"}, "docs/guides/plugs.md"]
    assert sections["Start"] == ["README.md"]
    assert len(nav) == len(NAV)


def test_the_reference_has_every_setting_and_command() -> None:
    settings, commands = settings_page(), commands_page(ROOT / "Makefile")
    for name in SETTINGS:
        assert f"| `{name}` |" in settings
    assert "| `--ca-file` | `GHOSTWATT_CA_FILE` | `ca_file` |" in settings
    for command in ("make serve", "make backup", "ghostwatt-pi trust", "ghostwatt-pi replay"):
        assert command in commands
    assert "`--fingerprint SHA256`" in commands
    assert "%(default)" not in settings + commands


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """The site behind a web server."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_page_of_the_api_shows_every_call_without_a_network(address: str) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: the page is not opened")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it is slow to import

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/docs/reference/openapi.html")
        page.get_by_text("/sensor/readings").first.wait_for(state="attached", timeout=60_000)
        browser.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
