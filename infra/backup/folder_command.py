"""python -m infra.backup.folder_command backup|restore: a PC's data folder into a file, and back."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.backup.archive import BackupError
from infra.backup.folder import back_up, restore
from infra.local.errors import StackError


def main(arguments: Sequence[str] | None = None) -> int:
    """Back up or restore; the exit code is 0 when all of it is done."""
    options = _options(arguments)
    now = datetime.now(UTC)
    try:
        if options.action == "backup":
            saved = back_up(options.data, options.file, now)
            sys.stdout.write(f"{saved.path}: {saved.files} files, {saved.size_bytes / 1e6:.1f} MB\n")
        else:
            former = restore(options.file, options.data, now, replace=options.replace)
            kept = f" What was there before is in {former}." if former else ""
            sys.stdout.write(f"{options.data} holds the data of {options.file}.{kept}\n")
    except (BackupError, StackError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.backup.folder_command", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    backup = actions.add_parser("backup", help="the stack may run")
    backup.add_argument("file", type=Path, nargs="?", help="the file to write (default: ghostwatt-TIME.tar.gz)")
    backup.add_argument("--data", type=Path, required=True, help="the data folder")
    restoring = actions.add_parser("restore", help="the stack must be stopped")
    restoring.add_argument("file", type=Path, help="the backup")
    restoring.add_argument("--data", type=Path, required=True, help="the data folder")
    restoring.add_argument("--replace", action="store_true", help="rename a folder that holds data, and take its place")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
