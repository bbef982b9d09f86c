"""The MQTT broker of this PC: who signs in, and what it may do there, is for the authorizer of AWS IoT to say."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import amqtt.broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig, ListenerType
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import ApplicationMessage, Session

from infra.local.iot_policy import allows
from infra.local.lambda_context import LambdaContext

MAX_PAYLOAD_BYTES = 128 * 1024
"""AWS IoT Core's limit."""
LISTENER = "default"
LOG = logging.getLogger("ghostwatt.mqtt")
RIGHTS = {
    Action.PUBLISH: ("iot:Publish", "topic"),
    Action.SUBSCRIBE: ("iot:Subscribe", "topicfilter"),
    Action.RECEIVE: ("iot:Receive", "topic"),
}

Authorizer = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Rights:
    """What the authorizer said of a connection, and until when (monotonic seconds) it need not be asked again."""

    policies: Sequence[Mapping[str, Any]]
    good_until: float


class Gatekeeper(BaseAuthPlugin, BaseTopicPlugin):
    """Asks the authorizer at sign-in, and again when it said so; holds each client to the policy it was given."""

    @dataclass
    class Config:
        """What the broker hands its plugin: the authorizer, the rule that takes messages, and how to end a client."""

        authorize: Any
        take: Any
        hang_up: Any

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._authorizer: Authorizer = self.config.authorize
        self._take: Callable[[str, bytes], None] = self.config.take
        self._hang_up: Callable[[str], Awaitable[None]] = self.config.hang_up
        self._rights: dict[str, Rights] = {}

    async def authenticate(self, *, session: Session) -> bool:
        """Whether this client may come in; a last will counts as something it publishes."""
        rights = await asyncio.to_thread(self._ask, session)
        client_id = str(session.client_id)
        if rights is None or not allows(rights.policies, "iot:Connect", f"client/{client_id}"):
            LOG.warning("a client was refused at sign-in")
            return False
        if session.will_flag and not allows(rights.policies, "iot:Publish", f"topic/{session.will_topic}"):
            LOG.warning("a client was refused: its last will is for a foreign topic")
            return False
        self._rights[client_id] = rights
        return True

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """Whether a client may do this with a topic; publishing where it may not ends its connection, as on AWS."""
        if session is None or action is None:
            return False
        verb, kind = RIGHTS[action]
        rights = await self._current_rights(session)
        if rights is not None and allows(rights.policies, verb, f"{kind}/{topic}"):
            return True
        LOG.warning("a client was refused: %s on a foreign topic", verb)
        if action is Action.PUBLISH:
            await self._hang_up(str(session.client_id))
        return False

    async def on_broker_message_broadcast(self, *, client_id: str, message: ApplicationMessage) -> None:
        """A message that may be published: hand it to the rule."""
        if message.data is not None and len(message.data) <= MAX_PAYLOAD_BYTES:
            self._take(message.topic, bytes(message.data))
        else:
            await self._hang_up(client_id)

    async def _current_rights(self, session: Session) -> Rights | None:
        client_id = str(session.client_id)
        rights = self._rights.get(client_id)
        if rights is not None and time.monotonic() >= rights.good_until:
            rights = await asyncio.to_thread(self._ask, session)
            if rights is None:
                self._rights.pop(client_id, None)
            else:
                self._rights[client_id] = rights
        return rights

    def _ask(self, session: Session) -> Rights | None:
        password = base64.b64encode((session.password or "").encode()).decode()
        said = {"username": session.username or "", "password": password, "clientId": str(session.client_id)}
        event = {"protocols": ["mqtt"], "protocolData": {"mqtt": said}, "signatureVerified": False}
        try:
            answer = self._authorizer(event, LambdaContext("mqtt_authorize"))
        except Exception:  # an authorizer that fails lets nobody in, as on AWS
            LOG.exception("the authorizer failed")
            return None
        if not answer["isAuthenticated"]:
            return None
        return Rights(answer["policyDocuments"], time.monotonic() + answer["refreshAfterInSeconds"])


class Broker:
    """Serves MQTT on a listening socket in the thread that calls run(); publish() and stop() are for other threads."""

    def __init__(self, listening: socket.socket, authorize: Authorizer, take: Callable[[str, bytes], None]) -> None:
        self._listening = listening
        self._authorize = authorize
        self._take = take
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
        """Send to whoever listens to the topic, at least once."""
        if self._broker is not None and self._ready.is_set():
            sending = self._broker.internal_message_broadcast(topic, payload, qos=1)
            asyncio.run_coroutine_threadsafe(sending, self._loop)

    async def _serve(self) -> None:
        plugin = {"authorize": self._authorize, "take": self._take, "hang_up": self._hang_up}
        config = BrokerConfig(
            listeners={LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)},
            plugins={f"{Gatekeeper.__module__}.{Gatekeeper.__name__}": plugin},
        )
        self._broker = amqtt.broker.Broker(config, self._loop)
        await self._broker.start()
        connected = partial(self._broker.stream_connected, listener_name=LISTENER)
        async with await asyncio.start_server(connected, sock=self._listening):
            self._ready.set()
            await self._stopping.wait()
            await self._broker.shutdown()

    async def _hang_up(self, client_id: str) -> None:
        if self._broker is not None and client_id in self._broker.sessions:
            _, handler = self._broker.sessions[client_id]
            if handler.writer is not None:
                await handler.writer.close()
