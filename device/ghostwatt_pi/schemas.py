"""The contract with the cloud as types: bodies that the agent sends, and answers that it parses.

The parse functions raise KeyError, TypeError, ValueError or AttributeError when an answer is not what the contract
says; cloud/errors.py turns these into its own errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ghostwatt_pi.version import VERSION

RelayState = Literal["on", "off"]
LocalReason = Literal["by_hand", "safe_state"]
"""Why an outlet was switched at the Pi without a command of the cloud."""
HELD_MS, NULL_VOLTS = "heldMs", "nullVolts"
"""What a cloud may accept: a reading that says how long it held, and readings without volts or amps."""
Json = Mapping[str, Any]
"""A decoded JSON object. Fields that the agent does not know are ignored."""


@dataclass(frozen=True, slots=True)
class RelayCommand:
    """The state the cloud wants of the outlet on `channel`. An `off` may carry conditions: watts and a last moment."""

    port_id: str
    channel: int
    desired: RelayState
    version: int
    only_below_watts: float | None = None
    expires_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RelayReport:
    """What became of the command `version`: the outlet's state, and the reason if the command was not applied."""

    port_id: str
    state: RelayState
    version: int
    reason: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the report in the contract's form."""
        body: dict[str, object] = {"portId": self.port_id, "state": self.state, "version": self.version}
        return body if self.reason is None else {**body, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class DeviceReply:
    """What every answer to a device has: the server's time, the pace it asks for, and a command for each outlet.

    `accepts` names what the cloud takes beyond the contract of version 0.2.0, which says nothing of it.
    """

    server_time_ms: int
    interval_seconds: float
    heartbeat_seconds: float
    relays: tuple[RelayCommand, ...]
    accepts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ReadingResult:
    """What became of one reading of a batch."""

    index: int
    status: Literal["stored", "duplicate", "rejected"]
    code: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class BatchReply:
    """The results of a batch, one for each reading in its order, and the device reply."""

    results: tuple[ReadingResult, ...]
    reply: DeviceReply


@dataclass(frozen=True, slots=True)
class Claim:
    """An open claim: the code that a person sees and the one that the device polls with.

    Source: RFC 8628, section 3.2.
    """

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in_seconds: float
    interval_seconds: float


@dataclass(frozen=True, slots=True)
class ClaimedKey:
    """The key that a person's approval gave; `owner_tag` is the same for each claim of this device by one account."""

    api_key: str
    owner_tag: str | None = None


def heartbeat_body(sent_at_ms: int, reports: Sequence[RelayReport], dropped_readings: int) -> Json:
    """Return the body of a heartbeat; `dropped_readings` counts those that the full buffer ever dropped."""
    relays = [report.to_json() for report in reports]
    body = {"sentAtMs": sent_at_ms, "relays": relays, "agentVersion": VERSION}
    return {**body, "droppedReadings": dropped_readings} if dropped_readings else body


def parse_claim(body: Json) -> Claim:
    """Parse the answer to /device/claim."""
    return Claim(
        device_code=str(body["deviceCode"]),
        user_code=str(body["userCode"]),
        verification_uri=str(body["verificationUri"]),
        verification_uri_complete=str(body["verificationUriComplete"]),
        expires_in_seconds=float(body["expiresIn"]),
        interval_seconds=float(body["interval"]),
    )


def parse_claimed_key(body: Json) -> ClaimedKey:
    """Parse the answer to /device/claim/token after approval. A cloud of version 0.1.0 gives no tag."""
    tag = body.get("ownerTag")
    return ClaimedKey(str(body["apiKey"]), None if tag is None else str(tag))


def parse_reply(body: Json) -> DeviceReply:
    """Parse the device reply, in whichever answer it comes."""
    return DeviceReply(
        server_time_ms=int(body["serverTimeMs"]),
        interval_seconds=max(1.0, float(body["intervalSeconds"])),
        heartbeat_seconds=max(1.0, float(body["heartbeatSeconds"])),
        relays=tuple(_parse_command(relay) for relay in body["relays"]),
        accepts=frozenset(word for word in body.get("accepts", ()) if isinstance(word, str)),
    )


def parse_batch_reply(body: Json, readings: int) -> BatchReply:
    """Parse the answer to a batch of `readings` readings. Raises ValueError unless each has exactly one result."""
    results = sorted((_parse_result(result) for result in body["results"]), key=lambda result: result.index)
    if [result.index for result in results] != list(range(readings)):
        raise ValueError(f"{len(results)} results for {readings} readings")
    return BatchReply(tuple(results), parse_reply(body))


def _parse_command(relay: Json) -> RelayCommand:
    if relay["desired"] not in ("on", "off"):
        raise ValueError(f"desired is {relay['desired']!r}")
    watts, expires = relay.get("onlyBelowWatts"), relay.get("expiresAtMs")
    return RelayCommand(
        port_id=str(relay["portId"]),
        channel=int(relay["channel"]),
        desired=relay["desired"],
        version=int(relay["version"]),
        only_below_watts=None if watts is None else float(watts),
        expires_at_ms=None if expires is None else int(expires),
    )


def _parse_result(result: Json) -> ReadingResult:
    if result["status"] not in ("stored", "duplicate", "rejected"):
        raise ValueError(f"status is {result['status']!r}")
    return ReadingResult(int(result["index"]), result["status"], result.get("code"), result.get("field"))
