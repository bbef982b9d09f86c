"""The emulator of AWS as a process of its own, on loopback only."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
from botocore.config import Config
from botocore.session import get_session

from tests.conftest import eventually

REGION = "us-east-1"
ROOT_KEY = "test"
"""The emulator takes this name for its account's root; all other keys are asked for their grants."""
PYTHON = Path(os.environ.get("EMULATOR_PYTHON", ".cache/emulator/bin/python")).absolute()
START_SECONDS = 30
STOP_SECONDS = 10


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    url: str
    log: Path

    def client(self, service: str) -> Any:
        """A client with the rights of the account's root."""
        return get_session().create_client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ROOT_KEY,
            aws_secret_access_key=ROOT_KEY,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )


@contextmanager
def running_emulator(directory: Path) -> Iterator[Emulator]:
    """Start it with nothing of this machine's AWS set-up, wait until it is ready, and end it at the end."""
    port, log = _free_port(), directory / "emulator.log"
    emulator = Emulator(f"http://127.0.0.1:{port}", log)
    with log.open("w") as output:
        process = subprocess.Popen(
            [PYTHON, "-m", "ministack.app"],
            env=_environment(port, directory),
            cwd=directory,
            stdout=output,
            stderr=output,
        )
    try:
        eventually(lambda: process.poll() is not None or _is_ready(emulator), "the emulator starts", START_SECONDS)
        assert process.poll() is None, log.read_text()[-2_000:]
        yield emulator
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()


def _environment(port: int, directory: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "STATE_DIR": str(directory),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",  # that listener would be open to the network
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{directory}/no-docker",  # Lambdas run as plain processes
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(emulator: Emulator) -> bool:
    try:
        return requests.get(f"{emulator.url}/_ministack/ready", timeout=1).status_code == HTTPStatus.OK
    except requests.RequestException:
        return False
