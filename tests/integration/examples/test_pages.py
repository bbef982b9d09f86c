"""The pages in examples/ and the React hook, in a real browser, served from the origin that the stack allows."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from infra.local.emulator.template import ROOT
from tests.browser.conftest import CHROMIUM_FLAGS, WAIT_MS
from tests.conftest import Call, Person
from tests.integration.examples.conftest import EXAMPLES, Place, Run

MODULES = {
    "scheduler": "scheduler/cjs/scheduler.production.js",
    "react": "react/cjs/react.production.js",
    "react-dom": "react-dom/cjs/react-dom.production.js",
    "react-dom/client": "react-dom/cjs/react-dom-client.production.js",
}
TRANSPILE = """
    const typescript = require("typescript");
    const options = {compilerOptions: {module: "commonjs", target: "es2022"}};
    console.log(typescript.transpileModule(require("fs").readFileSync(0, "utf8"), options).outputText);
"""
SHOW_DEVICES = """
    ({sources, api, sessionToken}) => {
        const loaded = {};
        const require = (name) => {
            if (!(name in loaded)) {
                const module = {exports: {}};
                loaded[name] = module.exports;
                new Function("module", "exports", "require", sources[name])(module, module.exports, require);
                loaded[name] = module.exports;
            }
            return loaded[name];
        };
        const {createElement} = require("react");
        const Devices = () => JSON.stringify(require("hook").useLiveDevices(api, sessionToken));
        const place = document.body.appendChild(document.createElement("main"));
        window.root = require("react-dom/client").createRoot(place);
        window.root.render(createElement(Devices));
    }
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing: make test installs it, or apt-get install chromium"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        expect.set_options(timeout=WAIT_MS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    opened.set_default_timeout(WAIT_MS)
    yield opened
    opened.close()


def test_the_registration_page_signs_up_and_shows_the_key(place: Place, page: Page, call: Call) -> None:
    page.goto(f"{place.page_url}/{place.copy('registration.html').name}")
    device_id = f"my-{secrets.token_hex(6)}"
    page.get_by_label("E-mail").fill(f"{secrets.token_hex(6)}@example.org")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_label("Device id").fill(device_id)
    page.get_by_role("button", name="Sign up and register").click()
    result = page.get_by_role("status")
    expect(result).to_contain_text("Registered")
    key = result.inner_text().rpartition(" ")[2]
    assert call("POST", "/device/heartbeat", {}, Authorization=f"Device {key}").status == 200
    page.get_by_label("Password").fill("wrong horse")
    page.get_by_role("button", name="Log in and register").click()
    expect(result).to_contain_text("Not registered")


def test_the_pairing_page_hands_a_device_its_key(place: Place, page: Page, run: Run, person: Person) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    changes = {"port=5000": f"port={port}", "http://localhost:5173": place.page_url}
    script = run([sys.executable, str(place.copy("device.py", changes))])
    script.hear("Running on")
    page.goto(f"{place.page_url}/{place.copy('device-pairing.html').name}")
    page.get_by_label("Device's address").fill(f"http://localhost:{port}")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Pair").click()
    expect(page.get_by_role("status")).to_contain_text("is paired")
    script.hear("heartbeat: 200")
    (device,) = person.call("GET", "/devices").body
    assert (device["name"], device["status"]) == ("Living room", "online")


def test_the_react_hook_shows_what_the_devices_say(place: Place, page: Page, person: Person) -> None:
    node = shutil.which("node")
    assert node
    device = person.device("Greenhouse")
    hook = (EXAMPLES / "useLiveDevices.ts").read_text()
    transpiled = subprocess.run(
        [node, "-e", TRANSPILE], input=hook, cwd=ROOT, capture_output=True, text=True, check=True
    )
    sources = {name: (ROOT / "node_modules" / path).read_text() for name, path in MODULES.items()}
    page.goto(f"{place.page_url}/{place.copy('registration.html').name}")
    api = f"{place.stack.base_url}/api"
    told = {"sources": sources | {"hook": transpiled.stdout}, "api": api, "sessionToken": person.token}
    page.evaluate(SHOW_DEVICES, told)
    expect(page.locator("main")).to_contain_text("Greenhouse")
    device.call("POST", "/device/data", {"sensors": {"temperature": 19.25, "name": 4}})
    expect(page.locator("main")).to_contain_text("19.25")
    (shown,) = json.loads(page.locator("main").inner_text())
    assert (shown["device_id"], shown["name"], shown["temperature"]) == (device.device_id, "Greenhouse", 19.25)
    page.evaluate("window.root.unmount()")
