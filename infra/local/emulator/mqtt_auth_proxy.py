"""The MQTT auth proxy: authenticate each client before the broker's own code sees it.

amqtt takes up or deletes the session of a client id before it asks who is there. So a stranger who knows a client id
could disturb a device. Here the CONNECT packet is read first, the authorizer asked, and only then the packet handed on,
with the principal that the authorizer named put before the client id: no client can reach the session of another
device, nor of the same device's former owner or former key.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Mapping
from contextlib import suppress

from amqtt.adapters import StreamReaderAdapter
from amqtt.errors import AMQTTError, MQTTError, NoDataError
from amqtt.mqtt.connack import IDENTIFIER_REJECTED, NOT_AUTHORIZED, UNACCEPTABLE_PROTOCOL_VERSION, ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from amqtt.mqtt.packet import CONNECT, MQTTFixedHeader

from infra.local.emulator.mqtt_connection import Client, ClientReader
from infra.local.emulator.mqtt_permissions import Authorizer, Permissions, ask_authorizer

CONNECT_SECONDS = 10.0
"""How long a connection may stay open without its CONNECT packet."""
LINGER_SECONDS = 1.0
"""How long a refused client may take to read the answer: closing at once may drop it."""
PROTOCOL_LEVEL = 4
"""MQTT 3.1.1, the only version that amqtt speaks."""
MQTT_5 = 5
UNSUPPORTED_VERSION_5 = bytes([0x20, 3, 0, 0x84, 0])
"""CONNACK "unsupported protocol version" as MQTT 5 has it (section 3.2); older versions hear a code 1."""
MAX_CONNECT_BYTES = 64 * 1024
LOG = logging.getLogger("ghostwatt.mqtt")


class Refusal(Exception):
    """A client is refused; `answer` is the CONNACK packet that says so."""

    def __init__(self, message: str, answer: bytes) -> None:
        super().__init__(message)
        self.answer = answer


async def authorize_client(
    authorizer: Authorizer, stream: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[Client, ClientReader] | None:
    """Authorize a client by its CONNECT packet; answer any other with a code.

    Returns:
        The client and the reader of its packets, or None when it was refused.
    """
    try:
        connect = await _read_connect(stream)
        if connect is None:
            return None
        credentials = _sign_in(connect)
        _check_syntax(connect)
        permissions = _check_permissions(
            connect, credentials, await asyncio.to_thread(ask_authorizer, authorizer, credentials)
        )
    except Refusal as refusal:
        LOG.warning("a client was refused at sign-in: %s", refusal)
        await _send_refusal(refusal.answer, stream, writer)
        return None
    client = Client(credentials, permissions, authorizer, writer)
    connect.client_id = client.id
    return client, ClientReader(stream, bytes(connect.to_bytes()), connect.keep_alive, client)


async def _send_refusal(answer: bytes, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            writer.write(answer)
            await writer.drain()
            if writer.can_write_eof():  # not with TLS
                writer.write_eof()
            while await stream.read(MAX_CONNECT_BYTES):
                pass


def _refused(message: str, code: int) -> Refusal:
    return Refusal(message, bytes(ConnackPacket.build(0, code).to_bytes()))


def _unsupported_version(level: int) -> Refusal:
    message = "it does not speak MQTT 3.1.1"
    if level == MQTT_5:
        return Refusal(message, UNSUPPORTED_VERSION_5)
    return _refused(message, UNACCEPTABLE_PROTOCOL_VERSION)


def _check_syntax(connect: ConnectPacket) -> None:
    if connect.reserved_flag:
        raise _unsupported_version(connect.proto_level)
    if connect.payload.client_id_is_random and not connect.clean_session_flag:
        raise _refused("a session that lasts needs a client id", IDENTIFIER_REJECTED)


def _check_permissions(
    connect: ConnectPacket, credentials: Mapping[str, str], permissions: Permissions | None
) -> Permissions:
    if permissions is None or not permissions.allow("iot:Connect", f"client/{credentials['clientId']}"):
        raise _refused("the authorizer does not know it", NOT_AUTHORIZED)
    if connect.will_flag and not permissions.allow_publish(str(connect.will_topic), retain=connect.will_retain_flag):
        raise _refused("its last will is for a foreign topic, or to be retained", NOT_AUTHORIZED)
    return permissions


def _sign_in(connect: ConnectPacket) -> Mapping[str, str]:
    """The MQTT part of the authorizer's event."""
    password = base64.b64encode((connect.password or "").encode()).decode()
    return {"username": connect.username or "", "password": password, "clientId": str(connect.client_id)}


async def _read_connect(stream: asyncio.StreamReader) -> ConnectPacket | None:
    """The first packet; None if it is none, or does not come in time. Raises Refusal: another version of MQTT."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            header = await MQTTFixedHeader.from_stream(StreamReaderAdapter(stream))
            if header is None or header.packet_type != CONNECT or header.remaining_length > MAX_CONNECT_BYTES:
                return None
            reader = _Replayed(stream, await _read_version(stream))
            connect = await ConnectPacket.from_stream(reader, fixed_header=header)
    except (AMQTTError, MQTTError, NoDataError, OSError, EOFError, ValueError):
        return None
    return connect if connect.variable_header and connect.payload else None


async def _read_version(stream: asyncio.StreamReader) -> bytes:
    """Name and level of the protocol (section 3.1.2): the only part of CONNECT that is the same in all versions."""
    length = await stream.readexactly(2)
    name, level = await stream.readexactly(int.from_bytes(length, "big")), await stream.readexactly(1)
    if (name, level[0]) != (b"MQTT", PROTOCOL_LEVEL):
        raise _unsupported_version(level[0])
    return length + name + level


class _Replayed:
    """A stream of which the first bytes were read already."""

    def __init__(self, stream: asyncio.StreamReader, first: bytes) -> None:
        self._stream = stream
        self._first = first

    async def read(self, n: int) -> bytes:
        """Exactly n bytes."""
        replayed, self._first = self._first[:n], self._first[n:]
        return replayed + await self._stream.readexactly(n - len(replayed))
