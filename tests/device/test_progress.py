from __future__ import annotations

import io

from ghostwatt_pi.commands.terminal import ProgressBar, bar_text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_shows_the_share_and_the_figures() -> None:
    assert bar_text("Sent", 500, 1000) == "Sent [###############...............]  50% 500 of 1,000"
    assert bar_text("Sent", 7, 5).count("#") == 30


def test_a_terminal_sees_the_bar_and_a_file_sees_nothing() -> None:
    terminal, file = Terminal(), io.StringIO()
    for out in (terminal, file):
        progress = ProgressBar("Sent", 10, out)
        progress.show(10)
        progress.end()
    assert terminal.getvalue() == "\r" + bar_text("Sent", 10, 10) + "\n"
    assert file.getvalue() == ""
