"""The NOTICE of the zip: whose code ships in it, under which licence, with the text that its licence asks to keep."""

from __future__ import annotations

import email
import importlib.metadata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from infra.aws.packaging.wheels import PackageError

LICENCE_NAMES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS")
"""Beginnings of the names of files that hold a licence or a notice."""
HEAD = "Ghostwatt is MIT-licensed. This package also contains the following software of others.\n"
RULER = "=" * 80


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution that ships: its name and version, the licence it declares, and the texts of it."""

    name: str
    version: str
    licence: str
    texts: tuple[str, ...]


def notice(wheels: Sequence[Path], installed: Sequence[str]) -> str:
    """Write the notice.

    Args:
        wheels: The wheels that are unpacked into the package.
        installed: Names of distributions whose code is copied from this environment.

    Raises:
        PackageError: One of them has no text of its licence.
    """
    distributions = [_of_wheel(path) for path in wheels] + [_of_environment(name) for name in installed]
    for distribution in distributions:
        if not distribution.texts:
            raise PackageError(f"{distribution.name} {distribution.version} has no text of its licence.")
    sections = [_section(distribution) for distribution in sorted(distributions, key=_sort_key)]
    return "\n".join([HEAD, *sections])


def _sort_key(distribution: Distribution) -> str:
    return distribution.name.lower()


def _section(distribution: Distribution) -> str:
    title = f"{distribution.name} {distribution.version}"
    licence = f" ({distribution.licence})" if distribution.licence else ""
    return "\n".join([RULER, f"{title}{licence}", RULER, *(text.strip() + "\n" for text in distribution.texts)])


def _of_wheel(path: Path) -> Distribution:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        texts = [archive.read(name).decode(errors="replace") for name in _licences(names)]
        return _distribution(archive.read(metadata).decode(), texts)


def _of_environment(name: str) -> Distribution:
    distribution = importlib.metadata.distribution(name)
    files = {str(path): path for path in distribution.files or ()}
    texts = [files[path].read_text(encoding="utf-8") for path in _licences(list(files))]
    return _distribution(distribution.read_text("METADATA") or "", texts)


def _licences(names: Sequence[str]) -> Iterator[str]:
    for name in sorted(names):
        path = PurePosixPath(name)
        if path.parts[0].endswith(".dist-info") and path.name.upper().startswith(LICENCE_NAMES):
            yield name


def _distribution(metadata: str, texts: Sequence[str]) -> Distribution:
    fields = email.message_from_string(metadata)
    licence = fields["License-Expression"] or fields["License"] or ""
    return Distribution(fields["Name"], fields["Version"], licence.partition("\n")[0], tuple(texts))
