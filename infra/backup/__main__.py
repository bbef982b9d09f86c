"""python -m infra.backup export|import: take the data of a PC or a stage to a file, and from it to another place."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.backup import places
from infra.backup.backup import export_data, import_data
from infra.backup.errors import MoveError
from infra.local.runner.errors import StackError


def main(arguments: Sequence[str] | None = None) -> int:
    """Move; the exit code is 0 when all of it has arrived."""
    options = _options(arguments)
    try:
        with _place(options) as place:
            if options.action == "export":
                counts = export_data(place, options.file)
            else:
                counts = import_data(place, options.file, replace=options.replace)
    except (MoveError, StackError, BotoCoreError, ClientError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(_told(counts, options.action))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.backup", description=__doc__)
    parser.add_argument("action", choices=("export", "import"))
    parser.add_argument("file", type=Path, help="the zip")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--data", type=Path, help="the data folder of a PC whose stack is stopped")
    place.add_argument("--stage", help="a stage on AWS, with your own credentials")
    parser.add_argument("--replace", action="store_true", help="put items in place of those with the same keys")
    return parser.parse_args(arguments)


def _place(options: argparse.Namespace) -> AbstractContextManager[places.Place]:
    if options.stage:
        return places.stage(options.stage)
    if options.action == "export" and not (options.data / "database.sqlite").exists():
        raise MoveError(f"There is no data in {options.data}.")
    return places.folder(options.data)


def _told(counts: Mapping[str, int], action: str) -> str:
    lines = [f"{name:24}{count:>10,}" for name, count in counts.items()]
    end = "read" if action == "export" else "counted there, as many as in the file; people log in again"
    return "\n".join([*lines, f"{sum(counts.values()):,} items {end}."]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
