"""A device: its owner, its keys, and what it last reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from chalicelib.accounts.retention import Retention
from chalicelib.core.identifiers import constant_time_equal, digest
from chalicelib.core.times import DAY_MS, HOUR_MS
from chalicelib.devices.liveness import FRESH_MS, Presence

MAX_DEVICES_PER_OWNER = 1_000
MAX_PORTS_PER_DEVICE = 32
KEY_PREFIX = "gwk"
OWNER_TAG_DIGITS = 32
"""128 bits: no two accounts have the same tag."""
CLAIMABLE_MS = DAY_MS
"""How long after its registration a device may be paired: a later one may be a trap for the Pi's real owner."""
MAX_MQTT_CLIENTS = 16
"""MQTT client ids that are stored of a device, to end its connections; nearly all devices use their device id."""
MAX_KEY_LENGTH = 256
"""Room for the prefix, a device id of up to 128 characters and 43 characters of secret."""
DROPPING_CALM_MS = HOUR_MS
"""An episode of dropping ends when the total has not risen for an hour."""


@dataclass(frozen=True, slots=True)
class PortName:
    """The part of a port that a list of devices shows without reading the port."""

    port_id: str
    name: str
    channel: int


@dataclass(frozen=True, slots=True)
class Keys:
    """The digests of a device's keys: the current key, and the next one until it is first used."""

    current_sha256: str | None = None
    current_expires_at_ms: int | None = None
    next_sha256: str | None = None
    next_expires_at_ms: int | None = None

    def with_next(self, sha256: str, expires_at_ms: int | None = None) -> Keys:
        """The keys with a new next one; the key before stays valid until the first use of the new one."""
        if self.current_sha256 is None:
            return Keys(self.next_sha256, self.next_expires_at_ms, sha256, expires_at_ms)
        return replace(self, next_sha256=sha256, next_expires_at_ms=expires_at_ms)

    def match(self, sha256: str, now_ms: int) -> Literal["current", "next"] | None:
        """Which key has this digest; None if neither has, or it is expired."""
        if _opens(self.next_sha256, self.next_expires_at_ms, sha256, now_ms):
            return "next"
        if _opens(self.current_sha256, self.current_expires_at_ms, sha256, now_ms):
            return "current"
        return None

    def expires_at_ms(self, sha256: str) -> int | None:
        """When the key with this digest expires, epoch ms; None for never."""
        return self.next_expires_at_ms if sha256 == self.next_sha256 else self.current_expires_at_ms

    def any_alive(self, now_ms: int) -> bool:
        """Whether any key opens the device."""
        keys = ((self.current_sha256, self.current_expires_at_ms), (self.next_sha256, self.next_expires_at_ms))
        return any(sha256 is not None and _alive(expires_at_ms, now_ms) for sha256, expires_at_ms in keys)

    def rotated(self) -> Keys:
        """The keys after the first use of the next one, which is the only key from then on."""
        return Keys(current_sha256=self.next_sha256, current_expires_at_ms=self.next_expires_at_ms)


def _opens(key_sha256: str | None, expires_at_ms: int | None, sha256: str, now_ms: int) -> bool:
    return key_sha256 is not None and constant_time_equal(key_sha256, sha256) and _alive(expires_at_ms, now_ms)


