"""A page of another site tries to swap a person's session for the attacker's, or to use it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, Person

FORM = """<!doctype html><title>Prizes</title>
<form method=post enctype=text/plain action="{action}"><input name='{before}' value='{after}'></form>
<script>document.forms[0].submit()</script>"""
FETCH = """<!doctype html><title>Prizes</title><script>
fetch("{action}", {{method: "POST", mode: "{mode}", credentials: "include", body: {body}}})
  .then((answer) => answer.type === "opaque" ? "opaque" : answer.json().then(({{code}}) => code), (error) => error.name)
  .then((said) => document.body.append(said));
</script>"""


class Site:
    """A web server of another origin; it answers each path with the page that a test puts there."""

    def __init__(self, host: str) -> None:
        self.pages: dict[str, str] = {}
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = pages.get(self.path, "").encode()
                self.send_response(200 if content else 404)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://{host}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(params=["127.0.0.1", "localhost"], ids=["same site, another port", "another site"])
def other_site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The stack is at 127.0.0.1: the one differs by its port only, the other by its name too."""
    site = Site(request.param)
    yield site
    site.server.shutdown()
    site.server.server_close()


def log_in_form(action: str, email: str) -> str:
    """A form whose text/plain body is the JSON of a log-in: the = of the one field lies in an unused value of it."""
    before = json.dumps({"email": email, "password": PASSWORD})[:-1] + ', "x": "'
    return FORM.format(action=action, before=before.replace("'", "&#39;"), after='"}')


@pytest.mark.parametrize("path", ["/account/login", "/account/signup"])
def test_a_form_of_another_site_does_not_swap_the_session(
    new_person: Callable[..., Person], base_url: str, other_site: Site, path: str
) -> None:
    victim, attacker = new_person(), new_person()
    email = attacker.email if path == "/account/login" else f"new-{attacker.email}"
    other_site.pages["/"] = log_in_form(f"{base_url}/api{path}", email)
    page = victim.page
    with page.expect_response(f"{base_url}/api{path}") as posted:
        page.goto(f"{other_site.url}/")
    assert posted.value.status == 403
    expect(page.locator("body")).to_contain_text("bad_origin")
    assert signed_in_as(page, base_url) == victim.email


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
@pytest.mark.parametrize("path", ["/account/login", "/account/refresh"])
def test_a_script_of_another_site_neither_swaps_nor_spends_the_session(
    person: Person, base_url: str, other_site: Site, path: str, mode: str
) -> None:
    body = json.dumps(json.dumps({"email": person.email, "password": PASSWORD} if path.endswith("login") else {}))
    other_site.pages["/"] = FETCH.format(action=f"{base_url}/api{path}", mode=mode, body=body)
    window = person.page.context.new_page()
    window.goto(f"{other_site.url}/")
    expect(window.locator("body")).to_contain_text("TypeError")  # an answer that is kept from the script
    assert signed_in_as(person.page, base_url) == person.email


def test_the_page_is_at_home_under_each_name_of_this_machine(open_page: Callable[..., Page], base_url: str) -> None:
    page = open_page()
    page.goto(f"http://localhost:{urlsplit(base_url).port}/")
    page.get_by_role("button", name="Make an account").click()
    page.get_by_label("E-mail").fill("somebody@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.reload()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


WHOSE = """async () => {
  const renewed = await (await fetch("/api/account/refresh", { method: "POST", body: "{}" })).json();
  const account = await fetch("/api/account", { headers: { "x-session-token": renewed.sessionToken } });
  return (await account.json()).email;
}"""


def signed_in_as(page: Page, base_url: str) -> str:
    """Whose session the page's cookie is."""
    page.goto(f"{base_url}/css/base.css")  # of the same origin, and without a page that renews the session itself
    return str(page.evaluate(WHOSE))
