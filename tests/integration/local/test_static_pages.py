from __future__ import annotations

import http.client
from pathlib import Path

import pytest
import requests

from infra.local.emulator import template
from infra.local.emulator.static_pages import Pages, page_headers
from infra.local.runner.bootstrap import PAGE_DIRECTORY
from tests.integration.local.conftest import Serve

HEADERS = page_headers(template.load({"Stage": "local"}))


@pytest.fixture
def port(serve: Serve, tmp_path: Path) -> int:
    page = tmp_path / "web"
    page.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (page / "index.html").write_text("<!doctype html>hello")
    (page / "views.json").write_text('{"/login": "#/", "/pairing.html": "#/pair"}')
    (page / "main.js").write_text("export {};")
    (page / "link.txt").symlink_to(tmp_path / "secret.txt")
    return serve(Pages(page, HEADERS))


def test_the_root_is_the_index(port: int) -> None:
    answer = requests.get(f"http://127.0.0.1:{port}/", timeout=60)

    assert answer.text.endswith("hello")
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/login", "/pairing.html"])
def test_the_addresses_of_the_guides_are_the_page_too(port: int, path: str) -> None:
    answer = requests.get(f"http://127.0.0.1:{port}{path}?code=ABCD-2345", timeout=60)
    assert (answer.status_code, answer.text) == (200, "<!doctype html>hello")
    assert answer.headers["Content-Type"].startswith("text/html")


def test_modules_have_the_type_that_browsers_demand(port: int) -> None:
    assert "javascript" in requests.get(f"http://127.0.0.1:{port}/main.js", timeout=60).headers["Content-Type"]


@pytest.mark.parametrize("path", ["/", "/main.js", "/nothing"])
def test_every_answer_carries_the_security_headers_even_a_refusal(port: int, path: str) -> None:
    headers = requests.get(f"http://127.0.0.1:{port}{path}", timeout=60).headers

    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers  # plain HTTP


def test_the_same_file_again_costs_a_304_and_a_changed_one_is_seen(port: int, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{port}/main.js"
    tag = requests.get(url, timeout=60).headers["ETag"]
    same = requests.get(url, headers={"If-None-Match": tag}, timeout=60)
    (tmp_path / "web" / "main.js").write_text("export const changed = true;")
    changed = requests.get(url, headers={"If-None-Match": tag}, timeout=60)

    assert (same.status_code, same.headers["Cache-Control"]) == (304, "no-cache")
    assert "changed" in changed.text


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/js/../../secret.txt", "/link.txt", "/%00"]
)
def test_nothing_outside_the_page_is_served(port: int, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)  # as it is: other clients tidy the path up before they send it
    answer = connection.getresponse()
    body = answer.read()
    connection.close()

    assert answer.status == 404
    assert b"secret" not in body


def test_the_page_of_the_project_keeps_to_its_own_policy() -> None:
    for page in PAGE_DIRECTORY.rglob("*.html"):
        text = page.read_text()
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick=" not in text
        assert "<script>" not in text
