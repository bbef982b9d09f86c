"""Who this device is: an id made once and kept."""

from __future__ import annotations

import hashlib
import json
import secrets
import socket
import uuid

from ghostwatt_pi.home import Home, write_private


class BadIdentity(Exception):
    """The identity file cannot be read as one."""


def device_id(home: Home) -> str:
    """The device's public id, made and kept at the first call. Raises BadIdentity."""
    if not home.identity_path.exists():
        return new_device_id(home)
    try:
        return str(json.loads(home.identity_path.read_text())["deviceId"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadIdentity(f"{home.identity_path} is damaged ({error}): restore it, or claim --new-identity") from error


def key_device_id(api_key: str) -> str | None:
    """The device that a key names: it is `gwk.<deviceId>.<secret>`. None if it is no key of that form."""
    prefix, _, rest = api_key.partition(".")
    named, _, secret = rest.partition(".")
    return named if prefix == "gwk" and named and secret else None


def new_device_id(home: Home) -> str:
    """Make a new id and keep it in place of the old one.

    A hash of MAC address, host name and a random part: without the last, whoever sees the network could guess the id.
    """
    random_part = secrets.token_hex(16)
    seed = f"{uuid.getnode():012x}|{socket.gethostname()}|{random_part}"
    made = "GW-" + hashlib.sha256(seed.encode()).hexdigest()[:16]
    write_private(home.identity_path, json.dumps({"deviceId": made, "randomPart": random_part}) + "\n")
    return made
