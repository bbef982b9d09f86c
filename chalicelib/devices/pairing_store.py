"""Storage of claims (pairings under way): one item each, by the digest of the device code; index by user code."""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.core.dynamo import Item, Transaction, table_name
from chalicelib.devices.model import Device
from chalicelib.devices.pairing import Claim


class ByUserCode(GlobalSecondaryIndex["ClaimItem"]):
    class Meta:
        index_name = "by_user_code"
        projection = AllProjection()

    user_code = UnicodeAttribute(hash_key=True)


class ClaimItem(Item):
    class Meta:
        table_name = table_name("claims")

    device_code_sha256 = UnicodeAttribute(hash_key=True)
    user_code = UnicodeAttribute()
    device_id = UnicodeAttribute()
    expires_at_ms = NumberAttribute()
    expires_at = NumberAttribute()
    state = UnicodeAttribute()
    owner_id = UnicodeAttribute(null=True)
    device_name = UnicodeAttribute(null=True)
    polled_at_ms = NumberAttribute(null=True)
    device_uid = UnicodeAttribute(null=True)
    collected_at_ms = NumberAttribute(null=True)
    by_user_code = ByUserCode()


def _claim(item: ClaimItem) -> Claim:
    return Claim(
        device_code_sha256=item.device_code_sha256,
        user_code=item.user_code,
        device_id=item.device_id,
        expires_at_ms=int(item.expires_at_ms),
        state=item.state,  # type: ignore[arg-type]  # only ClaimState is ever stored
        owner_id=item.owner_id,
        device_name=item.device_name,
        polled_at_ms=None if item.polled_at_ms is None else int(item.polled_at_ms),
        device_uid=item.device_uid,
        collected_at_ms=None if item.collected_at_ms is None else int(item.collected_at_ms),
    )


def save_new_claim(claim: Claim) -> None:
    """Store a new claim."""
    ClaimItem(
        claim.device_code_sha256,
        user_code=claim.user_code,
        device_id=claim.device_id,
        expires_at_ms=claim.expires_at_ms,
        expires_at=claim.expires_at_ms // 1_000,
        state=claim.state,
    ).save()


def load_claim(device_code_sha256: str) -> Claim | None:
    """The claim of a device code; None if there is none."""
    try:
        return _claim(ClaimItem.get(device_code_sha256, consistent_read=True))
    except ClaimItem.DoesNotExist:
        return None


def find_claim(user_code: str) -> Claim | None:
    """The claim of a user code; None if there is none."""
    item = next(iter(ClaimItem.by_user_code.query(user_code, limit=1)), None)
    return None if item is None else load_claim(item.device_code_sha256)


def put_claim_approved(write: Transaction, claim: Claim, device: Device, device_name: str | None) -> None:
    """Add an approval to a transaction, on the condition that nobody has decided yet."""
    actions: list[Action] = [
        ClaimItem.state.set("approved"),
        ClaimItem.owner_id.set(device.owner_id),
        ClaimItem.device_uid.set(device.device_uid),
    ]
    if device_name is not None:
        actions.append(ClaimItem.device_name.set(device_name))
    write.update(ClaimItem(claim.device_code_sha256), actions=actions, condition=ClaimItem.state == "pending")


def save_claim_denied(claim: Claim, owner_id: str) -> bool:
    """Store a denial; False when somebody has decided already."""
    actions = [ClaimItem.state.set("denied"), ClaimItem.owner_id.set(owner_id)]
    return _update(claim, actions, ClaimItem.state == "pending")


def put_claim_collected(write: Transaction, claim: Claim, now_ms: int) -> None:
    """Add to a transaction that the device gets its key, on the condition that it did not get it yet."""
    unused = (ClaimItem.state == "approved") & ClaimItem.collected_at_ms.does_not_exist()
    actions: list[Action] = [ClaimItem.collected_at_ms.set(now_ms), ClaimItem.polled_at_ms.set(now_ms)]
    write.update(ClaimItem(claim.device_code_sha256), actions=actions, condition=unused)


def save_claim_polled(claim: Claim, now_ms: int) -> bool:
    """Store when the device asked; False when the claim has another state by now."""
    return _update(claim, [ClaimItem.polled_at_ms.set(now_ms)], ClaimItem.state == claim.state)


def delete_claim(claim: Claim) -> bool:
    """Delete an ended claim; True for the one caller that did it."""
    return ClaimItem(claim.device_code_sha256).delete_if(ClaimItem.device_code_sha256.exists())


def _update(claim: Claim, actions: Sequence[Action], condition: Condition) -> bool:
    return ClaimItem(claim.device_code_sha256).update_if(actions=list(actions), condition=condition)
