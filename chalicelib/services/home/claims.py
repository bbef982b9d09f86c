"""Pairing: a Pi asks for a code, a person approves it, the Pi fetches its key once."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.claims import CLAIM_TTL_MS, POLL_SECONDS, Claim
from chalicelib.domain.devices import Device
from chalicelib.domain.errors import BadRequest, Conflict, not_found
from chalicelib.domain.identity import digest, new_secret, new_user_code, tidy_user_code
from chalicelib.domain.retention import Retention
from chalicelib.services.access import throttle
from chalicelib.services.home import devices
from chalicelib.storage import claims as store
from chalicelib.storage import devices as device_store

DEFAULT_NAME = "My Device"
MAX_CLAIMS_PER_SOURCE = 200
"""Within the throttle's window: a whole school class behind one address may pair its Pis, a flood may not."""

MAX_WRONG_CODES_PER_ADDRESS = 50
"""Within the throttle's window, of all its accounts: with a code of 34 bits, that is no way to find one."""


def start(device_id: str, source_ip: str, now_ms: int) -> tuple[str, Claim]:
    """A claim for a device; returns the device code, which only the Pi learns, and the claim.

    Raises Conflict: owned, when the device belongs to somebody and its key has been used; TooMany.
    """
    throttle.count_and_check(f"claim#{source_ip}", now_ms, MAX_CLAIMS_PER_SOURCE)
    _claimable(device_id)
    device_code = new_secret()
    claim = Claim(digest(device_code), new_user_code(), device_id, expires_at_ms=now_ms + CLAIM_TTL_MS)
    store.add(claim)
    return device_code, claim


def _claimable(device_id: str) -> Device | None:
    device = device_store.load(device_id)
    if device is not None and device.key_was_used:
        raise Conflict(
            "This device belongs to somebody already. Its owner can release it on the page; for a second-hand Pi "
            "there is `ghostwatt-pi claim --new-identity`.",
            code="owned",
            field="deviceId",
        )
    return device


def fetch_key(device_code: str, now_ms: int) -> tuple[Device, str]:
    """The Pi asks whether a person has decided; its device and its key, once, after approval.

    Raises BadRequest: authorization_pending, slow_down, expired_token, access_denied (RFC 8628, section 3.5).
    """
    claim = store.load(digest(device_code))
    if claim is None or claim.expired(now_ms):
        raise BadRequest("This code has expired; ask for a new one.", code="expired_token")
    if claim.state == "pending":
        raise _still_pending(claim, now_ms)
    if not store.take(claim):
        raise BadRequest("This code has been used; ask for a new one.", code="expired_token")
    if claim.state == "denied" or claim.owner_id is None:
        raise BadRequest("The person said no.", code="access_denied")
    return devices.register(claim.owner_id, claim.device_id, claim.device_name or DEFAULT_NAME, now_ms)


def _still_pending(claim: Claim, now_ms: int) -> BadRequest:
    too_soon = claim.polled_too_soon(now_ms)
    store.polled(claim, now_ms)
    if too_soon:
        return BadRequest(f"Ask every {POLL_SECONDS} seconds at most.", code="slow_down")
    return BadRequest("Nobody has approved this device yet.", code="authorization_pending")


def find(owner_id: str, user_code: str, now_ms: int, address: str = "") -> Claim:
    """The claim behind a code that a person typed; wrong ones count for the person and the address they call from.

    Raises NotFound, TooMany.
    """
    by_person, by_address = f"claim-code#{owner_id}", f"claim-code-from#{address}"
    throttle.count_and_check(by_person, now_ms)
    throttle.count_and_check(by_address, now_ms, MAX_WRONG_CODES_PER_ADDRESS)
    claim = store.find(tidy_user_code(user_code))
    if claim is None or claim.expired(now_ms):
        raise not_found("pairing code (it may have expired)")
    throttle.forgive(by_person, now_ms)
    throttle.forgive(by_address, now_ms)
    return claim


def approve(
    owner_id: str,
    user_code: str,
    device_name: str | None,
    now_ms: int,
    retention: Retention | None = None,
    address: str = "",
) -> Claim:
    """A person takes the device; one that was registered but whose key was never used changes hands.

    Raises Conflict: owned, decided (denied meanwhile, or approved by somebody else).
    """
    claim = find(owner_id, user_code, now_ms, address)
    device = _claimable(claim.device_id)
    if not store.decide(claim, "approved", owner_id, device_name):
        return _decided(claim, "approved", owner_id)
    if device is None or device.owner_id != owner_id:
        name = device_name or DEFAULT_NAME
        devices.add(owner_id, claim.device_id, name, now_ms, replacing=device, retention=retention)
    elif device_name is not None:
        devices.rename(owner_id, claim.device_id, device_name)
    return replace(claim, state="approved")


def deny(owner_id: str, user_code: str, now_ms: int, address: str = "") -> Claim:
    """A person says that this device is not theirs. Raises Conflict: decided."""
    claim = find(owner_id, user_code, now_ms, address)
    if not store.decide(claim, "denied", owner_id, None):
        return _decided(claim, "denied", owner_id)
    return replace(claim, state="denied")


def _decided(claim: Claim, wanted: str, owner_id: str) -> Claim:
    now = store.load(claim.device_code_sha256)
    if now is not None and (now.state, now.owner_id) == (wanted, owner_id):
        return now
    raise Conflict("Somebody has decided on this code already.", code="decided", field="userCode")
