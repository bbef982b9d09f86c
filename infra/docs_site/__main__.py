"""python -m infra.docs_site: build the site into build/docs; a broken link or anchor fails it."""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from infra.docs_site.api_reference import MissingBundle, write_api_reference
from infra.docs_site.navigation import navigation
from infra.docs_site.reference import commands_page, settings_page
from infra.local.emulator.template import ROOT

COPIED = ("*.md", "LICENSE", "docs/**/*", "device/README.md", "device/arduino/**/*", "examples/**/*")
"""What the site is made of; the folders stay as they are, so that links between files stay right."""
REFERENCE = """\
# Fields of each call

[Every call with all its fields](openapi.html) is a page of its own, which works without a network. Programs read the
same in [openapi.json](openapi.json). A running Ghostwatt serves it at `/api/openapi.json`.
"""


def build(root: Path, out: Path) -> None:
    """Build the site.

    Args:
        root: The checkout.
        out: The folder for the site, which is made anew. Beside it lies the folder of its sources.

    Raises:
        MissingBundle: Redoc is not installed.
        mkdocs.exceptions.Abort: A link or an anchor leads nowhere.
    """
    source = out.with_name(f"{out.name}-source")
    for folder in (out, source):
        shutil.rmtree(folder, ignore_errors=True)
    for path in _copied(root):
        target = source / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    reference = source / "docs/reference"
    write_api_reference(reference, root)
    (reference / "README.md").write_text(REFERENCE)
    (reference / "settings.md").write_text(settings_page())
    (reference / "commands.md").write_text(commands_page(root / "Makefile"))
    configuration = out.with_name(f"{out.name}.yml")
    pages = sorted(path.relative_to(source).as_posix() for path in source.rglob("*.md"))
    configuration.write_text(yaml.safe_dump(_configuration(source, out, pages)))
    _run_mkdocs(configuration)


def _copied(root: Path) -> Iterator[Path]:
    for pattern in COPIED:
        yield from (path for path in root.glob(pattern) if path.is_file())


def _configuration(source: Path, out: Path, pages: Sequence[str]) -> dict[str, Any]:
    return {
        "site_name": "Ghostwatt",
        "docs_dir": str(source),
        "site_dir": str(out),
        "nav": navigation(pages),
        "not_in_nav": "docs/decisions/0*.md",
        "strict": True,
        "validation": {
            "nav": {"omitted_files": "warn", "not_found": "warn"},
            "links": dict.fromkeys(["not_found", "absolute_links", "unrecognized_links", "anchors"], "warn"),
        },
        "theme": {"name": "material", "font": False, "features": ["navigation.tabs", "navigation.indexes"]},
        "plugins": ["search"],
        "markdown_extensions": ["tables", "fenced_code", "sane_lists", {"toc": {"permalink": True}}],
        "use_directory_urls": False,
    }


def _run_mkdocs(configuration: Path) -> None:
    from mkdocs.commands.build import build as build_site  # noqa: PLC0415 - of the development lock
    from mkdocs.config import load_config  # noqa: PLC0415 - as above

    logging.getLogger("mkdocs").setLevel(logging.WARNING)
    build_site(load_config(str(configuration)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the site; the exit code is 1 when a link leads nowhere."""
    from mkdocs.exceptions import Abort  # noqa: PLC0415 - of the development lock

    parser = argparse.ArgumentParser(prog="python -m infra.docs_site", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build/docs", help="the folder of the site")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(message)s")
    try:
        build(ROOT, options.out.absolute())
    except (Abort, MissingBundle) as error:
        sys.stderr.write(f"The site was not built: {error}\n")
        return 1
    sys.stdout.write(f"{options.out / 'index.html'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
