"""The generated files say what the code says."""

from __future__ import annotations

import re

import pytest

from infra.generate.files import FILES, ROOT
from infra.generate.guides import examples_of, guides
from infra.generate.page_types import TOOL


@pytest.mark.parametrize("path", FILES)
def test_a_generated_file_is_fresh(path: str) -> None:
    if path.endswith(".d.ts") and not TOOL.exists():
        pytest.skip("openapi-typescript is missing: run make install")
    assert (ROOT / path).read_text() == FILES[path](), "stale: run make generate"


def test_each_example_is_shown_in_one_guide() -> None:
    shown = sorted(path for guide in guides() for path in examples_of((ROOT / guide).read_text()))
    assert shown == sorted(str(path.relative_to(ROOT)) for path in (ROOT / "examples").iterdir() if path.is_file())


def test_every_kind_of_appliance_has_an_icon() -> None:
    facts = (ROOT / "web" / "js" / "generated" / "facts.js").read_text()
    kinds = re.findall(r'\{"name": "([^"]+)"', facts)
    script = (ROOT / "web" / "js" / "pages" / "common" / "appliance_kinds.js").read_text()
    shared = dict(re.findall(r'"([^"]+)": "([^"]+)"', script[script.index("const ICONS") :]))
    icons = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "web" / "img" / "icons.svg").read_text()))
    assert kinds
    assert {shared.get(kind, kind.replace(" ", "-")) for kind in kinds} <= icons
