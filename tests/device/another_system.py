"""python another_system.py SYSTEM ARGUMENTS...: `ghostwatt-pi` without what macOS (darwin) or Windows (win32) lacks.

Modules and functions that the system lacks are taken away, and `sys.platform` says its name. Two things stay as they
are here, since Python itself is built for this system: `os.name`, by which pathlib and subprocess choose their own
part; and the libraries that are loaded first, such as pyserial, which has a part of its own for Windows.
"""

from __future__ import annotations

import errno
import fcntl
import importlib
import os
import runpy
import signal
import socket
import socketserver
import sys
import time
import types
from collections.abc import Callable
from typing import cast

LIBRARIES = ["paho.mqtt.client", "requests", "segno", "serial.tools.list_ports", "tomlkit"]
STANDARD = [
    "gzip",
    "http.server",
    "importlib.metadata",
    "logging",
    "lzma",
    "shutil",
    "sqlite3",
    "subprocess",
    "tempfile",
]
ONLY_LINUX = [(os, "O_PATH"), (time, "CLOCK_BOOTTIME"), (socket, "SOCK_CLOEXEC")]
NOT_ON_WINDOWS = [
    *((os, name) for name in ("chown", "fchmod", "fchown", "fork", "getegid", "geteuid", "getgid", "getuid")),
    *((os, name) for name in ("initgroups", "killpg", "setgid", "setuid", "uname")),
    *((signal, name) for name in ("SIGALRM", "SIGHUP", "SIGUSR1", "SIGUSR2")),
    (socket, "AF_UNIX"),
    *((socketserver, name) for name in ("UnixStreamServer", "ThreadingUnixStreamServer", "UnixDatagramServer")),
    *((time, name) for name in ("CLOCK_MONOTONIC", "clock_gettime", "clock_gettime_ns")),
]
MODULES_NOT_ON_WINDOWS = ["fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"]


def hide(system: str) -> None:
    """Take away what the system lacks."""
    for name in [*STANDARD, *LIBRARIES]:
        importlib.import_module(name)
    missing = [*ONLY_LINUX, *(NOT_ON_WINDOWS if system == "win32" else [])]
    for module, name in missing:
        delattr(module, name)
    if system == "win32":
        for name in MODULES_NOT_ON_WINDOWS:
            sys.modules[name] = cast("types.ModuleType", None)  # an import of it fails
        sys.modules["msvcrt"] = windows_locks(fcntl.flock)
    sys.platform = system


def windows_locks(flock: Callable[[int, int], None]) -> types.ModuleType:
    """msvcrt with a lock that is refused at once while another process has it, as its documentation says."""
    module = types.ModuleType("msvcrt")

    def locking(handle: int, _mode: int, _bytes: int) -> None:
        try:
            flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(errno.EACCES, "Permission denied") from None

    vars(module).update(LK_NBLCK=2, locking=locking)
    return module


if __name__ == "__main__":
    hide(sys.argv.pop(1))
    runpy.run_module("ghostwatt_pi", run_name="__main__", alter_sys=True)
