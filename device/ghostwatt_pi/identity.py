"""Who this device is: an id made once and kept."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import socket
import uuid
from pathlib import Path

from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.disk import Disk
from ghostwatt_pi.files import DamagedFile, read_object, write_private

DEVICE_ID = re.compile(r"[A-Za-z0-9_-]{4,128}")


class BadIdentity(Exception):
    """The identity file cannot be read as one; `why` says what is wrong with it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} is damaged ({why}): the id stands on the page, beside the device's name; write"
            ' {"deviceId": "GW-..."} into the file. For a new device instead: ghostwatt-pi claim --new-identity'
        )
        self.why = why


UNKNOWN = "unknown"
"""In the id's place where it is damaged: with its key the agent measures and sends all the same."""


def device_id(directory: DataDirectory) -> str:
    """The device's public id, made and kept at the first call; where its file is damaged the key says it.

    Raises BadIdentity.
    """
    try:
        return _stored_id(directory) or new_device_id(directory)
    except BadIdentity:
        if named := key_device_id(directory.read_key() or ""):
            return named
        raise


def repair(directory: DataDirectory, disk: Disk) -> None:
    """Write a damaged identity anew, as the key has it. Nothing when it is whole, or no key says it."""
    try:
        _stored_id(directory)
    except BadIdentity as error:
        if named := key_device_id(directory.read_key() or ""):
            disk.quarantine(DamagedFile(directory.identity_path, error.why))
            disk.write(directory.identity_path, json.dumps({"deviceId": named}) + "\n")


def device_id_if_known(directory: DataDirectory) -> str:
    """The device's id, or UNKNOWN where it is damaged but the device has been paired."""
    try:
        return device_id(directory)
    except BadIdentity:
        if directory.read_key() is None and not directory.is_key_lost():
            raise
        return UNKNOWN


def key_device_id(api_key: str) -> str | None:
    """The device that a key names: it is `gwk.<deviceId>.<secret>`. None if it is no key of that form."""
    prefix, _, rest = api_key.partition(".")
    named, _, secret = rest.partition(".")
    return named if prefix == "gwk" and named and secret else None


def new_device_id(directory: DataDirectory) -> str:
    """Make a new id and keep it in place of the old one.

    A hash of MAC address, host name and a random part: without the last, whoever sees the network could guess the id.
    """
    random_part = secrets.token_hex(16)
    seed = f"{uuid.getnode():012x}|{socket.gethostname()}|{random_part}"
    made = "GW-" + hashlib.sha256(seed.encode()).hexdigest()[:16]
    write_private(directory.identity_path, json.dumps({"deviceId": made, "randomPart": random_part}) + "\n")
    return made


def _stored_id(directory: DataDirectory) -> str | None:
    """The id in the file; None when there is no file. Raises BadIdentity."""
    try:
        stored = read_object(directory.identity_path)
    except DamagedFile as damaged:
        raise BadIdentity(directory.identity_path, damaged.why) from damaged
    if stored is None:
        return None
    found = stored.get("deviceId")
    if not isinstance(found, str) or not DEVICE_ID.fullmatch(found):
        raise BadIdentity(directory.identity_path, "it holds no id")
    return found
