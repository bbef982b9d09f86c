"""Routes of pairing: the Pi starts and polls, a person looks, approves or denies."""

from __future__ import annotations

from urllib.parse import quote

from chalice.app import Blueprint

from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.accounts.service import get_account
from chalicelib.core.authentication import Call
from chalicelib.core.http import route
from chalicelib.core.settings import settings
from chalicelib.devices import pairing_service, schemas
from chalicelib.devices.pairing import CLAIM_TTL_MS, POLL_SECONDS

blueprint = Blueprint(__name__)


@route(blueprint, "POST", "/device/claim", body=schemas.StartClaim, answers=schemas.ClaimStarted)
def start_claim(call: Call[schemas.StartClaim]) -> schemas.ClaimStarted:
    """Start pairing

    A device asks for a pairing code (RFC 8628).
    """
    device_code, claim = pairing_service.start_pairing(call.body.device_id, call.address_bucket, call.now_ms)
    page = settings().public_url.rstrip("/") + "/"
    return schemas.ClaimStarted(
        device_code=device_code,
        user_code=claim.user_code,
        verification_uri=page,
        verification_uri_complete=f"{page}?code={quote(claim.user_code)}",
        expires_in=CLAIM_TTL_MS // 1_000,
        interval=POLL_SECONDS,
    )


@route(blueprint, "POST", "/device/claim/token", body=schemas.PollClaim, answers=schemas.ClaimedKey)
def poll_claim(call: Call[schemas.PollClaim]) -> schemas.ClaimedKey:
    """Poll for the device key

    The device asks whether a person has approved it, and gets its key once.
    """
    device, api_key = pairing_service.collect_key(call.body.device_code, call.now_ms)
    return schemas.ClaimedKey(device_id=device.device_id, api_key=api_key, owner_tag=device.owner_tag)


@route(blueprint, "GET", "/device/claim/{user_code}", answers=schemas.ClaimAnswer, who=SESSION)
def get_claim(call: SessionCall[None], user_code: str) -> schemas.ClaimAnswer:
    """Get a pairing request

    Answers the device behind a pairing code.
    """
    return schemas.claim_answer(pairing_service.get_claim(call.owner_id, user_code, call.now_ms, call.address_bucket))


@route(blueprint, "POST", "/device/claim/approve", body=schemas.ApproveClaim, answers=schemas.ClaimAnswer, who=SESSION)
def approve_claim(call: SessionCall[schemas.ApproveClaim]) -> schemas.ClaimAnswer:
    """Approve a pairing request

    The device becomes yours.
    """
    account, body = get_account(call.session), call.body
    claim = pairing_service.approve_claim(account, body.user_code, body.device_name, call.now_ms, call.address_bucket)
    return schemas.claim_answer(claim)


@route(blueprint, "POST", "/device/claim/deny", body=schemas.DenyClaim, answers=schemas.ClaimAnswer, who=SESSION)
def deny_claim(call: SessionCall[schemas.DenyClaim]) -> schemas.ClaimAnswer:
    """Deny a pairing request

    Says that the device is not yours.
    """
    return schemas.claim_answer(
        pairing_service.deny_claim(call.owner_id, call.body.user_code, call.now_ms, call.address_bucket)
    )
