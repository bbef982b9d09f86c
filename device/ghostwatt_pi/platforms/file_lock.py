"""A lock that the system frees when the process ends, however it ends."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def lock(handle: int) -> None:
    """Lock an open file for this process.

    Args:
        handle: The file's descriptor.

    Raises:
        BlockingIOError: Another process holds it.
    """
    if sys.platform == "win32":
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError as error:  # EACCES, for a lock that is held as well
            raise BlockingIOError(error.errno, error.strerror) from None
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
