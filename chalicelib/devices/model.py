"""A device (a Pi): who owns it, which keys open it, what it last said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from chalicelib.accounts.retention import Retention
from chalicelib.core.identifiers import constant_time_equal, digest
from chalicelib.core.times import DAY_MS
from chalicelib.devices.device_alerts import AgentReport
from chalicelib.devices.liveness import Presence

MAX_DEVICES_PER_OWNER = 1_000
MAX_PORTS_PER_DEVICE = 32
KEY_PREFIX = "gwk"
OWNER_TAG_DIGITS = 32
"""128 bits: no two accounts have the same tag."""
CLAIMABLE_MS = DAY_MS
"""A device that was registered and not set up within a day is more likely somebody's plan than a pairing under way."""
MAX_MQTT_CLIENTS = 16
"""Client ids that are remembered of a device, to end its connections by; nearly all use the device id."""
MAX_KEY_LENGTH = 256
"""The prefix, a device id of up to 128 characters and 43 of secret: nothing longer is worth a look."""


@dataclass(frozen=True, slots=True)
class PortName:
    """What a list of devices needs to know of a port without reading it."""

    port_id: str
    name: str
    channel: int


@dataclass(frozen=True, slots=True)
class Keys:
    """The digests of a device's keys: the current one, and the next until it is first used."""

    current_sha256: str | None = None
    current_expires_at_ms: int | None = None
    next_sha256: str | None = None
    next_expires_at_ms: int | None = None

    def rotated(self, sha256: str, expires_at_ms: int | None = None) -> Keys:
        """With a new key waiting for its first use; the one before lives on until then, used or not."""
        if self.current_sha256 is None:
            return Keys(self.next_sha256, self.next_expires_at_ms, sha256, expires_at_ms)
        return replace(self, next_sha256=sha256, next_expires_at_ms=expires_at_ms)

    def fits(self, sha256: str, now_ms: int) -> Literal["current", "next"] | None:
        """Which of the keys this digest is, None if neither or expired."""
        if _opens(self.next_sha256, self.next_expires_at_ms, sha256, now_ms):
            return "next"
        if _opens(self.current_sha256, self.current_expires_at_ms, sha256, now_ms):
            return "current"
        return None

    def expires_at_ms(self, sha256: str) -> int | None:
        """When the key with this digest ends, None for never."""
        return self.next_expires_at_ms if sha256 == self.next_sha256 else self.current_expires_at_ms

    def any_alive(self, now_ms: int) -> bool:
        """Whether any key opens the device."""
        known = ((self.current_sha256, self.current_expires_at_ms), (self.next_sha256, self.next_expires_at_ms))
        return any(sha256 is not None and _alive(expires_at_ms, now_ms) for sha256, expires_at_ms in known)

    def promoted(self) -> Keys:
        """After the first use of the next key: it is the only one."""
        return Keys(current_sha256=self.next_sha256, current_expires_at_ms=self.next_expires_at_ms)


def _opens(key_sha256: str | None, expires_at_ms: int | None, sha256: str, now_ms: int) -> bool:
    return key_sha256 is not None and constant_time_equal(key_sha256, sha256) and _alive(expires_at_ms, now_ms)


def _alive(expires_at_ms: int | None, now_ms: int) -> bool:
    return expires_at_ms is None or now_ms < expires_at_ms


@dataclass(frozen=True, slots=True)
class Device:
    """A Pi. device_uid is random and new at each change of owner: all that is recorded hangs on it.

    previous_seen_ms is when it called before last_seen_ms. due_at_ms is when the sweep looks at it, at the latest when
    it becomes offline; None for not at all.
    mqtt_clients are the latest MQTT client ids of it other than its device_id; pairing_told_at_ms is when its owner was
    last told that somebody tried to pair it.
    """

    device_id: str
    device_uid: str
    owner_id: str
    name: str
    created_at_ms: int
    keys: Keys = field(default_factory=Keys)
    online: bool = False
    last_seen_ms: int | None = None
    sensors: Mapping[str, float] | None = None
    sensors_at_ms: int | None = None
    ports: tuple[PortName, ...] = ()
    ports_version: int = 0
    presence: Presence = field(default_factory=Presence)
    agent: AgentReport = field(default_factory=AgentReport)
    retention: Retention = field(default_factory=Retention)
    due_at_ms: int | None = None
    previous_seen_ms: int | None = None
    mqtt_clients: tuple[str, ...] = ()
    pairing_told_at_ms: int | None = None

    def may_be_claimed(self, now_ms: int) -> bool:
        """Whether its owner may still pair it by a code: its key was never used, and it was registered today."""
        return not self.key_was_used and now_ms - self.created_at_ms < CLAIMABLE_MS

    def is_pairing_news(self, now_ms: int) -> bool:
        """Whether the owner is to be told that somebody tries to pair it: once a day."""
        return self.pairing_told_at_ms is None or now_ms - self.pairing_told_at_ms >= DAY_MS

    @property
    def owner_tag(self) -> str:
        """The same for each pairing of this device by this account: so the Pi notices a change of owner."""
        return digest(f"owner {self.owner_id} of {self.device_id}")[:OWNER_TAG_DIGITS]

    @property
    def mqtt_client_ids(self) -> tuple[str, ...]:
        """The client ids of its MQTT connections: its own id, and those that it last signed in with instead."""
        return (self.device_id, *self.mqtt_clients)

    @property
    def key_was_used(self) -> bool:
        """Whether any key of it was ever used.

        A first use leaves a current key and no next one. With both, an unused key may only have been followed by
        another: then a call that was noted tells.
        """
        is_alone = self.keys.next_sha256 is None
        return self.keys.current_sha256 is not None and (is_alone or self.last_seen_ms is not None)


def api_key(device_id: str, secret: str) -> str:
    """The key a device sends: it names its device, so that one read finds both."""
    return f"{KEY_PREFIX}.{device_id}.{secret}"


def device_id_of(key: str) -> str | None:
    """The device a key names, None if it is no key of ours."""
    prefix, _, rest = key.partition(".")
    device_id, dot, secret = rest.partition(".")
    well_formed = prefix == KEY_PREFIX and dot and device_id and secret and len(key) <= MAX_KEY_LENGTH
    return device_id if well_formed else None


def principal(device_uid: str, key_sha256: str) -> str:
    """What the MQTT broker calls a connection: whose it is, and by which key. Letters and digits, as AWS IoT asks."""
    return f"{device_uid}k{key_sha256}"


def parse_principal(text: str) -> tuple[str, str]:
    """The device_uid and the digest of the key in a principal; empty texts if it is none of ours."""
    device_uid, _, key_sha256 = text.rpartition("k")
    return device_uid, key_sha256


def key_digest(key: str) -> str:
    """What is stored of a key."""
    return digest(key)
