"""A person's exports: requested over the API, made by a job of their own, fetched by a link that lasts for minutes."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Collection
from pathlib import Path

from chalicelib.accounts.model import Account, Session
from chalicelib.accounts.service import get_account
from chalicelib.accounts.store import load_open_account
from chalicelib.core import aws
from chalicelib.core.deadlines import Deadline
from chalicelib.core.dynamo import retry_conflicts
from chalicelib.core.errors import Invalid, Unavailable, not_found
from chalicelib.core.identifiers import new_secret
from chalicelib.core.settings import settings
from chalicelib.core.times import SECOND_MS
from chalicelib.exports import contents, files, store
from chalicelib.exports.archive import TookTooLong, new_archive
from chalicelib.exports.model import (
    BROKE_OFF,
    FORMATS,
    LINK_MS,
    START_LEASE_MS,
    TIMED_OUT,
    WITHDRAWN,
    WORK_MS,
    Export,
    Format,
    check_number,
    next_number,
)

EXPORT_ID = re.compile(r"export-([1-9][0-9]{0,8})")
LOG = logging.getLogger("ghostwatt.exports")


def request_export(session: Session, first_ms: int, last_ms: int, formats: Collection[Format], now_ms: int) -> Export:
    """Request an export of a person's data between two times (epoch ms, both included).

    Returns:
        The new export; or the one under way, if there is one, whatever it was requested for.

    Raises:
        Invalid: The span is empty or in the future (field from).
        TooMany: The day's exports are used up.
        Unavailable: The job could not be started.
    """
    account, last_ms = get_account(session), min(last_ms, now_ms)
    if first_ms > last_ms:
        raise Invalid("from lies after to, or in the future.", code="invalid", field="from")
    ordered = tuple(name for name in FORMATS if name in formats)

    def attempt() -> Export | None:
        before = store.of_owner(account.user_id)
        if under_way := [export for export in before if export.is_under_way(now_ms)]:
            return under_way[-1]
        check_number(before, now_ms)
        export = _new(account, next_number(before), (first_ms, last_ms), ordered, now_ms)
        if not store.add(export):
            return None
        _start(export)
        return export

    return retry_conflicts(attempt, "Your exports keep changing.")


def _new(account: Account, number: int, span_ms: tuple[int, int], formats: tuple[Format, ...], now_ms: int) -> Export:
    return Export(
        owner_id=account.user_id,
        number=number,
        email=account.email,
        created_at_ms=now_ms,
        first_ms=span_ms[0],
        last_ms=span_ms[1],
        formats=formats,
        file_key=f"{account.user_id}/{new_secret()}.zip",
        lease_until_ms=now_ms + START_LEASE_MS,
    )


def _start(export: Export) -> None:
    """Start the job. If that may have failed, the export is removed; a job that runs all the same does nothing."""
    try:
        aws.start_function(settings().export_function, {"ownerId": export.owner_id, "number": export.number})
    except Unavailable:
        store.remove(export)
        raise


def get_owned_export(owner_id: str, export_id: str, now_ms: int) -> Export:
    """Load a person's own export.

    Raises:
        NotFound: The person has no such export, or its file is gone.
    """
    match = EXPORT_ID.fullmatch(export_id)
    export = store.load(owner_id, int(match[1])) if match else None
    if export is None or export.has_expired(now_ms):
        raise not_found("export")
    return export


def export_link(export: Export) -> str:
    """Make a link from which anyone can fetch the file for LINK_MS."""
    return files.link(export.file_key, LINK_MS // SECOND_MS)


def make_export(owner_id: str, number: int, now_ms: int) -> bool:
    """Make an export's file.

    Returns:
        False when there is nothing to do: it was begun before, was removed, or comes too late.

    Raises:
        Exception: The error that ended the job, after it is stored for the person.
    """
    export = store.load(owner_id, number)
    if export is None or not store.start(export, now_ms):
        return False
    try:
        _make(export, now_ms)
    except TookTooLong:
        store.fail(export, TIMED_OUT)
    except Exception:
        store.fail(export, BROKE_OFF)
        raise
    return True


def _make(export: Export, now_ms: int) -> None:
    account = load_open_account(export.email)
    if account is None or account.user_id != export.owner_id:
        LOG.info("the account of an export is closed")
        return
    with tempfile.TemporaryDirectory(prefix="ghostwatt-export-") as directory:
        path = Path(directory) / "export.zip"
        with new_archive(path, export.formats, Deadline(WORK_MS / SECOND_MS)) as archive:
            contents.write(archive, export, account, now_ms)
        files.put(export.file_key, path)
        if not store.finish(export, path.stat().st_size):
            files.remove(export.file_key)  # the account was closed meanwhile


def withdraw_exports(owner_id: str) -> None:
    """Delete a person's files, which ends all links to them: a signed link itself cannot be revoked.

    The link to a file that cannot be deleted now expires within a quarter of an hour.
    """
    for export in store.of_owner(owner_id):
        try:
            if store.withdraw(export, WITHDRAWN):
                files.remove(export.file_key)
        except Unavailable:
            LOG.warning("the file of an export was not deleted")


def remove_exports(owner_id: str) -> None:
    """Delete a person's exports with their files."""
    for export in store.of_owner(owner_id):
        files.remove(export.file_key)
        store.remove(export)
