"""Which site a request comes from, when a browser sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalice.app import Request

from chalicelib.core.origins import BrowserHeaders, Site, site_of
from chalicelib.core.settings import settings


def caller_site(request: Request) -> Site:
    """The site that a request comes from: the page's own, the one that CORS allows, or a foreign one."""
    values = _all_values(request.to_original_event())
    headers = BrowserHeaders(
        origin=values.get("origin", ()),
        sec_fetch_site=values.get("sec-fetch-site", ()),
        referer=values.get("referer", ()),
        host=values.get("host", ()),
    )
    return site_of(headers, settings().public_url, settings().web_origin)


def _all_values(event: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """All values of each header by its name in lower case: a second Origin must not hide behind the first."""
    several: Mapping[str, Sequence[str]] = event.get("multiValueHeaders") or {}
    single: Mapping[str, str] = event.get("headers") or {}
    pairs = several.items() or ((name, [value]) for name, value in single.items())
    return {name.lower(): values for name, values in pairs}