def _alive(expires_at_ms: int | None, now_ms: int) -> bool:
    return expires_at_ms is None or now_ms < expires_at_ms


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What the agent of a device last reported of itself.

    Attributes:
        version: Of the agent; None for a device that is not our own agent.
        dropped_readings: Running total of the readings for which its buffer had no room.
        dropped_at_ms: When that total rose last.
    """

    version: str | None = None
    dropped_readings: int | None = None
    dropped_at_ms: int | None = None

    def updated(self, version: str | None, dropped_total: int | None, now_ms: int) -> ReportChange:
        """Take over a new report.

        A total that went down began anew. A rising total is taken over once a minute, which loses nothing.

        Args:
            version: Of the agent; None if it was not reported.
            dropped_total: Running total of dropped readings; None if it was not reported.
            now_ms: When the device reported.
        """
        report = replace(self, version=version or self.version)
        if dropped_total is None or dropped_total == self.dropped_readings:
            return ReportChange(report, 0)
        dropped = dropped_total - (self.dropped_readings or 0)
        dropped = dropped_total if dropped < 0 else dropped
        if not dropped:
            return ReportChange(replace(report, dropped_readings=dropped_total), 0)
        calm_ms = DROPPING_CALM_MS if self.dropped_at_ms is None else now_ms - self.dropped_at_ms
        if calm_ms < FRESH_MS:
            return ReportChange(report, 0)
        report = replace(report, dropped_readings=dropped_total, dropped_at_ms=now_ms)
        return ReportChange(report, dropped if calm_ms >= DROPPING_CALM_MS else 0)


class ReportChange(NamedTuple):
    """A new report, and the number of dropped readings if an episode of dropping begins with it, else 0."""

    report: AgentReport
    newly_dropped: int


@dataclass(frozen=True, slots=True)
class Device:
    """A Pi or PC that runs the agent, or another device with a key.

    Attributes:
        device_id: Public.
        device_uid: Random, and new at each change of owner: all recorded data refers to it.
        owner_id: The person's user_id.
        name: As the owner chose it.
        created_at_ms: When its present owner registered or paired it.
        keys: Digests of its API keys.
        online: Whether it called lately enough.
        last_seen_ms: When it last called, exact to a minute.
        sensors: The newest value of each custom sensor.
        sensors_at_ms: The time of these values.
        ports: Its ports, by channel.
        ports_version: Counts changes of `ports`.
        presence: What its calls say about its pace.
        agent: What its agent last reported.
        retention: How long its raw readings are kept.
        due_at_ms: When the sweep checks it, at the latest when it becomes offline; None for never.
        previous_seen_ms: When it called before last_seen_ms.
        mqtt_clients: Its latest MQTT client ids other than its device_id.
        pairing_told_at_ms: When its owner was last notified that somebody tried to pair it.
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
        """Whether its owner may still pair it by a code: its key was never used, and it is less than a day old."""
        return not self.key_was_used and now_ms - self.created_at_ms < CLAIMABLE_MS

    def is_pairing_news(self, now_ms: int) -> bool:
        """Whether to notify the owner that somebody tries to pair it: once a day."""
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
        """Whether any of its keys was ever used.

        The first use of a key leaves a current key and no next one. Two keys may also be an unused one and its
        successor; then a stored call shows that a key was used.
        """
        is_alone = self.keys.next_sha256 is None
        return self.keys.current_sha256 is not None and (is_alone or self.last_seen_ms is not None)


@dataclass(frozen=True, slots=True)
class Calls:
    """When a device last called, and when before that (epoch ms, None for never)."""

    device_id: str
    last_ms: int | None
    previous_ms: int | None


def make_api_key(device_id: str, secret: str) -> str:
    """The key that a device sends. It names its device, so that one read finds both."""
    return f"{KEY_PREFIX}.{device_id}.{secret}"


def api_key_device_id(key: str) -> str | None:
    """The id of the device that a key names; None if the text is no such key."""
    prefix, _, rest = key.partition(".")
    device_id, dot, secret = rest.partition(".")
    well_formed = prefix == KEY_PREFIX and dot and device_id and secret and len(key) <= MAX_KEY_LENGTH
    return device_id if well_formed else None


class Principal(NamedTuple):
    """The name of an MQTT connection for the broker: whose it is, and by which key it signed in."""

    device_uid: str
    key_sha256: str

    @property
    def text(self) -> str:
        """Letters and digits only, as AWS IoT asks."""
        return f"{self.device_uid}k{self.key_sha256}"


def parse_principal(text: str) -> Principal:
    """The principal behind a text; with empty parts if the text is none of ours."""
    device_uid, _, key_sha256 = text.rpartition("k")
    return Principal(device_uid, key_sha256)


def key_digest(key: str) -> str:
    """The stored form of a key."""
    return digest(key)


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """A device was added or renamed, or went online or offline."""

    device: Device

    @property
    def owner_id(self) -> str:
        """Whose device it is."""
        return self.device.owner_id


@dataclass(frozen=True, slots=True)
class DeviceRemoved:
    """A device was released."""

    device: Device

    @property
    def owner_id(self) -> str:
        """Whose device it is."""
        return self.device.owner_id
