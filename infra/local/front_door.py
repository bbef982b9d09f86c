"""The broker's front door: who a client is, is settled here, before the broker's own code hears of it.

amqtt takes up or deletes the session of a client id before it asks who is there. So a stranger who knows a client id
could disturb a device. Here the CONNECT packet is read first, the authorizer asked, and only then the packet handed on,
with the device's id put before the client id: no client can reach the session of another device.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.errors import AMQTTError, MQTTError, NoDataError
from amqtt.mqtt.connack import IDENTIFIER_REJECTED, NOT_AUTHORIZED, UNACCEPTABLE_PROTOCOL_VERSION, ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from amqtt.mqtt.packet import CONNECT, MQTTFixedHeader

from infra.local.iot_policy import allows
from infra.local.lambda_context import LambdaContext

MAX_PAYLOAD_BYTES = 128 * 1024
"""AWS IoT Core's limit."""
CONNECT_SECONDS = 10.0
"""How long a connection may stay open without having said who it is."""
PROTOCOL = ("MQTT", 4)
"""MQTT 3.1.1, the only version that amqtt speaks."""
KEEP_ALIVES_OF_SILENCE = 1.5
"""MQTT 3.1.1, section 3.1.2.10."""
LOG = logging.getLogger("ghostwatt.mqtt")

Authorizer = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


class Refusal(Exception):
    """A client may not come in; `code` is what CONNACK says of it."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rights:
    """What the authorizer said of a client, and until when (monotonic seconds) it need not be asked again."""

    policies: Sequence[Mapping[str, Any]]
    good_until: float

    def allow(self, action: str, thing: str) -> bool:
        """Whether the client may do this."""
        return allows(self.policies, action, thing)


@dataclass(slots=True)
class Client:
    """One that was let in. `id` is the broker's name for it; `said` what it signed in with, for asking again."""

    id: str
    said: Mapping[str, str]
    rights: Rights
    stream: asyncio.StreamWriter
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def hang_up(self) -> None:
        """End its connection at once, whether or not it still listens."""
        self.stream.transport.abort()


class ClientReader:
    """What the broker reads of a client: the CONNECT packet that was let in, then what it sends within its limits."""

    def __init__(self, stream: asyncio.StreamReader, connect: bytes, keep_alive_seconds: int) -> None:
        self._stream, self._connect = stream, connect
        self._silence_seconds = keep_alive_seconds * KEEP_ALIVES_OF_SILENCE or None
        self._heard_at = time.monotonic()

    async def read(self, n: int = -1) -> bytes:
        """Exactly n bytes. Raises ConnectionError when the client is silent for too long, or n is too many."""
        if self._connect:
            taken, self._connect = self._connect[:n], self._connect[n:]
            return taken
        if n > MAX_PAYLOAD_BYTES:
            raise ConnectionError(f"a message of {n} bytes is over the limit of {MAX_PAYLOAD_BYTES}")
        try:
            async with asyncio.timeout(self._seconds_left()):
                read = await self._stream.readexactly(n)
        except TimeoutError as error:
            raise ConnectionError("a client was silent for longer than its keep-alive") from error
        self._heard_at = time.monotonic()
        return read

    def feed_eof(self) -> None:
        """No more comes."""
        self._stream.feed_eof()

    def _seconds_left(self) -> float | None:
        if self._silence_seconds is None:
            return None
        return max(0.0, self._heard_at + self._silence_seconds - time.monotonic())


async def admit(
    authorizer: Authorizer, stream: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[Client, ClientReader] | None:
    """Let a client in whose sign-in the authorizer accepts; any other is answered with a code, and None given."""
    connect = await _read_connect(stream)
    if connect is None:
        return None
    said = _sign_in(connect)
    try:
        _check_form(connect)
        rights = _check_rights(connect, said, await asyncio.to_thread(ask, authorizer, said))
    except Refusal as refusal:
        LOG.warning("a client was refused at sign-in: %s", refusal)
        await ConnackPacket.build(0, refusal.code).to_stream(StreamWriterAdapter(writer))
        return None
    connect.client_id = f"{said['username'].partition('?')[0]}/{said['clientId']}"
    client = Client(connect.client_id, said, rights, writer)
    return client, ClientReader(stream, bytes(connect.to_bytes()), connect.keep_alive)


def _check_form(connect: ConnectPacket) -> None:
    if (connect.proto_name, connect.proto_level) != PROTOCOL or connect.reserved_flag:
        raise Refusal("it does not speak MQTT 3.1.1", UNACCEPTABLE_PROTOCOL_VERSION)
    if connect.payload.client_id_is_random and not connect.clean_session_flag:
        raise Refusal("a session that lasts needs a client id", IDENTIFIER_REJECTED)


def _check_rights(connect: ConnectPacket, said: Mapping[str, str], rights: Rights | None) -> Rights:
    if rights is None or not rights.allow("iot:Connect", f"client/{said['clientId']}"):
        raise Refusal("the authorizer does not know it", NOT_AUTHORIZED)
    if connect.will_flag and not may_publish(rights, str(connect.will_topic), retain=connect.will_retain_flag):
        raise Refusal("its last will is for a foreign topic, or to be retained", NOT_AUTHORIZED)
    return rights


def ask(authorizer: Authorizer, said: Mapping[str, str]) -> Rights | None:
    """What one may do who signs in so; None if the authorizer refuses, or fails."""
    event = {"protocols": ["mqtt"], "protocolData": {"mqtt": dict(said)}, "signatureVerified": False}
    try:
        answer = authorizer(event, LambdaContext("mqtt_authorize"))
    except Exception:  # an authorizer that fails lets nobody in, as on AWS
        LOG.exception("the authorizer failed")
        return None
    if not answer["isAuthenticated"]:
        return None
    return Rights(answer["policyDocuments"], time.monotonic() + answer["refreshAfterInSeconds"])


def may_publish(rights: Rights, topic: str, *, retain: bool) -> bool:
    """Whether it may publish there; that a message is retained is a right of its own, as on AWS."""
    thing = f"topic/{topic}"
    return rights.allow("iot:Publish", thing) and (not retain or rights.allow("iot:RetainPublish", thing))


def _sign_in(connect: ConnectPacket) -> Mapping[str, str]:
    """The MQTT part of the authorizer's event."""
    password = base64.b64encode((connect.password or "").encode()).decode()
    return {"username": connect.username or "", "password": password, "clientId": str(connect.client_id)}


async def _read_connect(stream: asyncio.StreamReader) -> ConnectPacket | None:
    """The first packet; None if it is none, or does not come in time."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader = StreamReaderAdapter(stream)
            header = await MQTTFixedHeader.from_stream(reader)
            if header is None or header.packet_type != CONNECT:
                return None
            connect = await ConnectPacket.from_stream(reader, fixed_header=header)
    except (AMQTTError, MQTTError, NoDataError, OSError, EOFError, ValueError):
        return None
    return connect if connect.variable_header and connect.payload else None
