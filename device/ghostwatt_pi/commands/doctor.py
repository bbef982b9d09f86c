"""`ghostwatt-pi doctor`: checks everything that a reading needs on its way, and says how to fix each problem."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator

from ghostwatt_pi.commands.checks import Finding
from ghostwatt_pi.commands.checks.cloud import check_cloud
from ghostwatt_pi.commands.checks.data_folder import check_disk
from ghostwatt_pi.commands.checks.meter import check_relay, check_serial, check_switch
from ghostwatt_pi.commands.context import OK, UNWELL, Context
from ghostwatt_pi.commands.terminal import print_json

CHECKS: tuple[Callable[[Context], Iterator[Finding]], ...] = (check_cloud, check_serial, check_disk, check_relay)
MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def doctor(context: Context, options: Namespace) -> int:
    """Check and show everything; the exit code says whether anything fails."""
    findings = []
    for finding in _findings(context, options.switch_channel):
        findings.append(finding)
        if not options.json:
            _show(finding)
    if options.json:
        print_json({"findings": [_document(finding) for finding in findings]})
    return UNWELL if any(finding.state == "fail" for finding in findings) else OK


def _findings(context: Context, switch_channel: int | None) -> Iterator[Finding]:
    for check in CHECKS:
        yield from check(context)
    if switch_channel is not None:
        yield from check_switch(context, switch_channel)


def _document(finding: Finding) -> dict[str, object]:
    return {"name": finding.name, "state": finding.state, "says": finding.says, "mend": finding.remediation}


def _show(finding: Finding) -> None:
    sys.stdout.write(f"{MARKS[finding.state]}  {finding.name:8}  {finding.says}\n")
    if finding.remediation:
        sys.stdout.write(f"{'':16}-> {finding.remediation}\n")
    sys.stdout.flush()
