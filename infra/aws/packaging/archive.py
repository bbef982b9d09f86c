"""A zip that depends on nothing but its content: sorted, with one time and one mode for all."""

from __future__ import annotations

import zipfile
from pathlib import Path

OLDEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can name."""
UNIX = 3
READABLE = 0o100644


def write_archive(directory: Path, archive: Path) -> None:
    """Zip all files below a folder."""
    files = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if path.is_file()}
    with zipfile.ZipFile(archive, "w") as zipped:
        for name in sorted(files):
            zipped.writestr(_entry(name), files[name].read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, OLDEST)
    entry.create_system = UNIX
    entry.external_attr = READABLE << 16
    return entry
