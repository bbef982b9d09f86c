"""Installs this program where the service can run it: in a virtual environment of its own.

pipx keeps a program in its owner's home, which the service must not see (ProtectHome).
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ghostwatt_pi.version import VERSION

PACKAGE = "ghostwatt-pi"
NAME = re.compile(r"[A-Za-z0-9._-]+")
EXTRA = re.compile(r"extra == ['\"]([^'\"]+)")


def install_program(target: Path, run: Callable[[Sequence[str]], None], source: str | None = None) -> None:
    """Install this program into `target`, in place of an older one there.

    Args:
        target: The directory of the virtual environment.
        run: Runs a command of the system.
        source: The URL of the wheel or source directory to install; by default the one that this program came from.

    Raises:
        CommandFailed: pip found no package or no network.
        OSError: The disk does not take it.
    """
    fresh, old = target.with_name(target.name + ".new"), target.with_name(target.name + ".old")
    for left_over in (fresh, old):
        shutil.rmtree(left_over, ignore_errors=True)
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = ["--system-site-packages"] if _sees_system_packages() else []
    run([str(base), "-m", "venv", *site, str(fresh)])
    pip = [str(fresh / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    run([*pip, requirement(source or _source())])
    if target.exists():
        target.replace(old)
    fresh.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def requirement(source: str | None) -> str:
    """Return what pip shall install: this version with the extras that are installed here, from `source` if given."""
    extras = ",".join(sorted(_installed_extras()))
    name = f"{PACKAGE}[{extras}]" if extras else PACKAGE
    return f"{name} @ {source}" if source else f"{name}=={VERSION}"


def _source() -> str | None:
    """Return the URL that this program was installed from; None when it came from a package index (PEP 610)."""
    text = importlib.metadata.distribution(PACKAGE).read_text("direct_url.json")
    return str(json.loads(text)["url"]) if text else None


def _installed_extras() -> set[str]:
    """Return the extras of this program whose packages are all installed."""
    extras, incomplete = set(), set()
    for line in importlib.metadata.requires(PACKAGE) or ():
        name, extra = NAME.match(line), EXTRA.search(line)
        if name and extra:
            extras.add(extra[1])
            if not _is_installed(name[0]):
                incomplete.add(extra[1])
    return extras - incomplete


def _is_installed(package: str) -> bool:
    try:
        importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _sees_system_packages() -> bool:
    """Whether this program runs in an environment that shows the system's packages, as for gpiozero from apt."""
    config = Path(sys.prefix) / "pyvenv.cfg"
    return config.is_file() and "include-system-site-packages = true" in config.read_text()
