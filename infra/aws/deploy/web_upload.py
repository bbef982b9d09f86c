"""Upload the page's files to the bucket, each with its media type and cache control."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HASHED = re.compile(r"\.[0-9a-f]{8,}\.\w+$")
KEPT_FOR_EVER = "public, max-age=31536000, immutable"
ASKED_FOR_AGAIN = "no-cache"
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""Beside the types that Python knows, since those differ between machines."""
DECLARATIONS = ".d.ts"
"""Types for the checker of the sources: no browser asks for them."""
TEXT = ("text/", "image/svg+xml", "application/json", "application/manifest+json")


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page, as the bucket gets it."""

    path: Path
    key: str
    content_type: str
    cache_control: str


def files(directory: Path) -> Iterator[PageFile]:
    """The page's files, index.html last: it names the others, and stands for the paths of views.json too."""
    views = [path.removeprefix("/") for path in json.loads((directory / "views.json").read_text())]
    paths = [path for path in directory.rglob("*") if path.is_file() and is_served(path)]
    for path in sorted(paths, key=lambda path: (path.suffix == ".html", path)):
        key = path.relative_to(directory).as_posix()
        keys = [*views, key] if key == "index.html" else [key]
        yield from (PageFile(path, key, content_type(path), cache_control(key)) for key in keys)


def upload(s3: Any, bucket: str, directory: Path) -> int:
    """Put all files into the bucket; returns how many. Older ones stay for pages that are open."""
    count = 0
    for file in files(directory):
        s3.put_object(
            Bucket=bucket,
            Key=file.key,
            Body=file.path.read_bytes(),
            ContentType=file.content_type,
            CacheControl=file.cache_control,
        )
        count += 1
    return count


def is_served(path: Path) -> bool:
    """Whether browsers need a file: not hidden ones, not type declarations."""
    return not path.name.startswith(".") and not path.name.endswith(DECLARATIONS)


def content_type(path: Path) -> str:
    """The media type of a file, by its name; text is UTF-8."""
    media_type = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{media_type}; charset=utf-8" if media_type.startswith(TEXT) else media_type


def cache_control(key: str) -> str:
    """A file whose name holds a digest of its content never changes; any other is asked for again each time."""
    return KEPT_FOR_EVER if HASHED.search(key) else ASKED_FOR_AGAIN
