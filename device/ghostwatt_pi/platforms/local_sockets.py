"""Unix sockets: Linux and macOS have them, Python on Windows does not."""

from __future__ import annotations

import errno
import os
import socket
import socketserver
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HAS_UNIX_SOCKETS = sys.platform != "win32"
NONE_HERE = "this system has no Unix sockets"

if sys.platform == "win32":

    class UnixServer(socketserver.ThreadingTCPServer):
        """Stands in for the server that cannot be made here. Raises OSError."""

        def __init__(self, _address: str, _handler: type[socketserver.BaseRequestHandler]) -> None:
            raise OSError(errno.EAFNOSUPPORT, NONE_HERE)

else:
    UnixServer = socketserver.ThreadingUnixStreamServer


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """Yield a name of a socket that the kernel takes: it takes 107 bytes, and the folder's name may be longer.

    macOS has no such name for a long path, and takes 103 bytes.

    Raises:
        OSError: The folder is not there.
    """
    if sys.platform != "linux":
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def unix_socket(kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """Return a new Unix socket. Raises OSError where there are none."""
    if sys.platform == "win32":
        raise OSError(errno.EAFNOSUPPORT, NONE_HERE)
    return socket.socket(socket.AF_UNIX, kind)
