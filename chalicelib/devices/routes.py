"""Routes of devices: registration, pairing, heartbeat, lists, name, keys."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from chalice.app import Blueprint

from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.accounts.service import get_account
from chalicelib.core.authentication import Call
from chalicelib.core.errors import BadRequest, Conflict
from chalicelib.core.http import route
from chalicelib.core.responses import Reply
from chalicelib.core.schemas import Done, PageQuery
from chalicelib.core.settings import settings
from chalicelib.deletion.service import release_owned_device
from chalicelib.detection import outlet_silence
from chalicelib.detection.reply_schemas import DeviceReply, Heartbeat
from chalicelib.detection.store import load_shown_states
from chalicelib.devices import device_list, pairing_service, schemas, service
from chalicelib.devices.authentication import DEVICE, DeviceCall
from chalicelib.devices.model import Device
from chalicelib.devices.pairing import CLAIM_TTL_MS, POLL_SECONDS
from chalicelib.readings import device_handlers

blueprint = Blueprint(__name__)


@route(blueprint, "POST", "/device/register", body=schemas.RegisterDevice, answers=schemas.DeviceKey, who=SESSION)
def register_device(call: SessionCall[schemas.RegisterDevice]) -> schemas.DeviceKey:
    """Register a device

    Registers a device, or gives your own device a new key. The key is shown once.
    """
    account = get_account(call.session)
    registered = service.register_device(account, call.body.device_id, call.body.device_name, call.now_ms)
    return schemas.DeviceKey(device_id=registered.device.device_id, api_key=registered.api_key)


@route(
    blueprint,
    "POST",
    "/device/heartbeat",
    body=Heartbeat,
    body_optional=True,
    answers=DeviceReply,
    who=DEVICE,
)
def heartbeat(call: DeviceCall[Heartbeat]) -> DeviceReply:
    """Send a heartbeat

    A device says that it is running, and what it did with its relays.
    """
    return device_handlers.handle_heartbeat(call.device, call.body, call.now_ms)


@route(blueprint, "GET", "/device/list", query=PageQuery, answers=schemas.DeviceList, who=SESSION, scope="read")
def list_devices(call: SessionCall[None], query: PageQuery) -> schemas.DeviceList:
    """List devices

    Answers your devices; the one that called last comes first.
    """
    page = device_list.list_device_page(call.owner_id, query.cursor, query.limit, call.now_ms)
    return schemas.DeviceList(devices=_device_parts(page.devices, call.now_ms), cursor=page.cursor)


def _device_parts(devices: list[Device], now_ms: int) -> list[schemas.DevicePart]:
    states = load_shown_states(device.device_uid for device in devices if device.ports)
    upload_seconds = settings().upload_seconds
    return [
        schemas.device_part(
            device, states.get(device.device_uid), now_ms, outlet_silence.heard_ms(device.last_seen_ms, upload_seconds)
        )
        for device in devices
    ]


@route(blueprint, "GET", "/devices", answers=list[dict[str, Any]], who=SESSION, scope="read")
def list_devices_plain(call: SessionCall[None]) -> Reply:
    """List devices as a bare array

    Answers each device with the newest values of its sensors, as the dashboard guide has it.
    """
    return Reply([_plain(device, call.now_ms) for device in device_list.list_devices(call.owner_id)])


def _plain(device: Device, now_ms: int) -> dict[str, object]:
    part = schemas.device_part(device, None, now_ms)
    sensors = {name: value for name, value in (device.sensors or {}).items() if name not in schemas.LIST_FIELDS}
    return {
        **sensors,
        "device_id": part.device_id,
        "name": part.name,
        "status": part.status,
        "last_seen": part.last_seen,
    }


@route(blueprint, "POST", "/devices", body=schemas.AddDevice, answers=Done, status=201, who=SESSION)
def add_device(call: SessionCall[schemas.AddDevice]) -> Done:
    """Add a device

    The dashboard guide's form of registering; answers 400 when the device exists.
    """
    account = get_account(call.session)
    try:
        service.add_device(account, call.body.device_id, call.body.name, call.now_ms)
    except Conflict as error:
        raise BadRequest("This device exists already.", code="device_exists", field="device_id") from error
    return Done(message="Device added successfully")


@route(blueprint, "GET", "/device/{device_id}", answers=schemas.DeviceAnswer, who=SESSION, scope="read")
def get_device(call: SessionCall[None], device_id: str) -> schemas.DeviceAnswer:
    """Get a device

    Answers one of your devices.
    """
    device = service.get_owned_device(call.owner_id, device_id)
    return schemas.DeviceAnswer(device=_device_parts([device], call.now_ms)[0])


@route(blueprint, "PATCH", "/device/{device_id}", body=schemas.RenameDevice, answers=schemas.DeviceAnswer, who=SESSION)
def rename_device(call: SessionCall[schemas.RenameDevice], device_id: str) -> schemas.DeviceAnswer:
    """Rename a device

    Answers the device with its new name.
    """
    device = service.rename_device(call.owner_id, device_id, call.body.name)
    return schemas.DeviceAnswer(device=_device_parts([device], call.now_ms)[0])


@route(blueprint, "DELETE", "/device/{device_id}", answers=Done, who=SESSION)
def release_device(call: SessionCall[None], device_id: str) -> Done:
    """Release a device

    Its key stops working at once, and its data is deleted within a day.
    """
    release_owned_device(call.owner_id, device_id, call.now_ms)
    return Done(message="released")


@route(
    blueprint,
    "POST",
    "/device/{device_id}/key",
    body=schemas.RotateKey,
    body_optional=True,
    answers=schemas.DeviceKey,
    who=SESSION,
)
def rotate_key(call: SessionCall[schemas.RotateKey], device_id: str) -> schemas.DeviceKey:
    """Rotate a device key

    Gives a device a new key, which is shown once.
    """
    api_key = service.rotate_device_key(call.owner_id, device_id, call.body.expires_in_days, call.now_ms)
    return schemas.DeviceKey(device_id=device_id, api_key=api_key)


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
