"""Pair a device: it asks for a code, a person approves it, and the device collects its key."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from chalicelib.accounts.model import Account
from chalicelib.accounts.service import check_account_open
from chalicelib.accounts.store import put_open_check
from chalicelib.core import shared_limits
from chalicelib.core.dynamo import Transaction, retry_conflicts
from chalicelib.core.errors import BadRequest, Conflict, not_found
from chalicelib.core.event_bus import publish
from chalicelib.core.identifiers import derived_secret, digest, new_secret
from chalicelib.devices.model import Device, DeviceChanged, key_digest, make_api_key
from chalicelib.devices.pairing import CLAIM_TTL_MS, POLL_SECONDS, Claim, new_user_code, normalize_user_code
from chalicelib.devices.pairing_store import (
    delete_claim,
    find_claim,
    load_claim,
    put_claim_approved,
    put_claim_collected,
    save_claim_denied,
    save_claim_polled,
    save_new_claim,
)
from chalicelib.devices.service import DeviceWithKey, new_device, refuse_pairing
from chalicelib.devices.store import load_device, put_device_keys, put_new_device

DEFAULT_NAME = "My Device"
BUSY = "This device keeps changing."
MAX_CLAIMS_PER_SOURCE = 200
"""Within the throttle's window: a whole school class behind one address may pair its Pis, a flood may not."""

MAX_WRONG_CODES_PER_ADDRESS = 50
"""Within the throttle's window, of all its accounts: with a code of 34 bits, that is no way to find one."""


class StartedPairing(NamedTuple):
    """A device code, which only the device learns, and its claim."""

    device_code: str
    claim: Claim


def start_pairing(device_id: str, source_ip: str, now_ms: int) -> StartedPairing:
    """Start the pairing of a device.

    Raises:
        Conflict: The device belongs to somebody, who is notified (code owned), and may not be paired any more.
        TooMany: Too many pairings were started from this address.
    """
    shared_limits.count_attempt(f"claim#{source_ip}", now_ms, MAX_CLAIMS_PER_SOURCE)
    device = load_device(device_id)
    if device is not None and not device.may_be_claimed(now_ms):
        raise refuse_pairing(device, now_ms)
    device_code = new_secret()
    claim = Claim(digest(device_code), new_user_code(), device_id, expires_at_ms=now_ms + CLAIM_TTL_MS)
    save_new_claim(claim)
    return StartedPairing(device_code, claim)


def collect_key(device_code: str, now_ms: int) -> DeviceWithKey:
    """Give a device its key, once a person has approved it.

    The key is derived from the device code. So it can be given again, for a minute and until it is used, without being
    stored. A device that was released meanwhile, also with its account, gets no key.

    Raises:
        BadRequest: authorization_pending, slow_down, expired_token, access_denied (RFC 8628, section 3.5).
    """
    return retry_conflicts(lambda: _collect_key(device_code, now_ms), BUSY)


def _collect_key(device_code: str, now_ms: int) -> DeviceWithKey | None:
    claim = load_claim(digest(device_code))
    if claim is None or claim.expired(now_ms) or not claim.is_collectable(now_ms):
        raise _expired()
    if claim.state == "pending":
        raise _still_pending(claim, now_ms)
    if claim.state == "denied":
        delete_claim(claim)
        raise BadRequest("Pairing was declined.", code="access_denied")
    return _collect(claim, device_code, now_ms)


def _expired() -> BadRequest:
    return BadRequest("This code has expired or has been used; ask for a new one.", code="expired_token")


def _collect(claim: Claim, device_code: str, now_ms: int) -> DeviceWithKey | None:
    """The device and its key; None when something changed at the same moment."""
    device = load_device(claim.device_id)
    if device is None or not claim.approves(device):
        raise BadRequest("The device was released before it had its key; pair it again.", code="access_denied")
    api_key = make_api_key(device.device_id, derived_secret(device_code, f"api key of {device.device_uid}"))
    sha256 = key_digest(api_key)
    if claim.collected_at_ms is not None:
        if device.keys.next_sha256 != sha256:  # it was used, or another one was given since
            raise _expired()
        save_claim_polled(claim, now_ms)
        if claim.polled_too_soon(now_ms):
            raise _slow_down()
        return DeviceWithKey(device, api_key)
    write = Transaction()
    put_claim_collected(write, claim, now_ms)
    put_device_keys(write, device, device.keys.with_next(sha256))
    return DeviceWithKey(device, api_key) if write.commit() else None


