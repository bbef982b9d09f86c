"""Keep the process small: how C's allocator shares memory among threads and gives it back.

By default glibc gives each of many threads an arena of its own, and learns from a large block that was freed to keep
such blocks. Forty threads that each handle a batch now and then keep tens of megabytes that way.
"""

from __future__ import annotations

import ctypes

ARENAS = 2
LARGE_BYTES = 128 * 1024
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Names of mallopt's parameters (malloc.h of glibc)."""


def keep_small() -> bool:
    """Set the allocator up, before any thread starts; False where there is no glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    choices = {M_ARENA_MAX: ARENAS, M_MMAP_THRESHOLD: LARGE_BYTES, M_TRIM_THRESHOLD: LARGE_BYTES}
    return all(mallopt(parameter, value) == 1 for parameter, value in choices.items())
