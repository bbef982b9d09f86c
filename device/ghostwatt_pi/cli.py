"""The command line: `ghostwatt-pi`."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ghostwatt_pi import __version__, commands
from ghostwatt_pi.claim import ClaimFailed
from ghostwatt_pi.config import BadSetting, load_settings
from ghostwatt_pi.home import Home, HomeInUse
from ghostwatt_pi.identity import BadIdentity
from ghostwatt_pi.measurement import MAX_AMPS, MAX_VOLTS
from ghostwatt_pi.meters.profiles import PROFILES
from ghostwatt_pi.meters.replay import ReplayError
from ghostwatt_pi.tell import tell_json, tell_people, tell_people_all

ERRORS = (BadIdentity, BadSetting, ClaimFailed, HomeInUse, OSError, ReplayError, sqlite3.Error)
"""What a person can do something about: one line, exit code 1. Everything else is a bug and shows its trace."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code: 0 done, 1 an error, 2 a wrong command line, 3 readings were left behind."""
    options = build_parser().parse_args(arguments)
    tell = tell_json if options.tell == "json" else tell_people_all if options.verbose else tell_people
    try:
        settings = load_settings(vars(options))
        context = commands.Context(settings, Home(settings.data_dir), tell)
        context.handle_signals()
        return int(options.command(context, options))
    except ERRORS as error:
        sys.stderr.write(f"ghostwatt-pi: {error}\n")
        return 1


def build_parser() -> argparse.ArgumentParser:
    """All commands and options."""
    parser = argparse.ArgumentParser(prog="ghostwatt-pi", description="Reads power meters and switches outlets.")
    parser.add_argument("--version", action="version", version=__version__)
    common = _common_options()
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    claim = subparsers.add_parser("claim", parents=[common], help="pair this device with an account by a short code")
    claim.add_argument("--new-identity", action="store_true", help="be a new device: forget the old owner's everything")
    claim.set_defaults(command=commands.claim)

    run = subparsers.add_parser("run", parents=[common], help="measure with an Arduino and send")
    run.add_argument("--serial", metavar="PORT", help="the Arduino's port (default: the only one plugged in)")
    run.add_argument("--baud", type=int, default=9600, help="its speed (default: %(default)s)")
    run.set_defaults(command=commands.run)

    _add_simulate(subparsers.add_parser("simulate", parents=[common], help="be a Pi with simulated appliances"))
    _add_replay(subparsers.add_parser("replay", parents=[common], help="send recordings of real appliances"))
    return parser


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--api", metavar="URL", help="the cloud's address, with its /api")
    common.add_argument("--env", choices=["local", "cloud"], help="local: this machine; cloud: the address that is set")
    common.add_argument("--data", metavar="DIR", type=Path, help="folder of identity, key and spool (~/.ghostwatt)")
    common.add_argument("--port", type=int, help="port of the local page, 0 for none (5000)")
    common.add_argument("--tell", choices=["people", "json"], default="people", help="sentences, or a JSON line each")
    common.add_argument("--verbose", action="store_true", help="also tell of every upload")
    return common


def _add_simulate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--profile", action="append", choices=[*PROFILES, "random"], help="an appliance; again for the next channel"
    )
    parser.add_argument("--volts", type=_span(MAX_VOLTS), default=(220.0, 240.0), help="random's volts (220:240)")
    parser.add_argument("--amps", type=_span(MAX_AMPS), default=(0.3, 0.8), help="random's amps (0.3:0.8)")
    parser.add_argument("--interval", type=_number(0.1, 3600), default=2.0, help="seconds between measurements (2)")
    parser.add_argument("--speed", type=_number(0.01, 10_000), default=1.0, help="appliance seconds in a second (1)")
    parser.add_argument("--seed", type=int, help="makes the noise the same each time")
    parser.set_defaults(command=commands.simulate)


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="CSV (t_seconds,power_w), plain or .xz")
    parser.add_argument("--speed", type=_number(1, 1000), default=1.0, help="how many times as fast (1)")
    parser.add_argument("--from", dest="from_hours", type=_number(0, 1e6), default=0.0, help="first hour (0)")
    parser.add_argument("--hours", type=_number(0.001, 1e6), help="how many hours (to the end)")
    parser.add_argument("--channel", type=int, default=1, metavar="N", help="channel of the first file (1)")
    parser.set_defaults(command=commands.replay)


def _number(least: float, most: float) -> Callable[[str], float]:
    """Converts text to a number within bounds."""

    def number(text: str) -> float:
        if not least <= float(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not from {least:g} to {most:g}")
        return float(text)

    return number


def _span(most: float) -> Callable[[str], tuple[float, float]]:
    """Converts `low:high` to two numbers, from 0 to `most`."""
    number = _number(0, most)

    def span(text: str) -> tuple[float, float]:
        low, _, high = text.partition(":")
        low_number, high_number = number(low), number(high or low)
        if low_number > high_number:
            raise argparse.ArgumentTypeError(f"{text}: the lower one comes first")
        return low_number, high_number

    return span
