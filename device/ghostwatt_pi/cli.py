"""The command line: `ghostwatt-pi`."""

from __future__ import annotations

import errno
import io
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from ghostwatt_pi.cloud.claim import ClaimFailed
from ghostwatt_pi.cloud.trust import CannotTrust
from ghostwatt_pi.commands.context import ERROR, WRONG_COMMAND_LINE, Context
from ghostwatt_pi.commands.parser import build_parser
from ghostwatt_pi.data_directory import DataDirectory, DirectoryInUse
from ghostwatt_pi.event_log import open_log
from ghostwatt_pi.identity import BadIdentity
from ghostwatt_pi.meters.recording import ReplayError
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.platforms.users import become_owner, is_root
from ghostwatt_pi.settings.config import BadFlag, BadSetting, load_settings
from ghostwatt_pi.setup.command import SetupStopped, setup
from ghostwatt_pi.setup.system import CommandFailed, this_system

USER_ERRORS = (
    BadIdentity,
    BadSetting,
    CannotTrust,
    ClaimFailed,
    CommandFailed,
    DirectoryInUse,
    OSError,
    RelayError,
    ReplayError,
    SetupStopped,
    sqlite3.Error,
)
"""Errors that a person can do something about: one line, exit code 1. All others are bugs, and show their trace."""
PLAIN_ERRORS = {
    errno.ENOSPC: "the disk is full: make room",
    errno.EROFS: "the disk is read-only: is the card worn out? Restart the Pi",
    errno.ENOENT: "it does not exist",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "part of the path is not a folder",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: The command line; by default the process's own.

    Returns:
        The exit code, one of those in commands/context.py.
    """
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="replace")  # the QR code's blocks are not in Windows' old character sets
    options = build_parser().parse_args(arguments)
    has_document = getattr(options, "json", False)  # stdout then belongs to one JSON document
    stream = sys.stderr if has_document else sys.stdout
    log = open_log(stream, is_json=options.tell == "json" and not has_document, verbose=options.verbose)
    buffer_path = None
    try:
        is_setup = options.command is setup
        settings = load_settings(vars(options), default_dir=this_system().data_dir if is_setup else None)
        if not is_setup:
            become_owner(settings.data_dir)
        buffer_path = settings.data_dir / "spool.sqlite"
        context = Context(settings, DataDirectory(settings.data_dir, make=not is_setup), log)
        context.handle_signals()
        return int(options.command(context, options))
    except USER_ERRORS as error:
        sys.stderr.write(f"ghostwatt-pi: {describe_error(error, buffer_path)}\n")
        return WRONG_COMMAND_LINE if isinstance(error, BadFlag) else ERROR


def describe_error(error: Exception, buffer_path: Path | None) -> str:
    """Describe an error in one sentence, with the path and what to do.

    Args:
        error: The error.
        buffer_path: The file that SQLite's errors are about.
    """
    if isinstance(error, sqlite3.Error):
        return f"{buffer_path}: {'the folder cannot be written' if 'readonly' in str(error) else error}"
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    path = f"{error.filename}: " if error.filename else ""
    if isinstance(error, PermissionError):
        return f"{path}permission denied. {_suggest_sudo()}"
    return f"{path}{PLAIN_ERRORS.get(error.errno, error.strerror)}"


def _suggest_sudo() -> str:
    if is_root():
        return "It belongs to another user"
    program = Path(sys.argv[0])
    name = program if program.is_absolute() else program.name
    return f"Look after the service with sudo: sudo {name} {' '.join(sys.argv[1:])}".rstrip()
