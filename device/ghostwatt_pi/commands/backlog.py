"""`ghostwatt-pi backlog`: shows what waits for the cloud and what it refused, and sends it now with --send."""

from __future__ import annotations

import threading
from argparse import Namespace
from collections.abc import Collection, Iterator, Mapping

from ghostwatt_pi.buffer.stats import BufferStats, read_stats
from ghostwatt_pi.clock import now_ms
from ghostwatt_pi.commands.archives import send_archive, show_archives
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.commands.exit_codes import LEFT_BEHIND, OK
from ghostwatt_pi.commands.formatting import ProgressBar, ago, backlog_size, iso, print_json, print_rows
from ghostwatt_pi.commands.measuring import log_finished
from ghostwatt_pi.commands.runner import run
from ghostwatt_pi.commands.status import channels_without_outlet
from ghostwatt_pi.data_directory import DirectoryInUse
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.messages import MESSAGES
from ghostwatt_pi.outlets.relays import NoRelays
from ghostwatt_pi.schemas import RelayState
from ghostwatt_pi.settings.config import BadSetting


def backlog(context: Context, options: Namespace) -> int:
    """Show what waits; with `--send`, send it first. Readings that were put aside take options of their own."""
    if options.former:
        return show_archives(context.directory, is_json=options.json)
    if options.send_former is not None:
        return send_archive(context, options.send_former, lambda: _send(context))
    code = _send(context) if options.send else OK
    found = read_stats(context.directory)
    if options.json:
        print_json(_document(found))
    elif not options.send:
        print_rows(_rows(found, channels_without_outlet(context.directory, found)))
    return code


class NoMeter:
    """A meter without measurements, which is its own relays and switches nothing: only the buffer is sent."""

    @property
    def relays(self) -> NoMeter:
        """No outlets: commands wait for the next run with a meter."""
        return self

    def measurements(self, _: threading.Event, /) -> Iterator[list[Measurement]]:
        """Yield nothing."""
        return iter(())

    def switch(self, channel: int, state: RelayState) -> None:
        """Raise NoRelays."""
        raise NoRelays(f"outlet {channel} is not turned {state} while only the backlog is sent")

    def restore(self, states: Mapping[int, RelayState]) -> None:
        """Restore nothing."""


class _DrainLog:
    """An EventLog that moves a progress bar with every upload, and ends the run when the key is refused."""

    def __init__(self, log: EventLog, progress: ProgressBar, stop: threading.Event) -> None:
        self._log, self._progress, self._stop, self._sent = log, progress, stop, 0

    def __call__(self, event: str, **fields: object) -> None:
        """Log it."""
        if event == "uploaded":
            self._sent += int(str(fields["readings"]))
            self._progress.show(self._sent)
        self._log(event, **fields)
        if event == "key_refused":  # only a person can help
            self._stop.set()


def _send(context: Context) -> int:
    """Send what waits, at the cloud's pace, and return the exit code."""
    if context.directory.is_in_use():
        raise DirectoryInUse("the agent runs, and sends what waits by itself; see: ghostwatt-pi status")
    if context.directory.is_key_lost():
        raise BadSetting(MESSAGES["key_lost"].text.format(path=context.directory.key_path))
    if context.directory.read_key() is None:
        raise BadSetting("this device is not paired: ghostwatt-pi claim")
    before = read_stats(context.directory).depth
    progress = ProgressBar("Sent", before)
    context.log = _DrainLog(context.log, progress, context.stop)
    try:
        summary = run(context, NoMeter)
    finally:
        progress.end()
    if summary is None or not summary.complete:
        return LEFT_BEHIND
    return log_finished(context, summary, before)


def _document(found: BufferStats) -> dict[str, object]:
    return {
        "readings": found.depth,
        "bytes": found.bytes,
        "dropped": found.dropped,
        "putAside": found.put_aside,
        "channels": [
            {"channel": each.channel, "readings": each.readings, "oldestAt": iso(each.oldest_at_ms)}
            for each in found.waiting
        ],
        "rejected": [
            {"code": each.code, "field": each.field, "readings": each.readings, "lastAt": iso(each.last_at_ms)}
            for each in found.rejected
        ],
    }


def _rows(found: BufferStats, without_outlet: Collection[int]) -> dict[str, str]:
    rows = {"Waiting": backlog_size(found)}
    for each in found.waiting:
        rows[f"Channel {each.channel}"] = f"{each.readings:,} readings, the oldest {ago(each.oldest_at_ms, now_ms())}"
        if each.channel in without_outlet:
            rows[f"Channel {each.channel}"] += "; no outlet on the page yet: add one"
    for refused in found.rejected:
        why = f"{refused.code} ({refused.field})" if refused.field else refused.code
        rows[f"Refused: {why}"] = f"{refused.readings:,} readings, the last {ago(refused.last_at_ms, now_ms())}"
    rows["Dropped"] = f"{found.dropped:,} readings: the buffer was full"
    if found.put_aside:
        rows["Put aside"] = f"{found.put_aside:,} readings of a former owner, see --former"
    return rows
