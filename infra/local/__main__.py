"""python -m infra.local: run Ghostwatt on this PC until Ctrl-C."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from infra.local.database.server import LOOPBACK
from infra.local.emulator.connection_limits import MqttLimits
from infra.local.emulator.quiet_logs import quieten
from infra.local.emulator.scheduler import PERIOD_SECONDS
from infra.local.errors import StackError
from infra.local.runner.bootstrap import Addresses, StackSettings, serve
from infra.local.runner.data_directory import locked
from infra.local.runner.memory import keep_small
from infra.local.runner.options import SETTINGS, count, port, seconds
from infra.local.runner.terminal import own_foreground
from infra.local.runner.worker import Worker
from infra.local.tls.listeners import TlsSettings

ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - with TLS only
UNUSABLE = {errno.EACCES, errno.EDQUOT, errno.EEXIST, errno.ENOSPC, errno.ENOTDIR, errno.EPERM, errno.EROFS}
"""What is wrong with a folder that may not be written to, is none, or lies on a full disk."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stack; the exit code is 0 when it was asked to stop, 1 when it could not start or go on."""
    options = _options(arguments)
    keep_small()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("amqtt", "botocore", "engineio", "pynamodb", "socketio", "transitions", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("amqtt.mqtt.protocol").setLevel(logging.ERROR)  # it warns of each late acknowledgement
    quieten()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, _stop)
    try:
        with locked(options.data.resolve()) as directory:
            serve(_settings(options, directory), _tell_ready)
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        if error.errno not in UNUSABLE:
            raise
        sys.stderr.write(f"{error.filename or options.data} cannot be used: {error.strerror or error}.\n")
        return 1
    except KeyboardInterrupt:
        return 1 if Worker.failed.is_set() else 0
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description="Run Ghostwatt on this PC.")
    parser.add_argument("--host", help=f"the address to listen on (default: {LOOPBACK}; of HTTPS and MQTTS all)")
    parser.add_argument("--port", type=port, default=8000, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=Path(".local"), help="where data is kept (default: %(default)s)")
    parser.add_argument("--mqtt-port", type=port, default=0, help="of the MQTT broker, 0 takes a free one (default: 0)")
    for name, most in asdict(MqttLimits()).items():
        option = f"--mqtt-connections-{name.replace('_', '-')}"
        parser.add_argument(option, type=count, default=most, help="at a time, at most (default: %(default)s)")
    parser.add_argument(
        "--sweep-seconds", type=seconds, default=PERIOD_SECONDS, help="between two runs of the schedule"
    )
    for name, setting in SETTINGS.items():
        default = os.environ.get(name, setting.default)
        parser.add_argument(_option(name), type=setting.read, default=default, help=setting.meaning)
    return parser.parse_args(arguments)


def _option(name: str) -> str:
    return f"--{name.lower().replace('_', '-')}"


def _settings(options: argparse.Namespace, directory: Path) -> StackSettings:
    limits = MqttLimits(
        options.mqtt_connections_total, options.mqtt_connections_per_address, options.mqtt_connections_per_device
    )
    tls_host = options.host or ALL_ADDRESSES
    tls = TlsSettings(tls_host, options.https_port, options.mqtts_port, options.tls_names) if options.tls else None
    return StackSettings(
        LOOPBACK if tls else options.host or LOOPBACK,
        options.port,
        directory,
        options.sweep_seconds,
        options.mqtt_port,
        limits,
        tls,
        public_url=options.public_url,
        web_origin=options.web_origin,
        proxies=options.trusted_proxy,
        most_connections=options.max_connections,
        most_per_client=options.max_connections_per_client,
        request_seconds=options.request_seconds,
    )


def _tell_ready(addresses: Addresses) -> None:
    if addresses.https_url:
        sys.stdout.write(
            f"HTTPS at {addresses.https_url}\nMQTTS at {addresses.mqtts_url}\n"
            f"CA at {addresses.https_url}/ca.pem, SHA-256 {addresses.ca_fingerprint}\n"
        )
    sys.stdout.write(f"MQTT at {addresses.mqtt_url}\nready {addresses.url}\n")
    sys.stdout.flush()


def _stop(_number: int, _frame: FrameType | None) -> None:
    """End what the main thread does; one request to stop is enough, more must not disturb the cleaning up."""
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    with own_foreground():
        exit_code = main()
    sys.exit(exit_code)
