"""The snapshot as metrics for Prometheus, in its text format 0.0.4.

A client library would keep a second copy of counts that exist already.
Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ghostwatt_pi.local.snapshot import OutletSnapshot, Snapshot
from ghostwatt_pi.meters.line_errors import SORTS
from ghostwatt_pi.version import VERSION

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATUSES = ("stored", "duplicate", "rejected")

Sample = tuple[Mapping[str, str], float | None]
"""Labels and a value; without a value the sample is left out."""


def render(snapshot: Snapshot, device_id: str) -> str:
    """Render the answer to GET /metrics."""
    return "".join(
        [
            _single("build_info", "gauge", "Version and device", 1, version=VERSION, device=device_id),
            _single("readings_measured_total", "counter", "Readings measured", snapshot.measured),
            _labelled(
                "readings_settled_total", "counter", "Readings the cloud answered for", "status", _settled(snapshot)
            ),
            _single("readings_dropped_total", "counter", "Readings dropped from a full buffer", snapshot.dropped),
            _single("spool_readings", "gauge", "Readings waiting for the cloud", snapshot.waiting),
            _single("uploads_total", "counter", "Batches the cloud answered", snapshot.uploads),
            _single(
                "calls_failed_total", "counter", "Calls the cloud did not answer as it should", snapshot.calls_failed
            ),
            _single("cloud_outages_total", "counter", "Times the cloud went away", snapshot.outages),
            _single("cloud_up", "gauge", "Whether the cloud answers", 0 if snapshot.cloud_away else 1),
            _single("last_upload_timestamp_seconds", "gauge", "When the cloud last took a batch", _last(snapshot)),
            _single("clock_offset_seconds", "gauge", "The cloud's time less the Pi's", snapshot.clock_offset_seconds),
            _labelled("serial_errors_total", "counter", "Errors on the serial line", "sort", _serial_errors(snapshot)),
            *_outlets([outlet.current_at(snapshot.at_ms) for outlet in snapshot.outlets]),
        ]
    )


def _outlets(outlets: Iterable[OutletSnapshot]) -> Iterable[str]:
    by_channel = {str(outlet.channel): outlet for outlet in outlets}
    if not by_channel:
        return
    on = {channel: float(outlet.state == "on") for channel, outlet in by_channel.items()}
    volts = {channel: outlet.voltage for channel, outlet in by_channel.items()}
    amps = {channel: outlet.current for channel, outlet in by_channel.items()}
    watts = {channel: outlet.power for channel, outlet in by_channel.items()}
    joules = {channel: outlet.watt_hours * 3600 for channel, outlet in by_channel.items()}
    yield _labelled("relay_on", "gauge", "Whether the outlet is switched on", "channel", on)
    yield _labelled("volts", "gauge", "Newest measured volts", "channel", volts)
    yield _labelled("amperes", "gauge", "Newest measured amperes", "channel", amps)
    yield _labelled("watts", "gauge", "Newest measured watts", "channel", watts)
    yield _labelled("joules_total", "counter", "Energy used since the agent started", "channel", joules)


def _settled(snapshot: Snapshot) -> Mapping[str, float | None]:
    return {status: snapshot.settled.get(status, 0) for status in STATUSES}


def _serial_errors(snapshot: Snapshot) -> Mapping[str, float | None]:
    return {sort: snapshot.serial_errors.get(sort, 0) for sort in SORTS}


def _last(snapshot: Snapshot) -> float | None:
    return None if snapshot.last_upload_at_ms is None else snapshot.last_upload_at_ms / 1000


def _single(name: str, kind: str, about: str, value: float | None, **labels: str) -> str:
    return _family(name, kind, about, [(labels, value)])


def _labelled(name: str, kind: str, about: str, label: str, values: Mapping[str, float | None]) -> str:
    return _family(name, kind, about, [({label: key}, value) for key, value in values.items()])


def _family(name: str, kind: str, about: str, samples: Iterable[Sample]) -> str:
    """Render the lines of one metric; empty if it has no value."""
    full = f"ghostwatt_{name}"
    lines = [f"{full}{_labels(labels)} {value:.15g}" for labels, value in samples if value is not None]
    return "\n".join([f"# HELP {full} {about}.", f"# TYPE {full} {kind}", *lines, ""]) if lines else ""


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    pairs = (f'{key}="{_escaped(value)}"' for key, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
