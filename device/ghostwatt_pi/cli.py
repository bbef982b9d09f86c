"""The command line: `ghostwatt-pi`."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ghostwatt_pi import __version__, backlog, commands, doctor, installing, status, switching
from ghostwatt_pi.claim import ClaimFailed
from ghostwatt_pi.config import BadSetting, flag, load_settings, settings_table
from ghostwatt_pi.context import Context
from ghostwatt_pi.exit_codes import ERROR, MEANINGS
from ghostwatt_pi.home import Home, HomeInUse
from ghostwatt_pi.identity import BadIdentity
from ghostwatt_pi.measurement import MAX_AMPS, MAX_CHANNEL, MAX_VOLTS
from ghostwatt_pi.meters.profiles import PROFILES
from ghostwatt_pi.meters.replay import ReplayError
from ghostwatt_pi.privileges import become_owner
from ghostwatt_pi.program import ProgramMissing
from ghostwatt_pi.relays import RelayError
from ghostwatt_pi.setting import switch as yes_or_no
from ghostwatt_pi.system import CommandFailed, this_system
from ghostwatt_pi.tell import tell_json, tell_people, tell_people_all

ERRORS = (
    BadIdentity,
    BadSetting,
    ClaimFailed,
    CommandFailed,
    HomeInUse,
    OSError,
    ProgramMissing,
    RelayError,
    ReplayError,
    installing.SetupStopped,
    sqlite3.Error,
)
"""What a person can do something about: one line, exit code 1. Everything else is a bug and shows its trace."""
EXIT_CODES = "exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in MEANINGS.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code, one of exit_codes.py."""
    options = build_parser().parse_args(arguments)
    tell = tell_json if options.tell == "json" else tell_people_all if options.verbose else tell_people
    try:
        is_setup = options.command is installing.setup
        settings = load_settings(vars(options), default_dir=this_system().data_dir if is_setup else None)
        if not is_setup:
            become_owner(settings.data_dir)
        context = Context(settings, Home(settings.data_dir, make=not is_setup), tell)
        context.handle_signals()
        return int(options.command(context, options))
    except ERRORS as error:
        sys.stderr.write(f"ghostwatt-pi: {error}\n")
        return ERROR


def build_parser() -> argparse.ArgumentParser:
    """All commands and options."""
    parser = argparse.ArgumentParser(
        prog="ghostwatt-pi", description="Reads power meters and switches outlets.", epilog=EXIT_CODES
    )
    parser.add_argument("--version", action="version", version=__version__)
    common = _common_options()
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[..., int], help_text: str) -> argparse.ArgumentParser:
        added = subparsers.add_parser(name, parents=[common], help=help_text, epilog=EXIT_CODES)
        added.set_defaults(command=command)
        return added

    _add_setup(add("setup", installing.setup, "make all ready: settings, pairing, meter, service"))
    _add_claim(add("claim", commands.claim, "pair this device with an account by a short code"))
    add("run", commands.run, "measure with an Arduino and send")
    _add_looks(add, "status", status.status, "show what the agent does")
    _add_doctor(_add_looks(add, "doctor", doctor.doctor, "check everything, and say how to mend it"))
    _add_simulate(add("simulate", commands.simulate, "be a Pi with simulated appliances"))
    _add_replay(add("replay", commands.replay, "send recordings of real appliances"))
    looks = _add_looks(add, "backlog", backlog.backlog, "show what waits for the cloud")
    looks.add_argument("--send", action="store_true", help="send it now, while no agent runs")
    _add_switch(add("switch", switching.switch, "switch an outlet by hand; the cloud's next command wins"))
    return parser


def _common_options() -> argparse.ArgumentParser:
    """How to tell, and every setting of config.py as a flag."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", metavar="DIR", type=Path, help="folder of identity, key and spool (~/.ghostwatt)")
    common.add_argument("--tell", choices=["people", "json"], default="people", help="sentences, or a JSON line each")
    common.add_argument("--verbose", action="store_true", help="also tell of every upload")
    group = common.add_argument_group(
        "settings", "also GHOSTWATT_... in the environment, and config.toml in the folder"
    )
    for key, written, default in settings_table():
        shown = f"{written.help} ({default})" if default not in ("", ()) else written.help
        if written.parse is yes_or_no:
            group.add_argument(flag(key), action=argparse.BooleanOptionalAction, help=shown)
        else:
            group.add_argument(flag(key), metavar=written.metavar or key.upper(), help=shown)
    return common


def _add_looks(
    add: Callable[..., argparse.ArgumentParser], name: str, command: Callable[..., int], help_text: str
) -> argparse.ArgumentParser:
    """A command that looks at an agent's folder."""
    parser = add(name, command, help_text)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser


def _add_setup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="show all that it would do, and change nothing")
    parser.add_argument(
        "--uninstall", action="store_true", help="remove service and user; the data stays unless you say"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _add_claim(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--new-identity", action="store_true", help="be a new device: forget the old owner's everything"
    )
    parser.add_argument("--keep-readings", action="store_true", help="send the new owner what still waits: it is mine")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the code on stderr")


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--switch", dest="switch_channel", type=int, metavar="N", help="also switch this outlet off and on, after a yes"
    )


def _add_switch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("channel", type=int, choices=range(1, MAX_CHANNEL + 1), metavar="CHANNEL")
    parser.add_argument("state", choices=["on", "off"])


def _add_simulate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--profile", action="append", choices=[*PROFILES, "random"], help="an appliance; again for the next channel"
    )
    parser.add_argument("--volts", type=_span(MAX_VOLTS), default=(220.0, 240.0), help="random's volts (220:240)")
    parser.add_argument("--amps", type=_span(MAX_AMPS), default=(0.3, 0.8), help="random's amps (0.3:0.8)")
    parser.add_argument("--interval", type=_number(0.1, 3600), default=2.0, help="seconds between measurements (2)")
    parser.add_argument("--speed", type=_number(0.01, 10_000), default=1.0, help="appliance seconds in a second (1)")
    parser.add_argument("--seed", type=int, help="makes the noise the same each time")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="CSV (t_seconds,power_w), plain or .xz")
    parser.add_argument("--speed", type=_number(1, 1000), default=1.0, help="how many times as fast (1)")
    parser.add_argument("--from", dest="from_hours", type=_number(0, 1e6), default=0.0, help="first hour (0)")
    parser.add_argument("--hours", type=_number(0.001, 1e6), help="how many hours (to the end)")
    parser.add_argument("--channel", type=int, default=1, metavar="N", help="channel of the first file (1)")


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
