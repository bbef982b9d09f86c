"""The wheels of the cloud lock for a Lambda, downloaded once and kept."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path


class PackageError(Exception):
    """The package cannot be made; the message says what to do about it."""


PYTHON = "3.11"
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
GLIBC = ("manylinux_2_26", "manylinux2014")
"""Lambda's python3.11 runs on Amazon Linux 2, which has glibc 2.26; pip wants each tag named."""


def wheels(lock: Path, architecture: str, cache: Path) -> list[Path]:
    """The wheels of all dependencies in the lock, each with a hash that stands there.

    Raises PackageError when one cannot be had, or is none of the lock's.
    """
    directory = cache / f"{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}-{architecture}"
    if not directory.exists():
        _download(lock, architecture, directory)
    paths = sorted(directory.glob("*.whl"))
    allowed = lock.read_text()
    for wheel in paths:
        if f"sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}" not in allowed:
            raise PackageError(f"{wheel} is not what {lock.name} names; delete {directory} and try again.")
    return paths


def _download(lock: Path, architecture: str, directory: Path) -> None:
    """All or nothing: the folder gets its name once it is complete."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    platforms = [part for tag in GLIBC for part in ("--platform", f"{tag}_{MACHINES[architecture]}")]
    only = ["--only-binary", ":all:", "--implementation", "cp", "--python-version", PYTHON, *platforms]
    quiet = ["--quiet", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory(dir=directory.parent) as draft:
        into = ["--require-hashes", "--requirement", str(lock), "--dest", draft]
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "pip", "download", *quiet, *only, *into], check=False, stderr=subprocess.PIPE
        )
        if done.returncode:
            raise PackageError(f"pip cannot get every wheel of {lock.name}:\n{done.stderr.decode()[-2_000:]}")
        Path(draft).rename(directory)
        Path(draft).mkdir()  # for the context manager to delete
