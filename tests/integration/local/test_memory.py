"""The allocator of the stack's process is set up before its threads start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from infra.local.emulator.template import ROOT

PROGRAM = """
import ctypes
from infra.local.runner.memory import keep_small
print(keep_small(), hasattr(ctypes.CDLL(None), "mallopt"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_the_allocator_takes_all_choices_where_it_is_glibcs() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    kept_small, is_glibc = run.stdout.split()
    assert kept_small == is_glibc
