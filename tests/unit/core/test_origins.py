from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.origins import BrowserHeaders, Site, normalized_origin, site_of

PUBLIC = "https://home.example"
WEB = "http://localhost:5173"


def site(*origin: str, public: str = PUBLIC, **others: str) -> Site:
    named = {name: (value,) for name, value in others.items()}
    return site_of(BrowserHeaders(origin=origin, **named), public, WEB)


@pytest.mark.parametrize("fetched", [{}, {"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "none"}])
def test_the_page_and_programs_are_at_home(fetched: dict[str, str]) -> None:
    assert site(**fetched) is Site.OWN
    assert site(PUBLIC, **fetched) is Site.OWN
    assert site(referer=f"{PUBLIC}/?code=BCDF", **fetched) is Site.OWN


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_the_page_on_this_machine_is_at_home_whatever_others_use(host: str) -> None:
    assert site(f"http://{host}", host=host) is Site.OWN
    assert site(f"http://{host}", host="home.example") is Site.FOREIGN
    assert site("http://localhost:5174", host=host) is Site.FOREIGN


@pytest.mark.parametrize("host", ["192.168.1.20", "pc.local", "pc", "localhost.evil.example"])
def test_a_page_without_tls_on_another_machine_is_not_the_page_with_tls(host: str) -> None:
    assert site(f"http://{host}", host=host) is Site.FOREIGN


@pytest.mark.parametrize(
    "spelling", ["HTTPS://HOME.EXAMPLE", "https://home.example:443", " https://home.example ", "https://Home.Example"]
)
def test_spellings_of_one_origin_are_one(spelling: str) -> None:
    assert site(spelling) is Site.OWN
    assert site(PUBLIC, public=f"{spelling.strip()}/") is Site.OWN


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "NULL",
        "https://evil.example",
        "http://home.example",
        "https://home.example:8443",
        "https://home.example.",
        "https://home.example.evil.example",
        "https://evil.example/https://home.example",
        "https://evil.example#https://home.example",
        "https://home.example@evil.example",
        "https://home.example/",
        "https://home.example\\@evil.example",
        "https://home.example, https://evil.example",
        "https://evil.example https://home.example",
        "https://sub.home.example",
        "https://h\u00f6me.example",
        "file://",
        "data:text/html,x",
        "chrome-extension://abcdef",
        "home.example",
        "//home.example",
        "https://home.example:99999999",
    ],
)
def test_every_other_origin_is_foreign(origin: str) -> None:
    assert site(origin) is Site.FOREIGN
    assert site(origin, sec_fetch_site="same-origin") is Site.FOREIGN


@pytest.mark.parametrize("fetched", ["cross-site", "same-site", "Cross-Site", "what-ever", "same-origin, cross-site"])
def test_what_a_browser_sends_from_another_site_is_foreign_whatever_else_it_says(fetched: str) -> None:
    assert site(sec_fetch_site=fetched) is Site.FOREIGN
    assert site(PUBLIC, sec_fetch_site=fetched) is Site.FOREIGN
    assert site(referer=PUBLIC, sec_fetch_site=fetched) is Site.FOREIGN


@pytest.mark.parametrize("fetched", ["cross-site", "same-site", "same-origin"])
def test_the_origin_that_cors_allows_is_known_as_such(fetched: str) -> None:
    assert site(WEB, sec_fetch_site=fetched) is Site.ALLOWED
    assert site(WEB) is Site.ALLOWED
    assert site("http://LOCALHOST:5173") is Site.ALLOWED
    assert site("http://localhost:5174") is Site.FOREIGN
    assert site(PUBLIC, public=WEB) is Site.FOREIGN


def test_several_origins_are_no_origin() -> None:
    assert site(PUBLIC, PUBLIC) is Site.FOREIGN
    assert site(PUBLIC, "https://evil.example") is Site.FOREIGN
    assert site("https://evil.example", PUBLIC) is Site.FOREIGN


@pytest.mark.parametrize(
    "referer", ["https://evil.example/", "https://evil.example/https://home.example", "about:blank", "x", ""]
)
def test_an_old_browser_that_sends_only_a_referer_is_told_apart_by_that(referer: str) -> None:
    assert site(referer=referer) is Site.FOREIGN
    assert site(referer=f"{WEB}/page") is Site.ALLOWED


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost:8000", True),
        ("127.0.0.1:8000", True),
        ("192.168.1.5:8000", True),
        ("[::1]:8000", True),
        ("raspberrypi:8000", True),
        ("raspberrypi.local:8000", True),
        ("evil.example:8000", False),
        ("127.0.0.1.evil.example:8000", False),
        ("local:8000", True),
        ("evillocal.example:8000", False),
    ],
)
def test_a_pc_is_at_home_under_each_name_that_no_stranger_can_give_it(host: str, own: bool) -> None:
    here = "http://127.0.0.1:8000"
    assert (site(f"http://{host}", public=here, host=host) is Site.OWN) == (own or f"http://{host}" == here)
    other_port = f"http://{host.removesuffix(':8000')}:5174"
    assert site(other_port, public=here, host=host) is Site.FOREIGN
    assert site(f"http://{host}", public=here, host=host, sec_fetch_site="same-site") is Site.FOREIGN


HOSTILE = st.sampled_from(
    ["null", "https://evil.example", "HTTPS://", "home.example", "https://home.example", "@", ":443"]
)
PARTS = st.lists(HOSTILE | st.text(max_size=5), max_size=4).map("".join)


@given(PARTS, PARTS)
def test_only_the_named_origins_are_not_foreign(origin: str, host: str) -> None:
    found = site_of(BrowserHeaders(origin=(origin,), host=(host,)), PUBLIC, WEB)
    own = {PUBLIC, normalized_origin(f"https://{host}")}
    assert (found is Site.OWN) <= (normalized_origin(origin) in own)
    assert (found is Site.ALLOWED) <= (normalized_origin(origin) == WEB)
