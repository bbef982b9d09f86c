"""`ghostwatt-pi claim`, and the pairing that other commands begin with."""

from __future__ import annotations

from argparse import Namespace
from contextlib import nullcontext

from ghostwatt_pi import identity
from ghostwatt_pi.buffer.ownership import take_ownership
from ghostwatt_pi.cloud.claim import Claimer, ClaimFailed
from ghostwatt_pi.cloud.client import open_http
from ghostwatt_pi.cloud.errors import CloudError
from ghostwatt_pi.commands.checks import WrongServer
from ghostwatt_pi.commands.checks.cloud import find_network_problem
from ghostwatt_pi.commands.components import local_page
from ghostwatt_pi.commands.context import OK, Context
from ghostwatt_pi.commands.terminal import ask_at_terminal, print_json
from ghostwatt_pi.local.access import NULL_ORIGIN, ConfirmationWord
from ghostwatt_pi.local.allowed_page import ALLOWED_MS, allow_page
from ghostwatt_pi.measurement import now_ms
from ghostwatt_pi.settings.config import sends_in_clear


def claim(context: Context, options: Namespace) -> int:
    """Pair this device, with a new identity if asked for. A running agent takes the new key up by itself."""
    if not options.new_identity and is_paired_and_well(context):
        context.log("paired_already", deviceId=identity.device_id_if_known(context.directory))
        if options.json:
            print_json({"deviceId": identity.device_id_if_known(context.directory), "paired": True})
        return OK
    if options.allow_page:
        _allow_page(context, options.allow_page)
    is_running = context.directory.is_in_use() and not options.new_identity
    with nullcontext() if is_running else context.directory.lock():
        if options.new_identity:
            identity.new_device_id(context.directory)
            context.directory.forget_owner()
        with nullcontext() if is_running else local_page(context):
            is_paired = pair(context, keep_readings=options.keep_readings)
        if is_paired and not is_running:
            take_ownership(context.directory, context.log)
    if options.json:
        print_json({"deviceId": identity.device_id(context.directory), "paired": is_paired})
    return OK


def _allow_page(context: Context, origin: str) -> None:
    """Let a page of this origin pair the device. Raises ClaimFailed for a file's page without a word."""
    word = _ask_for_page_word() if origin == NULL_ORIGIN else ""
    permission = allow_page(context.directory.allowed_page_path, origin, word, now_ms())
    context.log("page_allowed", origin=permission.origin, minutes=ALLOWED_MS // 60_000)


def _ask_for_page_word() -> str:
    ask = ask_at_terminal()
    if ask is None:
        raise ClaimFailed("--allow-page null needs somebody at the Pi's terminal, who types a word for the page")
    word = ask("Any page may claim to be a file. Type a word of at least 6 letters, and the same into the page: ")
    if not ConfirmationWord(word).is_strong:
        raise ClaimFailed("this word is too short: at least 6 letters or digits")
    return word


def is_paired_and_well(context: Context) -> bool:
    """Whether the cloud accepts this device's key."""
    key = context.directory.read_key()
    if key is None:
        return False
    try:
        with open_http(context.settings) as cloud:
            cloud.heartbeat(key, [])
    except CloudError:
        return False
    return True


def pair(context: Context, *, keep_readings: bool = False) -> bool:
    """Claim this device.

    Args:
        context: The command's context.
        keep_readings: Send the new owner also the readings that wait.

    Returns:
        Whether it is paired; False if it was stopped.

    Raises:
        ClaimFailed: The cloud refuses, or is none.
    """
    device_id = identity.device_id(context.directory)
    if sends_in_clear(context.settings.api):
        context.log("warning", text=f"{context.settings.api} is not https: the key will travel unencrypted")
    with open_http(context.settings) as cloud:
        claimer = Claimer(
            context.directory,
            cloud,
            device_id,
            context.claim_state,
            context.log,
            context.stop,
            keep_readings=keep_readings,
            alive=context.notifier.alive,
            explain=lambda: _explain_failure(context),
        )
        return claimer.claim()


def _explain_failure(context: Context) -> None:
    """Log why the cloud does not answer. Raises ClaimFailed when waiting will not help."""
    problem = find_network_problem(context.settings.api, context.settings.ca_file)
    if isinstance(problem, WrongServer):
        raise ClaimFailed(f"{problem.says}: {problem.remediation}")
    if problem:
        context.log("warning", text=f"{problem.says}: {problem.remediation}")
