"""The page with every field of every call: Redoc from npm, with the OpenAPI document inside; it loads nothing else."""

from __future__ import annotations

import html
import json
from pathlib import Path

import app  # noqa: F401  # registers the routes
from chalicelib.core import openapi

BUNDLE = Path("node_modules/redoc/bundles/redoc.standalone.js")
FOREIGN_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"
"""Redoc shows its maker's logo from there; a page of this site asks no other."""
NO_PICTURE = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"
PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ margin: 0 }}</style>
<div id="reference"></div>
<script type="application/json" id="contract">{document}</script>
<script src="redoc.standalone.js"></script>
<script>
  const contract = JSON.parse(document.getElementById("contract").textContent);
  Redoc.init(contract, {{ disableSearch: false, hideDownloadButton: true }}, document.getElementById("reference"));
</script>
</html>
"""


class MissingBundle(Exception):
    """Redoc is not installed."""


def write_api_reference(folder: Path, root: Path) -> None:
    """Write the page, its script and the document into a folder. Raises MissingBundle."""
    bundle = root / BUNDLE
    if not bundle.exists():
        raise MissingBundle(f"{bundle} is missing: run make install.")
    contract = openapi.document()
    script = bundle.read_text(encoding="utf-8").replace(FOREIGN_LOGO, NO_PICTURE)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "redoc.standalone.js").write_text(script, encoding="utf-8")
    (folder / "openapi.json").write_text(json.dumps(contract, indent=2), encoding="utf-8")
    inside = json.dumps(contract).replace("<", "\\u003c")
    title = html.escape(str(contract["info"]["title"]))
    (folder / "openapi.html").write_text(PAGE.format(title=title, document=inside), encoding="utf-8")
