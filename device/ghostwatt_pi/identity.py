"""The device's id: made once and kept."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import socket
import uuid
from pathlib import Path

from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.small_files import DamagedFile, read_object, write_private

DEVICE_ID = re.compile(r"[A-Za-z0-9_-]{4,128}")


class BadIdentity(Exception):
    """The identity file is damaged; `why` says what is wrong with it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} is damaged ({why}): the id stands on the page, beside the device's name; write"
            ' {"deviceId": "GW-..."} into the file. For a new device instead: ghostwatt-pi claim --new-identity'
        )
        self.why = why


UNKNOWN = "unknown"
"""Stands for an id whose file is damaged: with its key the agent still measures and sends."""


def device_id(directory: DataDirectory) -> str:
    """Return the device's public id, made and kept at the first call.

    When its file is damaged, return the id that the key names; raise BadIdentity when there is none.
    """
    try:
        return _stored_id(directory) or new_device_id(directory)
    except BadIdentity:
        if key_id := key_device_id(directory.read_key() or ""):
            return key_id
        raise


def repair(directory: DataDirectory, disk: Disk) -> None:
    """Replace a damaged identity file by the id that the key names, if it names one."""
    try:
        _stored_id(directory)
    except BadIdentity as error:
        if key_id := key_device_id(directory.read_key() or ""):
            disk.quarantine(DamagedFile(directory.identity_path, error.why))
            disk.write(directory.identity_path, json.dumps({"deviceId": key_id}) + "\n")


def device_id_if_known(directory: DataDirectory) -> str:
    """Return the device's id, or UNKNOWN when it is damaged and the device was paired. Raises BadIdentity."""
    try:
        return device_id(directory)
    except BadIdentity:
        if directory.read_key() is None and not directory.is_key_lost():
            raise
        return UNKNOWN


def key_device_id(api_key: str) -> str | None:
    """Return the device id in a key of the form `gwk.<deviceId>.<secret>`; None for any other key."""
    prefix, _, rest = api_key.partition(".")
    named, _, secret = rest.partition(".")
    return named if prefix == "gwk" and named and secret else None


def new_device_id(directory: DataDirectory) -> str:
    """Make a new id, keep it in place of the old one, and return it.

    It is a hash of the MAC address, the host name and a random part. Without the random part, anybody who sees the
    network could guess the id.
    """
    random_part = secrets.token_hex(16)
    seed = f"{uuid.getnode():012x}|{socket.gethostname()}|{random_part}"
    made = "GW-" + hashlib.sha256(seed.encode()).hexdigest()[:16]
    write_private(directory.identity_path, json.dumps({"deviceId": made, "randomPart": random_part}) + "\n")
    return made


def _stored_id(directory: DataDirectory) -> str | None:
    """Return the id in the file; None when there is no file. Raises BadIdentity."""
    try:
        stored = read_object(directory.identity_path)
    except DamagedFile as damaged:
        raise BadIdentity(directory.identity_path, damaged.why) from damaged
    if stored is None:
        return None
    stored_id = stored.get("deviceId")
    if not isinstance(stored_id, str) or not DEVICE_ID.fullmatch(stored_id):
        raise BadIdentity(directory.identity_path, "it holds no id")
    return stored_id
