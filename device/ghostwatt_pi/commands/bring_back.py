"""`ghostwatt-pi backlog --former` and `--send-former N`: what was put aside at an earlier pairing."""

from __future__ import annotations

import sys
from collections.abc import Callable

from ghostwatt_pi.buffer.archive import Former, bring_back, formers
from ghostwatt_pi.clock import now_ms
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.exit_codes import LEFT_BEHIND, OK
from ghostwatt_pi.commands.formatting import ago, iso, print_json
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.meters.serial_ports import ask_at_terminal
from ghostwatt_pi.settings.config import BadSetting

TO_ACCOUNT = "They go to the account that this device is paired with now. Are they yours? [y/N] "


def show_former(directory: DataDirectory, *, is_json: bool) -> int:
    """List the folders."""
    found = formers(directory)
    if is_json:
        print_json({"former": [_document(each) for each in found]})
    else:
        lines = [f"{each.number}  {_says(each)}" for each in found] or ["Nothing was put aside."]
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return OK


def send_former(context: Context, number: int, send: Callable[[], int]) -> int:
    """Bring one folder back after a yes at a terminal, then `send`. Raises BadSetting, HomeInUse."""
    former = next((each for each in formers(context.directory) if each.number == number), None)
    if former is None:
        raise BadSetting(f"--send-former {number}: there is no such folder; see ghostwatt-pi backlog --former")
    ask = ask_at_terminal()
    if ask is None or ask(f"{_says(former)}. {TO_ACCOUNT}").lower() not in ("y", "yes"):
        sys.stdout.write("Nothing is sent: nobody said yes.\n")
        return LEFT_BEHIND
    with context.directory.lock():
        bring_back(context.directory, former)
    return send()


def _says(former: Former) -> str:
    if not former.readings:
        return "no readings"
    first, last = (ago(at_ms, now_ms()) for at_ms in (former.first_at_ms, former.last_at_ms))
    return f"{former.readings:,} readings, the oldest {first}, the newest {last}"


def _document(former: Former) -> dict[str, object]:
    return {
        "number": former.number,
        "readings": former.readings,
        "firstAt": iso(former.first_at_ms),
        "lastAt": iso(former.last_at_ms),
    }
