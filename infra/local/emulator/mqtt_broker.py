"""The MQTT broker of this PC; the authorizer of AWS IoT decides who signs in and what each client may do."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable, MutableMapping
from concurrent.futures import Future
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

import amqtt.broker
from amqtt.adapters import StreamWriterAdapter
from amqtt.broker import RetainedApplicationMessage
from amqtt.contexts import Action, BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import AMQTTError
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from infra.local.emulator.connection_limits import MqttConnectionCounter, MqttLimits
from infra.local.emulator.mqtt_auth_proxy import CONNECT_SECONDS, authorize_client
from infra.local.emulator.mqtt_connection import MAX_UNACKNOWLEDGED, MAX_UNSENT, Client
from infra.local.emulator.mqtt_permissions import Authorizer
from infra.local.emulator.topic_rule import Sender

LISTENER = "default"
SESSION_SECONDS = 3_600
"""How long the session of a client that is away is kept, if it asked for that: AWS IoT Core's default."""
MAX_KEPT = 100
"""Commands that are kept for a client that is away."""
LOG = logging.getLogger("ghostwatt.mqtt")

Take = Callable[[str, bytes, Sender], "Future[None]"]
"""Takes what was published; the promise that it returns is kept when the next message may come."""


class AuthPlugin(BaseAuthPlugin, BaseTopicPlugin):
    """Tells amqtt which clients the proxy authorized, and to which topics each may subscribe."""

    @dataclass
    class Config:
        """What the broker hands its plugin: the authorized clients."""

        clients: Any

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._clients: MutableMapping[str, Client] = self.config.clients

    async def authenticate(self, *, session: Session) -> bool:
        """Whether the authorizer accepted this client, when the proxy asked."""
        client = self._clients.get(str(session.client_id))
        if client is None:
            return False
        session.delivered_message_queue = client.inbox
        client.session = session
        return True

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """Whether a client may subscribe to a topic. What it publishes and receives does not go through amqtt."""
        client = self._clients.get(str(session.client_id)) if session else None
        permissions = await client.current_permissions() if client else None
        if (
            permissions is not None
            and action is Action.SUBSCRIBE
            and permissions.allow("iot:Subscribe", f"topicfilter/{topic}")
        ):
            return True
        LOG.warning("a client was refused: iot:Subscribe on a foreign topic")
        return False


