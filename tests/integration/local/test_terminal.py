"""Ctrl-C at a real terminal, under make."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

from infra.local.emulator.template import ROOT


def read_until(terminal: int, wanted: bytes) -> bytes:
    said = b""
    while wanted not in said:
        try:
            said += os.read(terminal, 4_096)
        except OSError:  # Linux's way to say that the other end is closed
            break
    return said


def test_ctrl_c_under_make_stops_the_stack_and_make_succeeds(tmp_path: Path) -> None:
    makefile = tmp_path / "Makefile"
    data = tmp_path / "data"
    makefile.write_text(f"run:\n\t@exec {sys.executable} -m infra.local --port 0 --data {data}\n")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execvp("make", ["make", "--silent", "-f", str(makefile), "run"])  # noqa: S606, S607 - the make of this machine
    assert b"ready http://" in read_until(terminal, b"ready http://")
    os.write(terminal, b"\x03")
    said = read_until(terminal, b"never said")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, said
    assert b"Interrupt" not in said
