"""The command line: `ghostwatt-pi`."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence

from ghostwatt_pi.cloud.claim import ClaimFailed
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.exit_codes import ERROR, WRONG_COMMAND_LINE
from ghostwatt_pi.commands.parser import build_parser
from ghostwatt_pi.commands.privileges import become_owner
from ghostwatt_pi.commands.sentences import sentence
from ghostwatt_pi.data_directory import DataDirectory, DirectoryInUse
from ghostwatt_pi.event_log import open_log
from ghostwatt_pi.identity import BadIdentity
from ghostwatt_pi.meters.replay import ReplayError
from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.settings.config import BadFlag, BadSetting, load_settings
from ghostwatt_pi.setup import installing
from ghostwatt_pi.setup.program import ProgramMissing
from ghostwatt_pi.setup.system import CommandFailed, this_system

ERRORS = (
    BadIdentity,
    BadSetting,
    ClaimFailed,
    CommandFailed,
    DirectoryInUse,
    OSError,
    ProgramMissing,
    RelayError,
    ReplayError,
    installing.SetupStopped,
    sqlite3.Error,
)
"""What a person can do something about: one line, exit code 1. Everything else is a bug and shows its trace."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code, one of exit_codes.py."""
    options = build_parser().parse_args(arguments)
    has_document = getattr(options, "json", False)  # stdout then belongs to one JSON document
    stream = sys.stderr if has_document else sys.stdout
    log = open_log(stream, is_json=options.tell == "json" and not has_document, verbose=options.verbose)
    buffer_path = None
    try:
        is_setup = options.command is installing.setup
        settings = load_settings(vars(options), default_dir=this_system().data_dir if is_setup else None)
        if not is_setup:
            become_owner(settings.data_dir)
        buffer_path = settings.data_dir / "spool.sqlite"
        context = Context(settings, DataDirectory(settings.data_dir, make=not is_setup), log)
        context.handle_signals()
        return int(options.command(context, options))
    except ERRORS as error:
        sys.stderr.write(f"ghostwatt-pi: {sentence(error, buffer_path)}\n")
        return WRONG_COMMAND_LINE if isinstance(error, BadFlag) else ERROR
