"""How a program listens on a port."""

from __future__ import annotations

import sys

REUSES_ADDRESS = sys.platform != "win32"
"""Elsewhere the option frees a port that has just been left. On Windows it lets two programs share one port."""
