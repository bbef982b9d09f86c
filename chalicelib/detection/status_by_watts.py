"""What one reading means by itself, at the threshold that the outlet has now; the detector's verdict needs many."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.detection.detector import standby_threshold_watts
from chalicelib.detection.model import Status, phantom_status
from chalicelib.detection.store import load_port_state
from chalicelib.ports.model import Port


@dataclass(frozen=True, slots=True)
class ReadingStatus:
    """Whether a reading lies above 0 W and below the threshold, and what the outlet is doing by it."""

    phantom_detected: bool
    status: Status


def status_of_reading(port: Port, watts: float) -> ReadingStatus:
    """Judge one reading by the threshold that the owner gave, else by the learned one, else not at all.

    Args:
        port: The port that was measured.
        watts: What it drew.
    """
    threshold_watts = port.threshold_watts or _learned_watts(port)
    is_phantom = threshold_watts is not None and 0 < watts < threshold_watts
    return ReadingStatus(is_phantom, phantom_status(watts, threshold_watts))


def _learned_watts(port: Port) -> float | None:
    state = load_port_state(port)
    return standby_threshold_watts(state.detector, port.rule)
