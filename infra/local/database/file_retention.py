"""Delete mail and dead letters that have expired, or whose account or device is gone."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from functools import cache
from pathlib import Path
from typing import Any

from infra.local.emulator.checkpoints import DeadLetterFile
from infra.local.runner.environment import STAGE

MAIL_SECONDS = 86_400.0
DEAD_LETTERS_KEPT = timedelta(days=14)
"""As the queue of dead letters on AWS has it."""
USERS, DEVICES = f"ghostwatt-{STAGE}-users", f"ghostwatt-{STAGE}-devices"


def expire_mail(directory: Path, client: Any, now_seconds: float) -> None:
    """Delete mail that is older than a day, and mail to an address that has no account."""
    for path in directory.glob("*.*"):
        try:
            is_over = now_seconds - path.stat().st_mtime > MAIL_SECONDS
            if is_over or (path.suffix == ".eml" and not _has_account(client, path.read_bytes())):
                path.unlink()
        except FileNotFoundError:  # written anew, or deleted by a person, at this moment
            continue


def _has_account(client: Any, mail: bytes) -> bool:
    to = message_from_bytes(mail, policy=policy.default)["To"]
    address = to.addresses[0]
    # the domain is in ASCII in a mail, and may not be so in the account
    forms = {address.addr_spec, f"{address.username}@{address.domain.encode().decode('idna')}"}
    keys = [{"email": {"S": form}} for form in forms]
    return any("Item" in client.get_item(TableName=USERS, Key=key, ProjectionExpression="email") for key in keys)


def expire_dead_letters(letters: DeadLetterFile, client: Any, now_seconds: float | None = None) -> None:
    """Drop letters that are older than two weeks, and those of devices that have gone or changed hands."""
    oldest = datetime.fromtimestamp(time.time() if now_seconds is None else now_seconds, UTC) - DEAD_LETTERS_KEPT

    @cache
    def uid_of(device_id: str) -> str | None:
        key = {"device_id": {"S": device_id}}
        answer = client.get_item(TableName=DEVICES, Key=key, ProjectionExpression="device_uid")
        return str(answer["Item"]["device_uid"]["S"]) if "Item" in answer else None

    def stays(line: bytes) -> bytes | None:
        try:
            letter = json.loads(line)
            if datetime.fromisoformat(letter["givenUpAt"]) < oldest:
                return None
            device_id, device_uid = _device(letter["record"])
        except (ValueError, TypeError, KeyError):
            return line
        current_uid = uid_of(device_id)
        return line if current_uid is not None and device_uid in (None, current_uid) else None

    letters.sift(stays)


def _device(record: dict[str, Any]) -> tuple[str, str | None]:
    """The device of a record, and its device_uid where the record has it. Raises KeyError, TypeError."""
    if "dynamodb" in record:
        image = record["dynamodb"]["NewImage"]
        return str(image["device_id"]["S"]), str(image["device_uid"]["S"])
    return str(record["deviceId"]), None
