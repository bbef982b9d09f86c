"""A thread of the stack; an error in it stops the whole stack."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from typing import ClassVar

LOG = logging.getLogger("ghostwatt.stack")


class Worker(threading.Thread):
    """Runs `work` until it returns.

    When it raises, the whole stack is asked to stop: running on without its poller, schedule or database keeper would
    silently drop work. `failed` tells the main thread that this is why it stops.
    """

    failed: ClassVar[threading.Event] = threading.Event()

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        super().__init__(name=name, daemon=True)  # one that hangs must not keep a stopped stack alive
        self._work = work

    def run(self) -> None:
        """Work; called by start()."""
        try:
            self._work()
        except Exception:  # whatever it is, it is told and ends the stack
            LOG.critical("the stack stops, because its %s failed", self.name, exc_info=True)
            self.failed.set()
            os.kill(os.getpid(), signal.SIGTERM)
