"""What AWS does by itself and nobody does on a PC, with each tick of the schedule."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

LOG = logging.getLogger("ghostwatt.maintenance")


class Maintenance:
    """Takes named steps, each whatever became of the ones before."""

    def __init__(self, steps: Mapping[str, Callable[[], object]]) -> None:
        self._steps = steps

    def run(self) -> None:
        """Take all steps once."""
        for name, step in self._steps.items():
            try:
                step()
            except Exception:  # whatever failed this time, the next tick is another chance
                LOG.exception("%s cannot be tidied", name)
