"""Run a program that dies when its parent dies, even of kill -9: python leash.py PARENT_PID PROGRAM ARGUMENT...

A program of its own, because setting this between fork and exec of a process with threads is not safe.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""


def main() -> None:
    """Ask Linux for the signal at the parent's death, then become the program. Elsewhere only become the program."""
    parent_pid, *command = sys.argv[1:]
    if sys.platform == "linux":
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
        if os.getppid() != int(parent_pid):
            sys.exit("the parent is gone already")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