def _still_pending(claim: Claim, now_ms: int) -> BadRequest:
    too_soon = claim.polled_too_soon(now_ms)
    save_claim_polled(claim, now_ms)
    if too_soon:
        return _slow_down()
    return BadRequest("Nobody has approved this device yet.", code="authorization_pending")


def _slow_down() -> BadRequest:
    return BadRequest(f"Ask every {POLL_SECONDS} seconds at most.", code="slow_down")


def get_claim(owner_id: str, user_code: str, now_ms: int, address: str = "") -> Claim:
    """The claim of a code that a person typed. Wrong codes count for the person and for the address.

    Raises:
        NotFound: The code is unknown, expired or used.
        TooMany: There were too many wrong codes.
    """
    by_person, by_address = f"claim-code#{owner_id}", f"claim-code-from#{address}"
    shared_limits.count_attempt(by_person, now_ms)
    shared_limits.count_attempt(by_address, now_ms, MAX_WRONG_CODES_PER_ADDRESS)
    claim = find_claim(normalize_user_code(user_code))
    if claim is None or claim.expired(now_ms) or claim.collected_at_ms is not None:
        raise not_found("pairing code (it may have expired)")
    shared_limits.refund_attempt(by_person, now_ms)
    shared_limits.refund_attempt(by_address, now_ms)
    return claim


def approve_claim(account: Account, user_code: str, device_name: str | None, now_ms: int, address: str = "") -> Claim:
    """Make a person the owner of a device: a new one, or the person's own of today whose key was never used.

    Raises:
        NotFound: No such code.
        Conflict: owned (by somebody else, who is notified, or in use); decided (denied meanwhile, or approved by
            somebody else); too_many_devices.
        Unauthenticated: The account was closed meanwhile.
    """

    def attempt() -> Claim | None:
        claim = get_claim(account.user_id, user_code, now_ms, address)
        if claim.state != "pending":
            return _decided(claim, "approved", account.user_id)
        device = load_device(claim.device_id)
        if device is not None and (device.owner_id != account.user_id or not device.may_be_claimed(now_ms)):
            raise refuse_pairing(device, now_ms)
        approved = _approve(account, claim, device, device_name, now_ms)
        if approved is None:
            check_account_open(account)
        return approved

    return retry_conflicts(attempt, BUSY)


def _approve(account: Account, claim: Claim, registered: Device | None, name: str | None, now_ms: int) -> Claim | None:
    """Approve, and store the device, in one transaction; None when something changed at the same moment."""
    device = registered or new_device(account, claim.device_id, name or DEFAULT_NAME, now_ms)
    write = Transaction()
    put_open_check(write, account)
    put_claim_approved(write, claim, device, name)
    if registered is None:
        put_new_device(write, device)
    else:
        put_device_keys(write, registered, registered.keys, name)
        device = replace(registered, name=name or registered.name)
    if not write.commit():
        return None
    publish(DeviceChanged(device))
    return replace(claim, state="approved")


def deny_claim(owner_id: str, user_code: str, now_ms: int, address: str = "") -> Claim:
    """Deny a pairing.

    Raises:
        NotFound: The code is unknown, expired or used.
        Conflict: Somebody approved it already (code decided).
        TooMany: There were too many wrong codes.
    """
    claim = get_claim(owner_id, user_code, now_ms, address)
    if not save_claim_denied(claim, owner_id):
        return _decided(load_claim(claim.device_code_sha256), "denied", owner_id)
    return replace(claim, state="denied")


def _decided(claim: Claim | None, decision: str, owner_id: str) -> Claim:
    if claim is not None and (claim.state, claim.owner_id) == (decision, owner_id):
        return claim
    raise Conflict("This code has been approved or denied already.", code="decided", field="userCode")
