"""The place where readings wait."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator

from ghostwatt_pi.commands.checks.finding import Finding
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.spool.look import is_sound

LEAST_FREE_BYTES = 200_000_000
"""Room for a full spool, its journal, and the system beside."""
NO_ROOM_BYTES = 20_000_000
MEND_SPOOL = "restart the agent, which saves what it can: sudo systemctl restart ghostwatt"


def check_disk(context: Context) -> Iterator[Finding]:
    """Can it be written, is there room, is the spool whole?"""
    folder = context.home.data_dir
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"doctor")
            file.flush()
    except OSError as error:
        yield Finding(
            "disk", "fail", f"{folder} cannot be written: {error.strerror}", "is the card read-only or worn out?"
        )
        return
    yield _space(shutil.disk_usage(folder).free)
    yield _spool(context)


def _space(free_bytes: int) -> Finding:
    says = f"{free_bytes / 1e6:,.0f} MB free"
    if free_bytes < NO_ROOM_BYTES:
        return Finding("disk", "fail", says, "make room: readings cannot be kept soon")
    if free_bytes < LEAST_FREE_BYTES:
        return Finding("disk", "warn", says, f"a long outage needs {LEAST_FREE_BYTES / 1e6:.0f} MB")
    return Finding("disk", "ok", says)


def _spool(context: Context) -> Finding:
    path = context.home.spool_path
    if not path.exists():
        return Finding("disk", "ok", "no spool yet; the agent makes it")
    try:
        sound = is_sound(path)
    except sqlite3.Error as error:
        return Finding("disk", "fail", f"the spool cannot be read: {error}", MEND_SPOOL)
    if not sound:
        return Finding("disk", "fail", "the spool is damaged", MEND_SPOOL)
    return Finding("disk", "ok", "the spool is whole")
