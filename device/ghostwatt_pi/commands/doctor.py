"""`ghostwatt-pi doctor`: checks what a reading needs on its way, and says how to mend what is broken."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict

from ghostwatt_pi.commands.checks.cloud import check_cloud
from ghostwatt_pi.commands.checks.disk import check_disk
from ghostwatt_pi.commands.checks.finding import Finding
from ghostwatt_pi.commands.checks.meter import check_relay, check_serial, check_switch
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.exit_codes import OK, UNWELL
from ghostwatt_pi.commands.words import print_json

CHECKS: tuple[Callable[[Context], Iterator[Finding]], ...] = (check_cloud, check_serial, check_disk, check_relay)
MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def doctor(context: Context, options: Namespace) -> int:
    """Check, show, and give back whether anything fails."""
    found = []
    for finding in _findings(context, options.switch_channel):
        found.append(finding)
        if not options.json:
            _show(finding)
    if options.json:
        print_json({"findings": [asdict(finding) for finding in found]})
    return UNWELL if any(finding.state == "fail" for finding in found) else OK


def _findings(context: Context, switch_channel: int | None) -> Iterator[Finding]:
    for check in CHECKS:
        yield from check(context)
    if switch_channel is not None:
        yield from check_switch(context, switch_channel)


def _show(finding: Finding) -> None:
    sys.stdout.write(f"{MARKS[finding.state]}  {finding.name:8}  {finding.says}\n")
    if finding.mend:
        sys.stdout.write(f"{'':16}-> {finding.mend}\n")
    sys.stdout.flush()
