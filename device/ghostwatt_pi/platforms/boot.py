"""Which boot this is, and how long ago it was."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

LINUX_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
MAC_BOOT_ID = ("sysctl", "-n", "kern.bootsessionuuid")


def read_boot_id(linux_boot_id: Path = LINUX_BOOT_ID) -> str | None:
    """Return the kernel's id of this boot; None where the system has none, as on Windows.

    Raises:
        OSError: Linux or macOS does not give it.
    """
    if sys.platform == "linux":
        return linux_boot_id.read_text(encoding="ascii").strip()
    if sys.platform == "darwin":
        answer = subprocess.run(MAC_BOOT_ID, capture_output=True, text=True, check=False)  # noqa: S603 - a constant
        if answer.returncode or not answer.stdout.strip():
            raise OSError(f"{' '.join(MAC_BOOT_ID)}: {answer.stderr.strip() or 'no answer'}")
        return answer.stdout.strip()
    return None


def read_since_boot_ms() -> int:
    """Return milliseconds since a fixed moment of this boot, through suspension too: they never jump."""
    if sys.platform == "linux":
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    if sys.platform == "darwin":
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000_000  # there it runs on while the Mac sleeps
    return time.monotonic_ns() // 1_000_000  # Windows: GetTickCount64, which runs on while the PC sleeps
