"""Checks the data folder, where readings wait."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ghostwatt_pi import identity
from ghostwatt_pi.buffer.stats import is_sound
from ghostwatt_pi.commands.checks import Finding
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.identity import BadIdentity
from ghostwatt_pi.local.state_file import load_state
from ghostwatt_pi.outlets.records import load_outlets
from ghostwatt_pi.small_files import DamagedFile, read_text

LEAST_FREE_BYTES = 200_000_000
"""Room for a full buffer, its journal, and the rest of the system."""
NO_ROOM_BYTES = 20_000_000
RESTART_FOR_FILE = "restart the agent, which renames it and goes on without it: sudo systemctl restart ghostwatt"
RESTART_FOR_BUFFER = "restart the agent, which saves what it can: sudo systemctl restart ghostwatt"


def check_disk(context: Context) -> Iterator[Finding]:
    """Check that the folder can be written, has room, and holds no damaged file."""
    folder = context.directory.path
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"doctor")
            file.flush()
    except OSError as error:
        yield _unwritable(folder, error)
    else:
        yield _space(shutil.disk_usage(folder).free)
    yield from _damaged_files(context.directory)
    yield _buffer(context)


def _unwritable(folder: Path, error: OSError) -> Finding:
    if error.errno == errno.ENOSPC:
        short = max(1, (LEAST_FREE_BYTES - shutil.disk_usage(folder).free) // 1_000_000)
        return Finding("disk", "fail", f"{folder} is full", f"make room: {short} MB. sudo du -xh / | sort -h | tail")
    if error.errno == errno.EROFS:
        remediation = "is the card worn out? Restart the Pi; if it stays so, copy the folder to another card"
        return Finding("disk", "fail", f"{folder} is read-only", remediation)
    says = f"{folder} cannot be written: {error.strerror}"
    if isinstance(error, PermissionError):
        return Finding("disk", "fail", says, "look after the service with sudo: sudo ghostwatt-pi doctor")
    return Finding("disk", "fail", says, "is the card worn out?")


def _damaged_files(directory: DataDirectory) -> Iterator[Finding]:
    """Yield a finding for each damaged file."""
    readers: tuple[tuple[Callable[[Path], object], Path], ...] = (
        (load_outlets, directory.outlets_path),
        (load_state, directory.state_path),
        (read_text, directory.boot_path),
    )
    for damaged in (directory.mark_damage(), *(_damage(read, path) for read, path in readers)):
        if damaged:
            yield Finding("disk", "fail", str(damaged), RESTART_FOR_FILE)
    try:
        identity.device_id(directory)
    except BadIdentity as error:
        says, _, remediation = str(error).partition(": ")
        yield Finding("disk", "fail", says, remediation)


def _damage(read: Callable[[Path], object], path: Path) -> DamagedFile | None:
    try:
        read(path)
    except DamagedFile as damaged:
        return damaged
    return None


def _space(free_bytes: int) -> Finding:
    says = f"{free_bytes / 1e6:,.0f} MB free"
    if free_bytes < NO_ROOM_BYTES:
        return Finding("disk", "fail", says, "make room: readings cannot be kept soon")
    if free_bytes < LEAST_FREE_BYTES:
        return Finding("disk", "warn", says, f"a long outage needs {LEAST_FREE_BYTES / 1e6:.0f} MB")
    return Finding("disk", "ok", says)


def _buffer(context: Context) -> Finding:
    path = context.directory.buffer_path
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return Finding("disk", "ok", "no buffer yet; the agent makes it")
    try:
        is_whole = is_sound(path)
    except sqlite3.Error as error:
        return Finding("disk", "fail", f"the buffer cannot be read: {error}", RESTART_FOR_BUFFER)
    if not is_whole:
        return Finding("disk", "fail", "the buffer is damaged", RESTART_FOR_BUFFER)
    return Finding("disk", "ok", "the buffer is whole")
