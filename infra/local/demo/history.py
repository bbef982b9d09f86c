"""python -m infra.local.demo.history: fill a new data folder with weeks of readings of the demo household."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from infra.local.database.server import Database
from infra.local.demo.household import OUTLETS
from infra.local.emulator import checkpoints
from infra.local.emulator.table_stream import TableStream
from infra.local.errors import StackError
from infra.local.runner import offline
from infra.local.runner.bootstrap import STREAMED_TABLE
from infra.local.runner.data_directory import locked

WIDTH = 40
EVERY_SECONDS = 0.1


def show_progress(title: str, parts_done: Iterable[float]) -> None:
    """Show the progress of an iterable that yields the part that is done (0 to 1)."""
    shown_at = 0.0
    for done in parts_done:
        if sys.stdout.isatty() and (done >= 1 or time.monotonic() - shown_at > EVERY_SECONDS):
            shown_at = time.monotonic()
            filled = round(done * WIDTH)
            sys.stdout.write(f"\r{title} [{'#' * filled}{'.' * (WIDTH - filled)}] {done:4.0%}")
            sys.stdout.flush()
    if sys.stdout.isatty():
        sys.stdout.write(f"\r{title} [{'#' * WIDTH}] 100%\n")


DAY_MS = 86_400_000
STEPS_OF_THE_STREAM = 1_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the folder; the exit code is 0 when its history is complete."""
    options = _options(arguments)
    try:
        with locked(options.data.resolve()) as directory, offline.database(directory) as database:
            _seed(options, database)
            _save_checkpoint(directory, database)
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.demo.history", description="Give the demo a past.")
    parser.add_argument("--data", type=Path, default=Path(".local"))
    parser.add_argument("--days", type=int, required=True, choices=range(1, 31), metavar="DAYS", help="1 to 30")
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--device-id", required=True)
    return parser.parse_args(arguments)


def _seed(options: argparse.Namespace, database: Database) -> None:
    seeder = importlib.import_module("infra.local.demo.history_seeder")  # it reads the environment, so it comes after
    now_ms = time.time_ns() // 1_000_000
    begin_ms = now_ms - options.days * DAY_MS
    home = seeder.create_home(options.email, options.password, options.device_id, OUTLETS, begin_ms, now_ms)
    show_progress(f"Living through the last {options.days} days", seeder.seed_history(home, begin_ms, now_ms))


def _save_checkpoint(directory: Path, database: Database) -> None:
    """Move the checkpoint behind the seeded records, which were examined already."""
    source = TableStream(database.url, STREAMED_TABLE)
    checkpoint = checkpoints.FileCheckpoint(checkpoints.checkpoint_path(directory, STREAMED_TABLE), source.id)
    position = checkpoint.load()
    while records := source.read(position, STEPS_OF_THE_STREAM):
        position = str(records[-1]["dynamodb"]["SequenceNumber"])
    if position is not None:
        checkpoint.save(position)


if __name__ == "__main__":
    sys.exit(main())
