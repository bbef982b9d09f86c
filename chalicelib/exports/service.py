"""A person's exports: asked for, made by a job of its own, fetched by a link that lasts for minutes."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Collection
from pathlib import Path

from chalicelib.accounts import service as accounts
from chalicelib.accounts import store as users
from chalicelib.accounts.model import Account, Session
from chalicelib.core import functions
from chalicelib.core.deadlines import Deadline
from chalicelib.core.dynamo import retry_conflicts
from chalicelib.core.errors import Invalid, Unavailable, not_found
from chalicelib.core.identifiers import new_secret
from chalicelib.core.settings import settings
from chalicelib.core.times import SECOND_MS
from chalicelib.exports import contents as export_contents
from chalicelib.exports import files, store
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


def ask(session: Session, first_ms: int, last_ms: int, formats: Collection[Format], now_ms: int) -> Export:
    """Ask for all that lies between two times; the one under way, if there is one, whatever that was asked for.

    Raises Invalid (from), TooMany, Unavailable.
    """
    account, last_ms = accounts.of_session(session), min(last_ms, now_ms)
    if first_ms > last_ms:
        raise Invalid("from lies after to, or in the future.", code="invalid", field="from")
    chosen = tuple(kind for kind in FORMATS if kind in formats)

    def attempt() -> Export | None:
        before = store.of_owner(account.user_id)
        if under_way := [export for export in before if export.is_under_way(now_ms)]:
            return under_way[-1]
        check_number(before, now_ms)
        export = _new(account, next_number(before), (first_ms, last_ms), chosen, now_ms)
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
    """Start the job; what was not surely started is taken back, and such a job then finds nothing to do."""
    try:
        functions.start(settings().export_function, {"ownerId": export.owner_id, "number": export.number})
    except Unavailable:
        store.remove(export)
        raise


def own(owner_id: str, export_id: str, now_ms: int) -> Export:
    """A person's own export; raises NotFound for any other, and once its file is gone."""
    shape = EXPORT_ID.fullmatch(export_id)
    export = store.load(owner_id, int(shape[1])) if shape else None
    if export is None or export.has_expired(now_ms):
        raise not_found("export")
    return export


def link(export: Export) -> str:
    """Where the file can be fetched for LINK_MS."""
    return files.link(export.file_key, LINK_MS // SECOND_MS)


def run(owner_id: str, number: int, now_ms: int) -> bool:
    """Make an export's file; False when there is nothing to do: it was begun before, or is gone, or too late.

    Raises what broke it off, after the person was told.
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
    account = users.load_open(export.email)
    if account is None or account.user_id != export.owner_id:
        LOG.info("the account of an export is closed")
        return
    with tempfile.TemporaryDirectory(prefix="ghostwatt-export-") as directory:
        path = Path(directory) / "export.zip"
        with new_archive(path, export.formats, Deadline(WORK_MS / SECOND_MS)) as archive:
            export_contents.write(archive, export, account, now_ms)
        files.put(export.file_key, path)
        if not store.finish(export, path.stat().st_size):
            files.remove(export.file_key)  # the account was closed meanwhile


def withdraw_all(owner_id: str) -> None:
    """End all links to a person's files, which is to delete those: a signed link itself cannot be taken back.

    What cannot be deleted now ends with its link, within a quarter of an hour.
    """
    for export in store.of_owner(owner_id):
        try:
            if store.withdraw(export, WITHDRAWN):
                files.remove(export.file_key)
        except Unavailable:
            LOG.warning("the file of an export was not deleted")


def remove_all(owner_id: str) -> None:
    """Delete a person's exports with their files."""
    for export in store.of_owner(owner_id):
        files.remove(export.file_key)
        store.remove(export)
