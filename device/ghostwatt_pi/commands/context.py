"""What every command gets."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass, field

from ghostwatt_pi.cloud.claim import ClaimState
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.notify import Notifier
from ghostwatt_pi.settings.config import Settings


@dataclass
class Context:
    """The settings, the data folder, and what is shared while a command runs.

    Attributes:
        settings: The settings.
        directory: The data folder.
        log: Takes the events.
        claim_state: The open claim, which the local page shows.
        stop: Set to end the command.
        notifier: Reports the service's state to systemd.
    """

    settings: Settings
    directory: DataDirectory
    log: EventLog
    claim_state: ClaimState = field(default_factory=ClaimState)
    stop: threading.Event = field(default_factory=threading.Event)
    notifier: Notifier = field(default_factory=Notifier)

    def handle_signals(self) -> None:
        """End the command cleanly at Ctrl-C or SIGTERM, and immediately at a second one."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def _handle(self, number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        self.stop.set()