class Broker:
    """Serves MQTT on a listening socket in the thread that calls run(); all else is for other threads.

    Args:
        listening: The socket without TLS.
        authorizer: Decides who signs in.
        take: Takes what is published.
        limits: Limits of connections, over both sockets.
        secured: A socket for MQTT over TLS and its context; None for none.
    """

    def __init__(
        self,
        listening: socket.socket,
        authorizer: Authorizer,
        take: Take,
        limits: MqttLimits | None = None,
        secured: tuple[socket.socket, ssl.SSLContext] | None = None,
    ) -> None:
        self._listening, self._secured = listening, secured
        self._authorizer = authorizer
        self._take = take
        self._limits = limits or MqttLimits()
        self._connections = MqttConnectionCounter(self._limits)
        self._clients: dict[str, Client] = {}
        self._reauthorizations = 0
        self._sending: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._broker: amqtt.broker.Broker | None = None
        self._stopping = asyncio.Event()
        self._ready = threading.Event()

    def run(self) -> None:
        """Serve until stop() is called."""
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._ready.clear()
            self._loop.close()

    def stop(self) -> None:
        """End all connections and return from run()."""
        self._loop.call_soon_threadsafe(self._stopping.set)

    def publish(self, topic: str, payload: bytes) -> None:
        """Send to whoever listens to the topic and still may, at least once if it asked for that."""
        if self._ready.is_set():
            asyncio.run_coroutine_threadsafe(self._publish(topic, payload), self._loop)

    def reauthorize(self, name: str) -> None:
        """Ask the authorizer again for all clients of this client id or device; end those that lost their permissions.

        From now on nothing is taken from them, and nothing sent to them, before that.
        """
        if self._ready.is_set():
            asyncio.run_coroutine_threadsafe(self._reauthorize(name), self._loop).result()

    async def _serve(self) -> None:
        config = BrokerConfig(
            listeners={LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)},
            plugins={f"{AuthPlugin.__module__}.{AuthPlugin.__name__}": {"clients": self._clients}},
            session_expiry_interval=SESSION_SECONDS,
        )
        self._broker = amqtt.broker.Broker(config, self._loop)
        await self._broker.start()
        async with AsyncExitStack() as listening:
            servers = [await listening.enter_async_context(server) for server in await self._listen()]
            self._ready.set()
            await self._stopping.wait()
            for server in servers:
                server.close()
            await self._abort_all()
            with suppress(asyncio.CancelledError):  # of its own waits for clients' acknowledgements
                await self._broker.shutdown()

    async def _listen(self) -> list[asyncio.Server]:
        servers = [await asyncio.start_server(self._connected, sock=self._listening)]
        if self._secured:
            listening, context = self._secured
            servers.append(
                await asyncio.start_server(
                    self._connected, sock=listening, ssl=context, ssl_handshake_timeout=CONNECT_SECONDS
                )
            )
        return servers

    async def _connected(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection, from its first byte to its end."""
        try:
            with self._connections.counted(writer.get_extra_info("peername")):
                await self._sign_in(stream, writer)
        except OSError:
            LOG.debug("a connection broke", exc_info=True)
        finally:
            writer.close()

    async def _sign_in(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reauthorizations = self._reauthorizations
        authorized = await authorize_client(self._authorizer, stream, writer)
        if authorized is None or self._broker is None:
            return
        client, reader = authorized
        await self._make_room_for(client)
        self._clients[client.id] = client
        if reauthorizations != self._reauthorizations:  # permissions were taken from somebody meanwhile
            client.reauthorize()
        watching = asyncio.create_task(client.watch())
        taking = asyncio.create_task(self._take_over(client))
        taking.add_done_callback(lambda _: client.abort())
        try:
            if await client.current_permissions() is not None:
                await self._broker.external_connected(reader, StreamWriterAdapter(writer), LISTENER)
        finally:
            client.inbox.close()
            watching.cancel()
            try:
                await taking
            finally:
                self._clients.pop(client.id)
                client.ended.set()
                if client.refused:
                    await self._forget(client.id)

    async def _make_room_for(self, client: Client) -> None:
        """An older connection of the same client ends first (MQTT 3.1.1, section 3.1.4), as does one too many."""
        while older := self._too_many(client):
            older.abort()
            await older.ended.wait()

    def _too_many(self, client: Client) -> Client | None:
        others = [other for other in self._clients.values() if other.device_id == client.device_id]
        same = next((other for other in others if other.client_id == client.client_id), None)
        return same or (others[0] if len(others) >= self._limits.per_device else None)

    async def _take_over(self, client: Client) -> None:
        """Hand what a client publishes to the rule, until its connection has ended and all of it is taken."""
        while (message := await client.inbox.next()) is not None:
            permissions = await client.current_permissions()
            retain = message.publish_packet is not None and message.publish_packet.retain_flag
            if permissions is not None and not permissions.allow_publish(message.topic, retain=retain):
                LOG.warning("a client was refused: it may not publish to this topic, or not to be retained")
                client.refuse()
            elif permissions is not None:
                sender = Sender(permissions.principal, client.client_id)
                await asyncio.wrap_future(self._take(message.topic, bytes(message.data), sender))
            client.inbox.taken()

    async def _publish(self, topic: str, payload: bytes) -> None:
        if self._broker is None:
            return
        for session, quality in list(self._broker.subscriptions.get(topic, ())):
            client = self._clients.get(str(session.client_id))
            if client is not None and session.transitions.state == "connected":
                if client.sending >= MAX_UNSENT:
                    LOG.warning("a client was hung up on: it reads no commands")
                    client.abort()
                    continue
                client.sending += 1
                sending = asyncio.create_task(self._send(client, topic, payload, quality))
                self._sending.add(sending)
                sending.add_done_callback(self._sending.discard)
            elif quality and not session.clean_session and session.retained_messages.qsize() < MAX_KEPT:
                kept = RetainedApplicationMessage(None, topic, payload, quality)
                session.retained_messages.put_nowait(kept)

    async def _send(self, client: Client, topic: str, payload: bytes, quality: int) -> None:
        try:
            async with client.order:
                permissions = await client.current_permissions()
                handler = self._handler(client)
                if permissions is None or handler is None or not permissions.allow("iot:Receive", f"topic/{topic}"):
                    return
                publishing = asyncio.create_task(self._send_now(client, handler, topic, payload, quality))
                await asyncio.sleep(0)  # so that it is on its way before the next
            await publishing
        finally:
            client.sending -= 1

    async def _send_now(
        self, client: Client, handler: BrokerProtocolHandler, topic: str, payload: bytes, quality: int
    ) -> None:
        is_behind = client.unacknowledged >= MAX_UNACKNOWLEDGED
        client.unacknowledged += 1
        try:
            await handler.mqtt_publish(topic, payload, 0 if is_behind else quality, retain=False)
        except (AMQTTError, OSError, TimeoutError):
            LOG.debug("a command was not acknowledged", exc_info=True)
        finally:
            client.unacknowledged -= 1

    def _handler(self, client: Client) -> BrokerProtocolHandler | None:
        return self._broker.sessions.get(client.id, (None, None))[1] if self._broker else None

    async def _reauthorize(self, name: str) -> None:
        self._reauthorizations += 1
        for client in self._clients.values():
            if name in (client.client_id, client.device_id):
                client.reauthorize()
        away = {key: session for key, (session, _) in self._sessions().items() if key not in self._clients}
        for key, session in away.items():
            if (session.username or "").partition("?")[0] == name:
                await self._forget(key)

    def _sessions(self) -> dict[str, tuple[Session, BrokerProtocolHandler]]:
        return self._broker.sessions if self._broker else {}

    async def _forget(self, key: str) -> None:
        """Delete a session, its subscriptions and what is kept for it: nobody may take it up again."""
        if self._broker is not None:
            await self._broker._delete_session(key)  # noqa: SLF001 - amqtt has no other way but a sign-in

    async def _abort_all(self) -> None:
        """Before amqtt's own shutdown, which waits for ever if a packet comes just then."""
        for client in list(self._clients.values()):
            client.abort()
            await client.ended.wait()
