"""The page and the server name the same kinds of appliances."""

from __future__ import annotations

import json
import re
from pathlib import Path

from chalicelib.detection.phantom import KINDS

WEB = Path(__file__).resolve().parents[2] / "web"
SCRIPT = (WEB / "js" / "kinds.js").read_text()


def listed(name: str) -> list[str]:
    """The strings of an array in the page's script."""
    found = re.search(rf"\b{name} = \[(.*?)\];", SCRIPT, re.DOTALL)
    assert found is not None
    return re.findall(r'"([^"]+)"', found[1])


def mapped(name: str) -> dict[str, str]:
    """An object of strings in the page's script."""
    found = re.search(rf"\b{name} = (\{{.*?\}});", SCRIPT, re.DOTALL)
    assert found is not None
    mapping: dict[str, str] = json.loads(re.sub(r",\s*\}", "}", found[1]))
    return mapping


def test_a_person_can_pick_every_kind_that_the_server_knows() -> None:
    assert sorted(listed("KINDS")) == sorted(KINDS)


def test_the_page_ticks_never_cut_for_the_kinds_that_the_server_never_cuts() -> None:
    assert set(listed("NEVER_CUT_KINDS")) == {name for name, kind in KINDS.items() if kind.never_cut}


def test_every_kind_has_an_icon() -> None:
    icons = set(re.findall(r'<symbol id="([^"]+)"', (WEB / "img" / "icons.svg").read_text()))
    borrowed = mapped("ICONS")
    assert {borrowed.get(kind, kind.replace(" ", "-")) for kind in listed("KINDS")} <= icons
