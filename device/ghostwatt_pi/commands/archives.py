"""`ghostwatt-pi backlog --former` and `--send-former N`: readings that version 0.1.0 archived at a later pairing."""

from __future__ import annotations

import sys
from collections.abc import Callable

from ghostwatt_pi.buffer.archive import Archive, list_archives, restore_archive
from ghostwatt_pi.clock import now_ms
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.exit_codes import LEFT_BEHIND, OK
from ghostwatt_pi.commands.formatting import ago, iso, print_json
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.meters.serial_ports import ask_at_terminal
from ghostwatt_pi.settings.config import BadSetting

TO_ACCOUNT = "They go to the account that this device is paired with now. Are they yours? [y/N] "


def show_archives(directory: DataDirectory, *, is_json: bool) -> int:
    """List the archives; returns the exit code."""
    archives = list_archives(directory)
    if is_json:
        print_json({"former": [_document(archive) for archive in archives]})
    else:
        lines = [f"{archive.number}  {_summary(archive)}" for archive in archives] or ["Nothing was put aside."]
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return OK


def send_archive(context: Context, number: int, send: Callable[[], int]) -> int:
    """Restore one archive after a yes at a terminal, then `send`; returns the exit code.

    Raises BadSetting, DirectoryInUse.
    """
    archives = {archive.number: archive for archive in list_archives(context.directory)}
    if number not in archives:
        raise BadSetting(f"--send-former {number}: there is no such folder; see ghostwatt-pi backlog --former")
    archive, ask = archives[number], ask_at_terminal()
    if ask is None or ask(f"{_summary(archive)}. {TO_ACCOUNT}").lower() not in ("y", "yes"):
        sys.stdout.write("Nothing is sent: nobody said yes.\n")
        return LEFT_BEHIND
    with context.directory.lock():
        restore_archive(context.directory, archive)
    return send()


def _summary(archive: Archive) -> str:
    if not archive.readings:
        return "no readings"
    first, last = (ago(at_ms, now_ms()) for at_ms in (archive.first_at_ms, archive.last_at_ms))
    return f"{archive.readings:,} readings, the oldest {first}, the newest {last}"


def _document(archive: Archive) -> dict[str, object]:
    return {
        "number": archive.number,
        "readings": archive.readings,
        "firstAt": iso(archive.first_at_ms),
        "lastAt": iso(archive.last_at_ms),
    }
