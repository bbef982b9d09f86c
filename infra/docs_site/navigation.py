"""The order of the pages. A guide or page that is not named here is added by itself, so that none is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Nav = list[dict[str, Any]]
NAV: Nav = [
    {"Start": ["README.md", {"On a PC at home": "docs/pc.md"}, {"When something fails": "docs/troubleshooting.md"}]},
    {
        "Guides": [
            {"Raspberry Pi": "device/README.md"},
            {"Home Assistant": "docs/home-assistant.md"},
            {"Grafana": "docs/grafana.md"},
            {"MQTT": "docs/mqtt.md"},
            {"AWS": "docs/deploy.md"},
        ]
    },
    {
        "Reference": [
            {"All calls": "docs/api.md"},
            {"Fields of each call": "docs/reference/README.md"},
            {"Settings": "docs/reference/settings.md"},
            {"Commands": "docs/reference/commands.md"},
            {"Limits": "docs/limits.md"},
        ]
    },
    {"How it decides": [{"The detector": "docs/detector.md"}, {"Figures": "docs/benchmarks.md"}]},
    {
        "Operate": [
            {"A PC on a network": "docs/network.md"},
            {"The data folder": "docs/data-on-a-pc.md"},
            {"Take your data with you": "docs/export.md"},
            {"The emulator of AWS": "docs/emulator.md"},
            "SECURITY.md",
            "CHANGELOG.md",
        ]
    },
    {"Contribute": ["CONTRIBUTING.md", "ARCHITECTURE.md", {"Decisions": "docs/decisions/README.md"}]},
]
GUIDES, DECISIONS = "Guides", "docs/decisions/"


def navigation(pages: Iterable[str]) -> Nav:
    """Return the navigation of these pages.

    Args:
        pages: The paths of all Markdown files of the site.

    Returns:
        The sections of NAV, without pages that do not exist. Pages that are named nowhere follow the guides, except
        single decisions, which their own list names.
    """
    there = set(pages)
    named = {path for section in NAV for path in _paths(section)}
    others = sorted(path for path in there - named if not path.startswith(DECISIONS))
    nav: Nav = []
    for section in NAV:
        ((title, entries),) = section.items()
        kept = [entry for entry in entries if set(_paths(entry)) <= there]
        nav.append({title: kept + (others if title == GUIDES else [])})
    return nav


def _paths(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, dict):
        for value in entry.values():
            yield from _paths(value)
    else:
        for part in entry:
            yield from _paths(part)
