"""Schemathesis against a running PC stack: requests made from openapi.json, answers held to it.

    python -m tests.fuzz.openapi_fuzz --examples 50 --seed 1

The exit code is that of schemathesis: 1 when an answer was a 5xx or is not what openapi.json says.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from infra.local.emulator.template import ROOT
from infra.local.runner.process import running_stack
from tests.contract.household import settle
from tests.fuzz.attack import caller

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
"""Left out: unsupported methods, since ours answer 404 by contract; and whether bad data is refused or good data taken,
since rules between fields stand in words, not in the schema."""
ENDS_THE_SESSION = ("/account/logout", "/account/sessions/{sessionId}")
SECONDS = 1_500


def run(
    directory: Path,
    examples: int,
    seed: int,
    phases: str = "coverage,fuzzing",
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Fuzz a new stack.

    Args:
        directory: An empty folder for the stack's data.
        examples: Requests a route at most, of each kind.
        seed: The same seed gives the same requests.
        phases: Of schemathesis; `coverage` goes through the edges of each field and takes most of the time.
        environment: Settings of the stack.

    Returns:
        The exit code of schemathesis, and what it printed.
    """
    with running_stack(directory, environment=environment) as stack, requests.Session() as session:
        api = f"{stack.base_url}/api"
        household = settle(caller(api, session))
        headers = [
            f"x-session-token: {household.person.token}",
            f"Authorization: Device {household.device.api_key}",
        ]
        options = [f"--checks={CHECKS}", f"--phases={phases}", "--no-color", "--continue-on-failure"]
        options += [f"--max-examples={examples}", f"--seed={seed}", "--warnings=off", "--suppress-health-check=all"]
        options += [f"--exclude-path={path}" for path in ENDS_THE_SESSION]
        options += [f"--header={header}" for header in headers]
        command = [str(Path(sys.executable).with_name("st")), "run", f"{api}/openapi.json", f"--url={api}", *options]
        done = subprocess.run(
            command,
            cwd=directory,
            env={**os.environ, "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        still_there = requests.get(f"{api}/health", timeout=60)
        if not still_there.ok:
            return 1, f"{done.stdout}\nafter it, health was {still_there.status_code}"
    return done.returncode, done.stdout + done.stderr


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.openapi_fuzz", description="Fuzz a PC stack of its own."
    )
    parser.add_argument("--examples", type=int, default=50, help="requests a route at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ghostwatt-fuzz-") as directory:
        code, said = run(Path(directory), options.examples, options.seed)
    sys.stdout.write(said)
    return code


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
