"""The topic rule on this PC: what devices publish to iot/devices/+/data goes to the handler, as in AWS IoT Core."""

from __future__ import annotations

import base64
import logging
import queue
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from infra.local.checkpoints import DeadLetterFile
from infra.local.lambda_context import LambdaContext

TOPIC = re.compile(r"iot/devices/([^/]+)/data")
ATTEMPTS = 3
PAUSE_SECONDS = 1.0
"""Lambda tries an asynchronous event three times in all, with pauses of minutes; a PC need not wait so long."""
LOG = logging.getLogger("ghostwatt.mqtt")

Handler = Callable[[dict[str, Any], LambdaContext], Any]


class TopicRule:
    """Hands on messages in their order; one that fails again and again goes to the dead letters.

    What waits here when the stack is stopped is handed on first. A stack that is killed loses it: its device has no
    answer yet, and sends it again.
    """

    def __init__(self, handler: Handler, dead_letters: DeadLetterFile, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._handler = handler
        self._dead_letters = dead_letters
        self._pause_seconds = pause_seconds
        self._waiting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()

    def take(self, topic: str, payload: bytes) -> None:
        """Take what was published; topics that the rule does not name are passed over."""
        if device := TOPIC.fullmatch(topic):
            received_at_ms = time.time_ns() // 1_000_000
            encoded = base64.b64encode(payload).decode()
            self._waiting.put({"deviceId": device[1], "payload": encoded, "receivedAtMs": received_at_ms})

    def run(self) -> None:
        """Hand on until stop() is called from another thread."""
        while (event := self._waiting.get()) is not None:
            self._deliver(event)

    def stop(self) -> None:
        """Stop after the messages that wait; each is then tried without pauses."""
        self._stopping.set()
        self._waiting.put(None)

    def _deliver(self, event: dict[str, Any]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._handler(event, LambdaContext("mqtt_data"))
            except Exception as error:  # whatever it is: tried again, then set aside
                LOG.exception("a message cannot be recorded, attempt %d", attempt)
                if attempt == ATTEMPTS:
                    self._dead_letters.add(event, repr(error))
                else:
                    self._stopping.wait(self._pause_seconds)
            else:
                return
