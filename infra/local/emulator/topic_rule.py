"""The topic rule on this PC: messages to iot/devices/+/data go to the handler, as in AWS IoT Core.

Each device has a queue of its own, bounded, and the queues take turns: a device that sends much waits for itself.
"""

from __future__ import annotations

import base64
import heapq
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core import clock
from chalicelib.core.errors import Unavailable
from infra.local.emulator.checkpoints import DeadLetterFile
from infra.local.emulator.lambda_context import LambdaContext
from infra.local.runner.worker import Worker

TOPIC = re.compile(r"iot/devices/([^/]+)/data")
ATTEMPTS = 3
PAUSE_SECONDS = 1.0
"""Lambda tries an asynchronous event three times in all, with pauses of minutes; a PC need not wait so long."""
WORKERS = 4
"""Messages of different devices that are handled at once: one that waits for the database holds up no other."""
MAX_MESSAGES = 100
MAX_BYTES = 1024 * 1024
"""What may wait of one device: about a second of small messages, or eight of the largest."""
MAX_TOTAL_BYTES = 64 * 1024 * 1024
"""What may wait of all devices; past it a device may still have one message waiting."""
LOG = logging.getLogger("ghostwatt.mqtt")

Handler = Callable[[dict[str, Any], LambdaContext], Any]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who published: the principal that the authorizer named, and the MQTT client id."""

    principal: str
    client_id: str


@dataclass(slots=True)
class DeviceQueue:
    """The messages of one device that wait; `full` are the promises to those who wait for room."""

    events: deque[tuple[dict[str, Any], int]] = field(default_factory=deque)
    size: int = 0
    attempts: int = 0
    full: list[Future[None]] = field(default_factory=list)


class TopicRule:
    """Hands on messages, those of one device in their order; one that fails again and again goes to the dead letters.

    Waiting messages are handed on before the stack stops. A stack that is killed loses them: their devices have no
    answer yet, and send them again.
    """

    def __init__(self, handler: Handler, dead_letters: DeadLetterFile, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._handler = handler
        self._dead_letters = dead_letters
        self._pause_seconds = pause_seconds
        self._changed = threading.Condition()
        self._queues: dict[str, DeviceQueue] = {}
        self._turns: deque[str] = deque()
        self._paused: list[tuple[float, str]] = []
        self._total_bytes = 0
        self._stopping = False

    def take(self, topic: str, payload: bytes, sender: Sender) -> Future[None]:
        """Take a message; topics that the rule does not name are ignored.

        Returns a promise that is kept when there is room for the device's next message.
        """
        room: Future[None] = Future()
        device = TOPIC.fullmatch(topic)
        if device is None:
            room.set_result(None)
            return room
        event = {
            "deviceId": device[1],
            "payload": base64.b64encode(payload).decode(),
            "principal": sender.principal,
            "clientId": sender.client_id,
            "receivedAtMs": clock.now_ms(),
        }
        with self._changed:
            self._add(device[1], event, len(payload), room)
        return room

    def run(self) -> None:
        """Hand on until stop() is called from another thread."""
        helpers = [Worker(f"topic rule {number}", self._work) for number in range(1, WORKERS)]
        for helper in helpers:
            helper.start()
        self._work()
        for helper in helpers:
            helper.join()

    def stop(self) -> None:
        """Stop after the messages that wait; each is then tried without pauses."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def _add(self, device_id: str, event: dict[str, Any], size: int, room: Future[None]) -> None:
        if device_id not in self._queues:
            self._queues[device_id] = DeviceQueue()
            self._turns.append(device_id)
            self._changed.notify()
        waiting = self._queues[device_id]
        waiting.events.append((event, size))
        waiting.size += size
        self._total_bytes += size
        if self._has_room(waiting):
            room.set_result(None)
        else:
            waiting.full.append(room)

    def _has_room(self, waiting: DeviceQueue) -> bool:
        is_short = len(waiting.events) < MAX_MESSAGES and waiting.size < MAX_BYTES
        return not waiting.events or (is_short and self._total_bytes < MAX_TOTAL_BYTES)

    def _work(self) -> None:
        while (device_id := self._next_turn()) is not None:
            event, _ = self._queues[device_id].events[0]
            done = self._deliver(device_id, event)
            with self._changed:
                self._end_turn(device_id, done=done)

    def _next_turn(self) -> str | None:
        """The device whose turn it is; None when the rule is stopped and nothing waits."""
        with self._changed:
            while True:
                now = time.monotonic()
                while self._paused and (self._stopping or self._paused[0][0] <= now):
                    self._turns.append(heapq.heappop(self._paused)[1])
                if self._turns:
                    return self._turns.popleft()
                if self._stopping and not self._queues:
                    self._changed.notify_all()
                    return None
                self._changed.wait(self._paused[0][0] - now if self._paused else None)

    def _end_turn(self, device_id: str, *, done: bool) -> None:
        waiting = self._queues[device_id]
        if not done:
            heapq.heappush(self._paused, (time.monotonic() + self._pause_seconds, device_id))
            self._changed.notify()
            return
        _, size = waiting.events.popleft()
        waiting.size -= size
        waiting.attempts = 0
        self._total_bytes -= size
        if self._has_room(waiting):
            for room in waiting.full:
                if room.set_running_or_notify_cancel():
                    room.set_result(None)
            waiting.full.clear()
        if waiting.events:
            self._turns.append(device_id)
            self._changed.notify()
        else:
            del self._queues[device_id]
            self._changed.notify_all()

    def _deliver(self, device_id: str, event: dict[str, Any]) -> bool:
        """Whether the message is done with: handled, or set aside after its last attempt."""
        waiting = self._queues[device_id]
        waiting.attempts += 1
        try:
            self._handler(event, LambdaContext("mqtt_data"))
        except Unavailable as error:
            LOG.warning("a message waits: %s", error)
            if not self._stopping:  # the database refuses to work, which is no fault of the message's
                waiting.attempts = 0
                return False
            if waiting.attempts < ATTEMPTS:
                return False
            self._dead_letters.add(event, repr(error))
        except Exception as error:  # whatever it is: tried again, then set aside
            LOG.exception("a message cannot be recorded, attempt %d", waiting.attempts)
            if waiting.attempts < ATTEMPTS:
                return False
            self._dead_letters.add(event, repr(error))
        return True
