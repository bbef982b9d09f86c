"""Which files are generated, and by which function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from infra.generate.api_page import api_page
from infra.generate.guides import guides
from infra.generate.page_facts import facts_script
from infra.generate.page_types import contract_types
from infra.generate.version import version_module

ROOT = Path(__file__).resolve().parents[2]
FILES: Mapping[str, Callable[[], str]] = {
    "chalicelib/core/version.py": version_module,
    "docs/api.md": api_page,
    "device/ghostwatt_pi/version.py": version_module,
    "web/js/generated/facts.js": facts_script,
    "web/js/generated/contract.d.ts": contract_types,
    **guides(),
}
"""From a path in this checkout to the function that returns the file's text."""
