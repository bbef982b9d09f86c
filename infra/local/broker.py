"""The MQTT broker of this PC: who signs in, and what it may do there, is for the authorizer of AWS IoT to say."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import amqtt.broker
from amqtt.adapters import StreamWriterAdapter
from amqtt.contexts import Action, BrokerConfig, ListenerConfig, ListenerType
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import ApplicationMessage, Session

from infra.local.front_door import Authorizer, Client, Rights, admit, ask, may_publish

LISTENER = "default"
SESSION_SECONDS = 3_600
"""How long the session of a client that is away is kept, if it asked for that: AWS IoT Core's default."""
LOG = logging.getLogger("ghostwatt.mqtt")
RIGHTS = {
    Action.PUBLISH: ("iot:Publish", "topic"),
    Action.SUBSCRIBE: ("iot:Subscribe", "topicfilter"),
    Action.RECEIVE: ("iot:Receive", "topic"),
}

Take = Callable[[str, bytes], None]


class Gatekeeper(BaseAuthPlugin, BaseTopicPlugin):
    """Holds each client to the policy it was given at the front door; asks the authorizer again when it said so."""

    @dataclass
    class Config:
        """What the broker hands its plugin: the clients that were let in, the authorizer, who takes messages."""

        clients: Any
        authorize: Any
        take: Any

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._clients: MutableMapping[str, Client] = self.config.clients
        self._authorizer: Authorizer = self.config.authorize
        self._take: Take = self.config.take

    async def authenticate(self, *, session: Session) -> bool:
        """Whether this client was let in: the front door has asked the authorizer."""
        return session.client_id in self._clients

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """Whether a client may do this with a topic; publishing where it may not ends its connection, as on AWS."""
        client = self._clients.get(str(session.client_id)) if session else None
        if client is None or action is None:
            return action is Action.RECEIVE  # kept for one that is away, and has to sign in to get it
        verb, kind = RIGHTS[action]
        rights = await self._current_rights(client)
        if rights is not None and rights.allow(verb, f"{kind}/{topic}"):
            return True
        LOG.warning("a client was refused: %s on a foreign topic", verb)
        if action is Action.PUBLISH or rights is None:
            client.hang_up()
        return False

    async def on_broker_message_broadcast(self, *, client_id: str, message: ApplicationMessage) -> None:
        """A message that may be published: hand it to the rule."""
        client, packet = self._clients.get(client_id), message.publish_packet
        retain = packet is not None and packet.retain_flag
        if client is not None and may_publish(client.rights, message.topic, retain=retain):
            self._take(message.topic, bytes(message.data or b""))
        elif client is not None:
            LOG.warning("a client was refused: it may not have messages retained")
            client.hang_up()

    async def _current_rights(self, client: Client) -> Rights | None:
        if time.monotonic() < client.rights.good_until:
            return client.rights
        rights = await asyncio.to_thread(ask, self._authorizer, client.said)
        if rights is not None:
            client.rights = rights
        return rights


class Broker:
    """Serves MQTT on a listening socket in the thread that calls run(); publish() and stop() are for other threads."""

    def __init__(self, listening: socket.socket, authorize: Authorizer, take: Take) -> None:
        self._listening = listening
        self._authorize = authorize
        self._take = take
        self._clients: dict[str, Client] = {}
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
        """Send to whoever listens to the topic, at least once if it asked for that."""
        if self._broker is not None and self._ready.is_set():
            sending = self._broker.internal_message_broadcast(topic, payload)
            asyncio.run_coroutine_threadsafe(sending, self._loop)

    async def _serve(self) -> None:
        plugin = {"clients": self._clients, "authorize": self._authorize, "take": self._take}
        config = BrokerConfig(
            listeners={LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)},
            plugins={f"{Gatekeeper.__module__}.{Gatekeeper.__name__}": plugin},
            session_expiry_interval=SESSION_SECONDS,
        )
        self._broker = amqtt.broker.Broker(config, self._loop)
        await self._broker.start()
        async with await asyncio.start_server(self._connected, sock=self._listening) as server:
            self._ready.set()
            await self._stopping.wait()
            server.close()
            await self._hang_up_on_all()
            with suppress(asyncio.CancelledError):  # of its own waits for clients' acknowledgements
                await self._broker.shutdown()

    async def _connected(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection, from its first byte to its end."""
        try:
            admitted = await admit(self._authorize, stream, writer)
            if admitted and self._broker:
                client, reader = admitted
                await self._take_over(client)
                try:
                    await self._broker.external_connected(reader, StreamWriterAdapter(writer), LISTENER)
                finally:
                    self._clients.pop(client.id)
                    client.ended.set()
        except OSError:
            LOG.debug("a connection broke", exc_info=True)
        finally:
            writer.close()

    async def _hang_up_on_all(self) -> None:
        """Before amqtt's own shutdown, which waits for ever if a packet comes just then."""
        for client in list(self._clients.values()):
            client.hang_up()
            await client.ended.wait()

    async def _take_over(self, client: Client) -> None:
        """An older connection of the same client ends first (MQTT 3.1.1, section 3.1.4)."""
        while older := self._clients.get(client.id):
            older.hang_up()
            await older.ended.wait()
        self._clients[client.id] = client
