"""Each function that AWS calls works alone: it is loaded without app.py and without the other functions."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import importlib, sys
from chalicelib.core import event_bus
importlib.import_module(sys.argv[1])
print(*(handle.__name__ for handle in event_bus._subscribers))
"""


@pytest.mark.parametrize("function", ["jobs", "mqtt", "schedule", "stream"])
def test_each_function_publishes_to_the_subscribers(function: str) -> None:
    command = [sys.executable, "-c", PROGRAM, f"chalicelib.entrypoints.{function}"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["run_subscribers"]
