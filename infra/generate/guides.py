"""The guides, with the examples that they show: below `<!-- examples/NAME -->` stands the text of that file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOWN = re.compile(r"^<!-- (examples/[\w.-]+) -->\n(?:```.*?^```\n)?", re.MULTILINE | re.DOTALL)
LANGUAGES = {".py": "python", ".html": "html", ".ts": "typescript", ".sh": "sh"}


def guides() -> Mapping[str, Callable[[], str]]:
    """Return the guides by path, each with the function that returns its text."""
    paths = sorted((ROOT / "docs" / "guides").glob("*.md"))
    return {str(path.relative_to(ROOT)): partial(_with_examples, path) for path in paths}


def examples_of(guide: str) -> list[str]:
    """Return the paths of the examples that a guide's text shows."""
    return SHOWN.findall(guide)


def _with_examples(path: Path) -> str:
    return SHOWN.sub(_block, path.read_text())


def _block(shown: re.Match[str]) -> str:
    path = ROOT / shown[1]
    return f"<!-- {shown[1]} -->\n```{LANGUAGES[path.suffix]}\n{path.read_text()}```\n"
