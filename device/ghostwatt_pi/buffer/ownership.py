"""Whose readings wait in the spool: they go to the owner they were measured under, and to nobody else.

A key that follows a released or refused one may be another person's. So the folder keeps a hash of the key that the
spool's readings belong to. Under another key they are put aside in `former/`, unless whoever paired the Pi said that
they are theirs (`claim --keep-readings`).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ghostwatt_pi.data_directory import KEY_LOST, DataDirectory, mark_of
from ghostwatt_pi.disk import Disk
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.files import quarantine


class KeyReplaced(Exception):
    """Another key has come while the agent runs: it must begin anew, with what may be sent under this one."""


def take_ownership(directory: DataDirectory, log: EventLog, disk: Disk | None = None) -> None:
    """Before the spool is opened: put it aside if it is a former owner's, and mark it as the present one's.

    A key that is damaged is put aside itself; the readings stay, for the key that its owner makes then.
    To be called with the folder's lock held.
    """
    disk = disk or Disk(log)
    if damaged := directory.key_damage():
        disk.write(directory.owner_path, KEY_LOST + "\n")
        disk.put_aside(damaged)
    if damaged := directory.mark_damage():
        disk.put_aside(damaged)
    key = directory.read_key()
    if key is None:
        return
    if not directory.is_marked_for(key) and directory.buffer_path.exists():
        readings = _readings(directory.buffer_path)
        folder = _put_aside(directory)
        log("set_aside", readings=readings, path=str(folder))
    disk.write(directory.owner_path, mark_of(key))


def check_owner(directory: DataDirectory) -> None:
    """At each turn of the agent. Raises KeyReplaced."""
    key = directory.read_key()
    if key is not None and not directory.is_marked_for(key):
        raise KeyReplaced


def _readings(store: Path) -> int:
    """How many there are; 0 where nobody can say."""
    try:
        with closing(sqlite3.connect(store)) as db:
            return int(db.execute("SELECT count(*) FROM readings").fetchone()[0])
    except sqlite3.Error:
        return 0


def _put_aside(directory: DataDirectory) -> Path:
    if directory.former_dir.exists() and not directory.former_dir.is_dir():
        quarantine(directory.former_dir)
    number = 1
    while (folder := directory.former_dir / str(number)).exists():
        number += 1
    folder.mkdir(parents=True, mode=0o700)
    for path in reversed(directory.buffer_files()):  # the spool itself last: after a power cut this begins again
        path.replace(folder / path.name)
    return folder
