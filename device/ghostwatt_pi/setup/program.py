"""Copies this program to where the service can run it.

pipx keeps a program in its owner's home, which a service must not see (ProtectHome). So the service has its own copy:
a bare virtual environment with this package and what it needs, and nothing else.
"""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "ghostwatt-pi"


class ProgramMissing(Exception):
    """A package that this program needs is not installed."""


def install_copy(target: Path) -> None:
    """Make `target` anew and put it in place of an older one. Raises ProgramMissing, OSError."""
    fresh, old = target.with_name(target.name + ".new"), target.with_name(target.name + ".old")
    for left_over in (fresh, old):
        shutil.rmtree(left_over, ignore_errors=True)
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    subprocess.run(  # noqa: S603 - our own Python
        [base, "-m", "venv", "--without-pip", fresh], check=True
    )
    (site,) = fresh.glob("lib/python*/site-packages")
    for name in sorted(needed(PACKAGE)):
        _copy(name, site)
    shutil.copytree(Path(__file__).parents[1], site / "ghostwatt_pi", ignore=shutil.ignore_patterns("__pycache__"))
    if target.exists():
        target.replace(old)
    fresh.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def needed(package: str) -> set[str]:
    """The packages that this one needs, directly or not; its extras where they are installed.

    Raises ProgramMissing.
    """
    found: set[str] = set()
    waiting = [package]
    while waiting:
        user = waiting.pop()
        for name, is_conditional in _requirements(user, with_extras=user == package):
            if name not in found and _is_installed(name):
                found.add(name)
                waiting.append(name)
            elif name not in found and not is_conditional:
                raise ProgramMissing(f"{name} is not installed, but {user} needs it")
    return found


def _requirements(package: str, *, with_extras: bool) -> Iterator[tuple[str, bool]]:
    """(name, whether it is needed under a condition only) of what a package needs itself."""
    for line in importlib.metadata.requires(package) or ():
        name = re.match(r"[A-Za-z0-9._-]+", line)
        if name and (with_extras or "extra ==" not in line):
            yield name[0], ";" in line


def _is_installed(package: str) -> bool:
    try:
        importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _copy(package: str, site: Path) -> None:
    for file in importlib.metadata.files(package) or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), site / file)
