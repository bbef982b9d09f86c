"""Every command takes a Context, and returns one of these exit codes."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass, field

from ghostwatt_pi.cloud.claim import ClaimState
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.settings.config import Settings
from ghostwatt_pi.systemd_notify import Notifier

OK = 0
ERROR = 1
WRONG_COMMAND_LINE = 2
"""argparse's own."""
LEFT_BEHIND = 3
UNWELL = 4
STEPS_LEFT = 5

EXIT_CODE_MEANINGS = {
    OK: "done; all is well",
    ERROR: "an error, one line on stderr",
    WRONG_COMMAND_LINE: "a wrong command line",
    LEFT_BEHIND: "replay or backlog --send: readings were left behind",
    UNWELL: "status: not paired, not running, not online, or meter or relay fail; doctor: something fails",
    STEPS_LEFT: "setup: done as far as it goes here; it has printed what is left to do",
}


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
    _was_signalled: bool = False

    def handle_signals(self) -> None:
        """End the command cleanly at Ctrl-C or SIGTERM, and immediately at a second one."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def begin_again(self) -> bool:
        """Clear `stop` after a run that ended by itself; False if a signal has asked the command to end."""
        self.stop.clear()
        if self._was_signalled:
            self.stop.set()
        return not self._was_signalled

    def _handle(self, number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        self._was_signalled = True
        self.stop.set()
