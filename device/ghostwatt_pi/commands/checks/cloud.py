"""Checks the way to the cloud: name, connection, TLS, health, the key, and the clock by the cloud's time."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

import requests

from ghostwatt_pi.cloud.client import check_ca_file, open_http
from ghostwatt_pi.cloud.errors import CloudError, KeyRefused
from ghostwatt_pi.commands.checks import Finding, WrongServer
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.settings.config import BadSetting

TIMEOUT_SECONDS = 10.0
CLOCK_OFF_SECONDS = 2.0
"""The agent corrects its stamps by the cloud's time, so a wrong clock is a warning only."""
REPLACE_KEY = "make a new key for it on the page (New key) and write it into {path}; releasing it would end its history"
CHECK_ADDRESS_AND_PORT = "check the address (api) and its port; if they are right, try again in a minute"
CHECK_ADDRESS = "check the address (api); it ends with /api"
NOT_HERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
CHECK_CERTIFICATE = (
    "check the address (api) and the Pi's date; a PC of your own must be trusted first: ghostwatt-pi trust"
)
SET_CLOCK = "let systemd set it: sudo timedatectl set-ntp true"


def check_cloud(context: Context) -> Iterator[Finding]:
    """Check the network first; key and clock only if the cloud can be reached."""
    problem = find_network_problem(context.settings.api, context.settings.ca_file)
    if problem:
        yield problem
        yield Finding("key", "warn", "not checked, since the cloud cannot be asked")
        yield _ntp()
        return
    yield Finding("network", "ok", f"{context.settings.api} answers, and all its parts work")
    yield from _key_and_clock(context)


def find_network_problem(api: str, ca_file: str = "") -> Finding | None:
    """Return the first step on the way to the cloud that fails; None when its health check is good.

    Args:
        api: The cloud's address.
        ca_file: The certificate authority that vouches for it; "" for the usual ones.
    """
    if ca_file:
        try:
            check_ca_file(ca_file)
        except BadSetting as error:
            return _fail(str(error), "set ca_file to the CA's file, or fetch it: ghostwatt-pi trust")
    parts = urlsplit(api)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return _fail(f"the name {host} has no address: {error.strerror}", "is the Pi online? ping 1.1.1.1")
    try:
        with closing(socket.create_connection((host, port), TIMEOUT_SECONDS)) as line:
            if parts.scheme == "https":
                ssl.create_default_context(cafile=ca_file or requests.utils.DEFAULT_CA_BUNDLE_PATH).wrap_socket(
                    line, server_hostname=host
                ).close()
    except ssl.SSLError as error:
        if error.reason == "WRONG_VERSION_NUMBER":
            return _fail(f"{host}:{port} does not speak HTTPS", "check the address (api): its http or https, its port")
        return _fail(f"{host} has no valid certificate: {_reason(error)}", CHECK_CERTIFICATE)
    except OSError as error:
        return _fail(f"{host}:{port} does not answer: {error}", "check the address (api), router and firewall")
    return _find_health_problem(api, parts, ca_file)


def _reason(error: ssl.SSLError) -> str:
    """What OpenSSL says of a certificate, else the error's name."""
    return error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error.reason)


def _find_health_problem(api: str, parts: SplitResult, ca_file: str) -> Finding | None:
    try:
        answer = requests.get(f"{api}/health", timeout=TIMEOUT_SECONDS, allow_redirects=False, verify=ca_file or True)
    except requests.RequestException as error:
        return _fail(f"{parts.hostname} breaks off: {type(error).__name__}", CHECK_ADDRESS_AND_PORT)
    if answer.is_redirect:
        remediation = f"set the address (api) to where it points: {answer.headers['Location'].removesuffix('/health')}"
        return WrongServer("network", "fail", f"{api} points elsewhere", remediation)
    if answer.status_code in NOT_HERE or (answer.ok and not _is_health(answer)):
        return WrongServer("network", "fail", f"{api} is no Ghostwatt cloud", CHECK_ADDRESS)
    if not answer.ok:
        return _fail(
            f"the cloud says {answer.status_code}: {answer.text[:120]}", "wait: readings are kept until it works"
        )
    return None


def _is_health(answer: requests.Response) -> bool:
    """Whether this is the answer of a Ghostwatt cloud's health check."""
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        return False
    return isinstance(body, dict) and "success" in body


def _key_and_clock(context: Context) -> Iterator[Finding]:
    key = context.directory.read_key()
    if key is None and context.directory.is_key_lost():
        yield Finding(
            "key", "fail", "this device's key was damaged", REPLACE_KEY.format(path=context.directory.key_path)
        )
        yield _ntp()
        return
    if key is None:
        yield Finding("key", "fail", "this device is not paired", "ghostwatt-pi claim")
        yield _ntp()
        return
    try:
        with open_http(context.settings) as cloud:
            cloud.heartbeat(key, [])
            off_seconds = cloud.clock.correction_ms / 1000
    except KeyRefused:
        yield Finding("key", "fail", "the cloud refuses this device's key", "pair it again: ghostwatt-pi claim")
        yield _ntp()
    except CloudError as error:
        yield Finding("key", "warn", f"the cloud does not take a heartbeat: {error}", "try again in a minute")
        yield _ntp()
    else:
        yield Finding("key", "ok", "the cloud takes this device's key")
        yield _clock(off_seconds)


def _clock(off_seconds: float) -> Finding:
    if abs(off_seconds) <= CLOCK_OFF_SECONDS:
        return Finding("clock", "ok", f"right to {abs(off_seconds):.1f} s")
    direction = "behind" if off_seconds > 0 else "ahead"
    return Finding(
        "clock", "warn", f"{abs(off_seconds):.0f} s {direction}; readings are corrected by the cloud's", SET_CLOCK
    )


def _ntp() -> Finding:
    """Check, without the cloud's time, whether NTP sets the clock."""
    try:
        status = subprocess.run(
            ["timedatectl", "show", "--property=NTPSynchronized", "--value"],  # noqa: S607 - systemd's, wherever it is
            capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return Finding("clock", "warn", "unknown whether it is right: there is no cloud and no timedatectl")
    if status.stdout.strip() == "yes":
        return Finding("clock", "ok", "set by NTP")
    return Finding("clock", "warn", "not set by NTP", SET_CLOCK)


def _fail(says: str, remediation: str) -> Finding:
    return Finding("network", "fail", says, remediation)
