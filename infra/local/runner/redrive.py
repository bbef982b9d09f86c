"""python -m infra.local.runner.redrive: run the dead letters of a data folder through their handlers again."""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from infra.local.emulator.checkpoints import DeadLetterFile
from infra.local.emulator.lambda_context import LambdaContext
from infra.local.errors import StackError
from infra.local.runner import offline
from infra.local.runner.bootstrap import DEAD_LETTERS
from infra.local.runner.data_directory import locked

Handle = Callable[[dict[str, Any]], None]
NO_LIMITS = "device_calls=off,device_readings=off"
"""A record that passed the limits once is not counted again."""
LOG = logging.getLogger("ghostwatt.redrive")


class FailedAgain(Exception):
    """A record failed again."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Redrive; the exit code is 0 when no letter is left, 1 when some are or it could not begin."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.runner.redrive", description="Run dead letters again.")
    parser.add_argument("--data", type=Path, default=Path(".local"), help="the data folder of a stopped stack")
    data = parser.parse_args(arguments).data.resolve()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if not (data / DEAD_LETTERS).exists():
        sys.stdout.write(f"There are no dead letters in {data}.\n")
        return 0
    try:
        with locked(data) as directory:
            os.environ["LIMITS"] = NO_LIMITS
            with offline.database(directory):
                done, left = redrive(DeadLetterFile(directory / DEAD_LETTERS), handler())
    except (StackError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Dead letters: {done} went through, {left} failed again and stay in {data / DEAD_LETTERS}.\n")
    return 1 if left else 0


def redrive(letters: DeadLetterFile, handle: Handle) -> tuple[int, int]:
    """Hand each letter's record to its handler again, in their order.

    Returns:
        How many went through, and are letters no more; how many stay, each with what was wrong this time.
    """
    done = 0

    def stays(line: bytes) -> bytes | None:
        nonlocal done
        try:
            letter = json.loads(line)
            record = dict(letter["record"])
        except (ValueError, TypeError, KeyError):
            LOG.warning("a line is no dead letter, and stays as it is")
            return line
        try:
            handle(record)
        except Exception as error:  # whatever it is: the record stays, and those behind it have their turn
            LOG.warning("the record of %s failed again", letter.get("givenUpAt"), exc_info=True)
            return json.dumps(letter | {"error": repr(error)}).encode()
        done += 1
        return None

    left = letters.sift(stays)
    return done, left


def handler() -> Handle:
    """Make the function that handles a record of either kind; importing the handlers reads the environment."""
    examine = importlib.import_module("chalicelib.entrypoints.stream").examine
    record_message = importlib.import_module("chalicelib.entrypoints.mqtt").mqtt_data

    def handle(record: dict[str, Any]) -> None:
        if "dynamodb" not in record:
            if not record.get("principal"):
                raise FailedAgain("it does not say who published it, as an earlier version left it")
            record_message(record, LambdaContext("mqtt_data"))
        elif examine({"Records": [record]}, LambdaContext("stream"))["batchItemFailures"]:
            raise FailedAgain("named in batchItemFailures")

    return handle


if __name__ == "__main__":
    sys.exit(main())
