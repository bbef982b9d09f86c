"""The command line's grammar: every command and option, and every setting as a flag."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from ghostwatt_pi.commands.backlog import backlog
from ghostwatt_pi.commands.context import EXIT_CODE_MEANINGS
from ghostwatt_pi.commands.doctor import doctor
from ghostwatt_pi.commands.pairing import claim
from ghostwatt_pi.commands.run import replay, run_with_arduino, simulate
from ghostwatt_pi.commands.settings_list import show_settings
from ghostwatt_pi.commands.status import show_status
from ghostwatt_pi.commands.switching import switch
from ghostwatt_pi.commands.trust import trust
from ghostwatt_pi.local.access import NULL_ORIGIN, WEB_ORIGIN
from ghostwatt_pi.measurement import MAX_AMPS, MAX_CHANNEL, MAX_VOLTS
from ghostwatt_pi.meters.simulated import PROFILES
from ghostwatt_pi.settings import values
from ghostwatt_pi.settings.config import flag, settings_table
from ghostwatt_pi.setup.command import setup
from ghostwatt_pi.version import VERSION

EXIT_CODES = "exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODE_MEANINGS.items())
EPILOG = f"Every setting is a flag of each command: ghostwatt-pi settings. {EXIT_CODES}"


TAKES = {"replay": "FILE [FILE ...]", "switch": "CHANNEL {on,off}"}
EXAMPLES = {
    "setup": "setup --api https://your-cloud.example/api",
    "trust": "trust --api https://192.168.1.20:8443/api",
    "run": "run --serial /dev/ttyACM0",
    "doctor": "doctor --switch 1",
    "simulate": "simulate --profile television --profile fridge",
    "replay": "replay tv.csv.xz --speed 700 --hours 24",
    "backlog": "backlog --send",
    "switch": "switch 1 off",
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands and options."""
    parser = argparse.ArgumentParser(
        prog="ghostwatt-pi", description="Reads power meters and switches outlets.", epilog=EPILOG
    )
    parser.add_argument("--version", action="version", version=VERSION)
    common = _common_options()
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[..., int], help_text: str) -> argparse.ArgumentParser:
        takes = f" {TAKES[name]}" if name in TAKES else ""
        added = subparsers.add_parser(
            name,
            parents=[common],
            help=help_text,
            usage=f"ghostwatt-pi {name}{takes} [options] [settings]",
            description=f"{help_text[0].upper()}{help_text[1:]}. For example: ghostwatt-pi {EXAMPLES.get(name, name)}",
            epilog=EPILOG,
        )
        added.set_defaults(command=command)
        return added

    _add_setup(add("setup", setup, "set everything up: settings, pairing, meter, service"))
    _add_claim(add("claim", claim, "pair this device with an account by a short code"))
    _add_trust(add("trust", trust, "trust a PC's own certificate authority, once you have compared its fingerprint"))
    add("run", run_with_arduino, "measure with an Arduino and send")
    _add_inspection(add, "status", show_status, "show what the agent does")
    _add_doctor(_add_inspection(add, "doctor", doctor, "check everything, and say how to fix it"))
    _add_simulate(add("simulate", simulate, "measure simulated appliances and send"))
    _add_replay(add("replay", replay, "send recordings of real appliances"))
    backlog_parser = _add_inspection(add, "backlog", backlog, "show what waits for the cloud")
    _add_backlog(backlog_parser)
    add("settings", show_settings, "show every setting: its flag, meaning, default, and value here")
    _add_switch(add("switch", switch, "switch an outlet by hand; the cloud's next command wins"))
    return parser


def _common_options() -> argparse.ArgumentParser:
    """The form of the log, and every setting of config.py as a flag."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", metavar="DIR", type=Path, help="folder of identity, key and buffer (~/.ghostwatt)")
    common.add_argument("--tell", choices=["people", "json"], default="people", help="sentences, or a JSON line each")
    common.add_argument("--verbose", action="store_true", help="also log every upload")
    for key, written, _ in settings_table():  # listed once, by `ghostwatt-pi settings`
        if written.parse is values.switch:
            common.add_argument(flag(key), action=argparse.BooleanOptionalAction, help=argparse.SUPPRESS)
        else:
            common.add_argument(flag(key), metavar=written.value or key.upper(), help=argparse.SUPPRESS)
    for key in values.RETIRED:
        common.add_argument(flag(key), action=argparse.BooleanOptionalAction, help=argparse.SUPPRESS)
    return common


def _add_inspection(
    add: Callable[..., argparse.ArgumentParser], name: str, command: Callable[..., int], help_text: str
) -> argparse.ArgumentParser:
    """Add a command that shows something of the agent, also as JSON."""
    parser = add(name, command, help_text)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser


def _add_setup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="show every step, and change nothing")
    parser.add_argument(
        "--uninstall", action="store_true", help="remove service and user; the data stays unless you say otherwise"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _add_claim(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--new-identity",
        action="store_true",
        help="become a new device: remove key, readings and relay states of the old owner",
    )
    parser.add_argument(
        "--keep-readings", action="store_true", help="also send the readings that wait, which are yours"
    )
    parser.add_argument(
        "--allow-page",
        type=_page_origin,
        metavar="ORIGIN",
        help="let a page of this origin pair the device, for ten minutes: http://192.168.1.5:5173, or null for a file",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the code on stderr")


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fingerprint", metavar="SHA256", help="the one that the PC shows; without it you are asked")


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--switch",
        dest="switch_channel",
        type=_channel,
        metavar="N",
        help="also switch this outlet off and on, after a yes",
    )


def _add_backlog(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--send", action="store_true", help="send it now, while no agent runs")
    what.add_argument("--former", action="store_true", help="show what version 0.1.0 archived at a later pairing")
    what.add_argument("--send-former", type=int, metavar="N", help="bring that back and send it, after a yes")


def _add_switch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("channel", type=_channel, metavar="CHANNEL", help=f"1 to {MAX_CHANNEL}")
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
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="CSV, plain, .gz or .xz")
    parser.add_argument("--speed", type=_number(1, 1000), default=1.0, help="how many times as fast (1)")
    parser.add_argument("--from", dest="from_hours", type=_number(0, 1e6), default=0.0, help="first hour (0)")
    parser.add_argument("--hours", type=_number(0.001, 1e6), help="how many hours (to the end)")
    parser.add_argument("--channel", type=_channel, default=1, metavar="N", help="channel of the first file (1)")


def _number(least: float, most: float) -> Callable[[str], float]:
    """Make a converter of text to a number within bounds."""

    def number(text: str) -> float:
        if not least <= float(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not from {least:g} to {most:g}")
        return float(text)

    return number


def _page_origin(text: str) -> str:
    """Convert text to the origin of a page, as browsers write it."""
    origin = text.lower().rstrip("/")
    if origin != NULL_ORIGIN and not WEB_ORIGIN.fullmatch(origin):
        raise argparse.ArgumentTypeError(f"{text!r} is no origin like http://192.168.1.5:5173, and not null")
    return origin


def _channel(text: str) -> int:
    """Convert text to a channel."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= MAX_CHANNEL:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to {MAX_CHANNEL}")
    return int(text)


def _span(most: float) -> Callable[[str], tuple[float, float]]:
    """Make a converter of `low:high` to two numbers from 0 to `most`."""
    number = _number(0, most)

    def span(text: str) -> tuple[float, float]:
        low, _, high = text.partition(":")
        low_number, high_number = number(low), number(high or low)
        if low_number > high_number:
            raise argparse.ArgumentTypeError(f"{text}: the lower one comes first")
        return low_number, high_number

    return span
