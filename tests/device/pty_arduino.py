"""An Arduino at a pseudo-terminal for real agents: it speaks by itself, and obeys as long as it is not deaf."""

from __future__ import annotations

import json
import os
import pty
import select
import threading
import tty

INTERVAL_SECONDS = 0.1


class PtyArduino:
    """Says `lines` ten times a second, and confirms the commands that it hears unless it `is_deaf`."""

    def __init__(self, *lines: bytes) -> None:
        self.lines = list(lines)
        self.is_deaf = False
        self.heard: list[dict[str, object]] = []
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)  # as a wire: no echo
        self.port = os.ttyname(self._theirs)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._speak, self._listen)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        os.close(self._theirs)
        os.close(self._ours)

    def _speak(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            for line in self.lines:
                if select.select([], [self._ours], [], 0)[1]:  # nobody reads: a wire does not wait either
                    os.write(self._ours, line)

    def _listen(self) -> None:
        rest = b""
        while not self._stop.is_set():
            if not select.select([self._ours], [], [], INTERVAL_SECONDS)[0]:
                continue
            *lines, rest = (rest + os.read(self._ours, 1024)).split(b"\n")
            for line in lines:
                self.heard.append(json.loads(line))
                if not self.is_deaf:
                    os.write(self._ours, line + b"\n")
