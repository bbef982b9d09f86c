"""Who acts on domain events, in which order and for how long at most: relay commands before dashboards.

What subscribers do is best effort but for usage, which the schedule computes if nobody else did.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.core import telemetry
from chalicelib.core.deadlines import Deadline
from chalicelib.core.error_collector import ErrorCollector
from chalicelib.core.event_bus import Event
from chalicelib.detection.domain_events import PortCut
from chalicelib.realtime.publisher import publish_to_pages
from chalicelib.realtime.relay_pushes import send_relay_commands

LOG = logging.getLogger("ghostwatt.subscribers")


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A function that acts on events until a deadline.

    Attributes:
        name: What it does, for the log.
        handle: The function; events that do not concern it are passed over.
        seconds: Its time budget for one publication, or for one run of the stream. The call under way may take longer.
    """

    name: str
    handle: Callable[[Sequence[Event], Deadline], None]
    seconds: float


def measure_cuts(published: Sequence[Event], _deadline: Deadline) -> None:
    """Count the cuts of the detector as a metric."""
    cut_port_ids = [event.port.port_id for event in published if isinstance(event, PortCut)]
    if cut_port_ids:
        telemetry.measure({"Cuts": len(cut_port_ids)}, ports=cut_port_ids)


SUBSCRIBERS = (
    Subscriber("sending relay commands", send_relay_commands, seconds=3.0),
    Subscriber("measuring cuts", measure_cuts, seconds=1.0),
    Subscriber("publishing to pages", publish_to_pages, seconds=2.0),
)


def run_subscribers(published: Sequence[Event]) -> None:
    """Have each subscriber act on events; an error of one does not stop the others, and is raised in the end."""
    with ErrorCollector(LOG) as errors:
        for subscriber in SUBSCRIBERS:
            with errors.collect(subscriber.name):
                subscriber.handle(published, Deadline(subscriber.seconds))
