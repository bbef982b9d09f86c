"""Which owner the waiting readings belong to: they are never sent to another person.

The data directory keeps a hash of the key that the readings are sent with, and a tag of the owner. The cloud's answer
to a claim has that tag: it is the same whenever the same account claims this device. When a claim brings another tag,
another person owned the device before, and what waits is dropped at the next start of the agent, unless that person
kept it (`claim --keep-readings`). Nothing else drops readings: no new key of the same person, no refused key and no
damaged file.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from ghostwatt_pi.buffer.schema import connect_readonly
from ghostwatt_pi.data_directory import KEY_LOST, DataDirectory, mark_of
from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.event_log import EventLog


class KeyReplaced(Exception):
    """Another key has come while the agent runs: it must start again, with the readings that this key may send."""


def take_ownership(directory: DataDirectory, log: EventLog, disk: Disk | None = None) -> None:
    """Drop the readings of a former owner, and mark what waits as the present owner's.

    Call it with the directory's lock held, before the buffer is opened. A damaged key is quarantined here; the readings
    stay for the key that its owner makes next.
    """
    disk = disk or Disk(log)
    if damaged := directory.key_damage():
        disk.write(directory.owner_path, KEY_LOST + "\n")
        disk.quarantine(damaged)
    if damaged := directory.mark_damage():
        disk.quarantine(damaged)
    key = directory.read_key()
    if key is None:
        return
    if directory.holds_former_readings():
        readings = _count_readings(directory)
        directory.remove_buffer()
        log("former_dropped", readings=readings)
    elif directory.owner_tag_path.exists() and not directory.is_marked_for(key):  # a key put in place by hand
        disk.write(directory.owner_tag_path, "\n")
    disk.write(directory.owner_path, mark_of(key))


def check_owner(directory: DataDirectory) -> None:
    """Check at each turn of the agent that its key is still the one in place. Raises KeyReplaced."""
    key = directory.read_key()
    if key is not None and not directory.is_marked_for(key):
        raise KeyReplaced


def _count_readings(directory: DataDirectory) -> int:
    """How many readings wait; 0 when the buffer is missing or cannot be read."""
    if not directory.buffer_path.is_file():
        return 0
    try:
        with closing(connect_readonly(directory.buffer_path)) as db:
            return int(db.execute("SELECT count(*) FROM readings").fetchone()[0])
    except sqlite3.Error:  # too damaged to be counted: it is removed all the same
        return 0
