"""One authorized client of the MQTT broker: its permissions, what it sends, and how fast it is read."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from amqtt.session import ApplicationMessage, Session

from infra.local.emulator.mqtt_permissions import Authorizer, Permissions, ask_authorizer

MAX_PAYLOAD_BYTES = 128 * 1024
"""AWS IoT Core's limit."""
MAX_READ_MESSAGES = 16
MAX_READ_BYTES = 256 * 1024
"""What is read of a client before the topic rule has taken it; then its socket is left alone."""
MAX_UNFINISHED = 100
"""Messages of quality 2 that a client begins without ending one; no usual client has more than 20 under way."""
MAX_UNACKNOWLEDGED = 100
"""Commands that a client has not acknowledged; more are sent without asking for that."""
MAX_UNSENT = 1_000
"""Commands that wait to be sent; a client that does not read them is hung up on."""
KEEP_ALIVES_OF_SILENCE = 1.5
"""MQTT 3.1.1, section 3.1.2.10."""
LEAST_SECONDS_BETWEEN_ASKING = 1.0


class Inbox(asyncio.Queue[ApplicationMessage]):
    """Stands in for the queue between amqtt's reader and its broker: messages leave it by `take` alone.

    A message of quality 1 is acknowledged when it has left. So none is acknowledged that the topic rule does not have,
    and amqtt's own loop, which drops what waits when a connection ends, never sees one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._messages: deque[tuple[ApplicationMessage, asyncio.Future[None]]] = deque()
        self._read_bytes = 0
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False

    def put_nowait(self, item: ApplicationMessage) -> None:
        """A message of quality 0 came."""
        self._add(item)

    async def put(self, item: ApplicationMessage) -> None:
        """A message of quality 1 or 2 came; returns when it was taken."""
        await self._add(item)

    def _add(self, message: ApplicationMessage) -> asyncio.Future[None]:
        taken = asyncio.get_running_loop().create_future()
        self._messages.append((message, taken))
        self._read_bytes += len(message.data)
        self._changed.set()
        if len(self._messages) >= MAX_READ_MESSAGES or self._read_bytes >= MAX_READ_BYTES:
            self._room.clear()
        return taken

    async def next(self) -> ApplicationMessage | None:
        """The oldest message, which stays until `taken` is called; None when the inbox is closed and empty."""
        while not self._messages:
            if self._closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._messages[0][0]

    def taken(self) -> None:
        """The oldest message is done with: its sender hears so, and may send more."""
        message, taken = self._messages.popleft()
        self._read_bytes -= len(message.data)
        if not taken.done():  # its connection may be over
            taken.set_result(None)
        if len(self._messages) < MAX_READ_MESSAGES and self._read_bytes < MAX_READ_BYTES:
            self._room.set()

    def close(self) -> None:
        """No more comes."""
        self._closed = True
        self._changed.set()

    async def has_room(self) -> None:
        """Return when the next message may be read."""
        await self._room.wait()


@dataclass(eq=False, slots=True)
class Client:
    """An authorized client. `credentials` are kept for asking the authorizer again."""

    credentials: Mapping[str, str]
    permissions: Permissions
    authorizer: Authorizer
    stream: asyncio.StreamWriter
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    inbox: Inbox = field(default_factory=Inbox)
    session: Session | None = None
    sending: int = 0
    unacknowledged: int = 0
    refused: bool = False
    order: asyncio.Lock = field(default_factory=asyncio.Lock)
    _must_ask: asyncio.Event = field(default_factory=asyncio.Event)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def id(self) -> str:
        """The broker's name for it: what is kept under it is reached with the same key only."""
        return f"{self.permissions.principal}/{self.client_id}"

    @property
    def client_id(self) -> str:
        """The name that it chose."""
        return self.credentials["clientId"]

    @property
    def device_id(self) -> str:
        """The device that signed in."""
        return self.credentials["username"].partition("?")[0]

    def reauthorize(self) -> None:
        """Its permissions may have changed: nothing more is done for it before the authorizer was asked again."""
        self._must_ask.set()

    async def current_permissions(self) -> Permissions | None:
        """Its permissions, asked again if they ran out; None when it has none any more, and is hung up on."""
        async with self._asking:
            if self.refused or not (self._must_ask.is_set() or time.monotonic() >= self.permissions.good_until):
                return None if self.refused else self.permissions
            self._must_ask.clear()
            permissions = await asyncio.to_thread(ask_authorizer, self.authorizer, self.credentials)
            if permissions is None or permissions.principal != self.permissions.principal:
                self.refuse()
                return None
            self.permissions = permissions
            return permissions

    async def watch(self) -> None:
        """Renew the permissions whenever they run out or may have changed; return when they are refused."""
        while not self.refused:
            left = max(LEAST_SECONDS_BETWEEN_ASKING, self.permissions.good_until - time.monotonic())
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._must_ask.wait()
            await self.current_permissions()

    def refuse(self) -> None:
        """It may do nothing any more: what was read of it is dropped, and its connection ends."""
        self.refused = True
        self.abort()

    def abort(self) -> None:
        """End its connection at once, whether or not it still listens."""
        self.stream.transport.abort()

    async def may_be_read(self) -> None:
        """Return when its next packet may be read. Raises ConnectionError when it begins messages and ends none."""
        if self.session is not None and len(self.session.inflight_in) >= MAX_UNFINISHED:
            raise ConnectionError("a client has too many unfinished messages of quality 2")
        await self.inbox.has_room()


class ClientReader:
    """What the broker reads of a client: the CONNECT packet that was let in, then packets within its limits."""

    def __init__(
        self, stream: asyncio.StreamReader, connect: bytes, keep_alive_seconds: int, client: Client | None = None
    ) -> None:
        self._stream, self._connect, self._client = stream, connect, client
        self._silence_seconds = keep_alive_seconds * KEEP_ALIVES_OF_SILENCE or None
        self._heard_at = time.monotonic()
        self._packet = _Framing()

    async def read(self, n: int = -1) -> bytes:
        """Exactly n bytes. Raises ConnectionError when the client is silent for too long, or n is too many."""
        if self._connect:
            read, self._connect = self._connect[:n], self._connect[n:]
        elif n > MAX_PAYLOAD_BYTES:
            raise ConnectionError(f"a message of {n} bytes is over the limit of {MAX_PAYLOAD_BYTES}")
        else:
            await self._wait_for_room()
            read = await self._read(n)
        self._packet.passed(read)
        return read

    async def _wait_for_room(self) -> None:
        """Between two packets only: amqtt gives up reading after a time, and would lose half a packet."""
        if self._client is not None and self._packet.is_between:
            await asyncio.sleep(0)  # so that amqtt comes to handle the packet before
            asked_at = time.monotonic()
            try:
                await self._client.may_be_read()
            finally:
                self._heard_at += time.monotonic() - asked_at  # it was not the client that was silent

    async def _read(self, n: int) -> bytes:
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


class _Framing:
    """Where in a packet a reader is: a byte of its kind, one to four of its length, the rest (section 2.2)."""

    def __init__(self) -> None:
        self.is_between = True
        self._in_length = False
        self._length = self._shift = 0

    def passed(self, read: bytes) -> None:
        """So much was read."""
        if not read:
            return
        if self.is_between:
            self.is_between, self._in_length, self._length, self._shift = False, True, 0, 0
        elif self._in_length:
            self._length += (read[0] & 0x7F) << self._shift
            self._shift += 7
            self._in_length = bool(read[0] & 0x80)
            self.is_between = not self._in_length and self._length == 0
        else:
            self._length -= len(read)
            self.is_between = self._length <= 0
