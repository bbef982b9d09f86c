"""python -m infra.backup export|import: back up the data of a PC or a stage to a file, and restore it anywhere."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.backup.archive import BackupError
from infra.backup.backup import export_data, import_data
from infra.backup.endpoints import Endpoint, open_folder, open_stage
from infra.local.errors import StackError


def main(arguments: Sequence[str] | None = None) -> int:
    """Export or import; the exit code is 0 when all items have arrived."""
    options = _options(arguments)
    try:
        with _endpoint(options) as endpoint:
            if options.action == "export":
                counts = export_data(endpoint, options.file)
            else:
                counts = import_data(endpoint, options.file, replace=options.replace)
    except (BackupError, StackError, BotoCoreError, ClientError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(_summary(counts, options.action))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.backup", description=__doc__)
    parser.add_argument("action", choices=("export", "import"))
    parser.add_argument("file", type=Path, help="the zip")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="the data folder of a PC whose stack is stopped")
    source.add_argument("--stage", help="a stage on AWS, with your own credentials")
    parser.add_argument("--replace", action="store_true", help="put items in place of those with the same keys")
    return parser.parse_args(arguments)


def _endpoint(options: argparse.Namespace) -> AbstractContextManager[Endpoint]:
    if options.stage:
        return open_stage(options.stage)
    if options.action == "export" and not (options.data / "database.sqlite").exists():
        raise BackupError(f"There is no data in {options.data}.")
    return open_folder(options.data)


def _summary(counts: Mapping[str, int], action: str) -> str:
    lines = [f"{name:24}{count:>10,}" for name, count in counts.items()]
    end = "read" if action == "export" else "counted there, as many as in the file; people log in again"
    return "\n".join([*lines, f"{sum(counts.values()):,} items {end}."]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
