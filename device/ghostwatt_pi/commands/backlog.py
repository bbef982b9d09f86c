"""`ghostwatt-pi backlog`: shows what waits for the cloud and what it refused, and sends it now with --send.

With --former and --send-former N it does so for the readings that version 0.1.0 archived at a later pairing.
"""

from __future__ import annotations

import sys
import threading
from argparse import Namespace
from collections.abc import Collection, Iterator, Mapping

from ghostwatt_pi.buffer.former_readings import Archive, list_archives, restore_archive
from ghostwatt_pi.buffer.stats import BufferStats, read_stats
from ghostwatt_pi.cloud_time import now_ms
from ghostwatt_pi.commands.context import LEFT_BEHIND, OK, Context
from ghostwatt_pi.commands.run import log_finished, run_agent
from ghostwatt_pi.commands.status import channels_without_outlet
from ghostwatt_pi.commands.terminal import ProgressBar, ago, backlog_size, is_confirmed, iso, print_json, print_rows
from ghostwatt_pi.data_directory import DataDirectory, DirectoryInUse
from ghostwatt_pi.event_log import MESSAGES, EventLog
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.outlets.relays import NoRelays
from ghostwatt_pi.schemas import RelayState
from ghostwatt_pi.settings.config import BadSetting

TO_ACCOUNT = "They go to the account that this device is paired with now. Are they yours?"


def backlog(context: Context, options: Namespace) -> int:
    """Show what waits; with `--send`, send it first. `--former` and `--send-former` do so for archived readings."""
    if options.former:
        return _show_archives(context.directory, is_json=options.json)
    if options.send_former is not None:
        return _send_archive(context, options.send_former)
    code = _send(context) if options.send else OK
    stats = read_stats(context.directory)
    if options.json:
        print_json(_document(stats))
    elif not options.send:
        print_rows(_rows(stats, channels_without_outlet(context.directory, stats)))
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
        summary = run_agent(context, NoMeter)
    finally:
        progress.end()
    if summary is None or not summary.complete:
        return LEFT_BEHIND
    return log_finished(context, summary, before)


def _document(stats: BufferStats) -> dict[str, object]:
    return {
        "readings": stats.depth,
        "bytes": stats.bytes,
        "dropped": stats.dropped,
        "putAside": stats.put_aside,
        "channels": [
            {"channel": queue.channel, "readings": queue.readings, "oldestAt": iso(queue.oldest_at_ms)}
            for queue in stats.waiting
        ],
        "rejected": [
            {
                "code": refused.code,
                "field": refused.field,
                "readings": refused.readings,
                "lastAt": iso(refused.last_at_ms),
            }
            for refused in stats.rejected
        ],
    }


def _rows(stats: BufferStats, without_outlet: Collection[int]) -> dict[str, str]:
    rows = {"Waiting": backlog_size(stats)}
    for queue in stats.waiting:
        row = f"{queue.readings:,} readings, the oldest {ago(queue.oldest_at_ms, now_ms())}"
        if queue.channel in without_outlet:
            row += "; no outlet on the page yet: add one"
        rows[f"Channel {queue.channel}"] = row
    for refused in stats.rejected:
        why = f"{refused.code} ({refused.field})" if refused.field else refused.code
        rows[f"Refused: {why}"] = f"{refused.readings:,} readings, the last {ago(refused.last_at_ms, now_ms())}"
    rows["Dropped"] = f"{stats.dropped:,} readings, because the buffer was full" if stats.dropped else "none"
    if stats.put_aside:
        rows["Put aside"] = f"{stats.put_aside:,} readings of a former owner, see --former"
    return rows


def _show_archives(directory: DataDirectory, *, is_json: bool) -> int:
    """List the archives, and return the exit code."""
    archives = list_archives(directory)
    if is_json:
        print_json({"former": [_archive_document(archive) for archive in archives]})
    else:
        lines = [f"{archive.number}  {_archive_summary(archive)}" for archive in archives] or ["Nothing was put aside."]
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return OK


def _send_archive(context: Context, number: int) -> int:
    """Restore one archive after a yes at a terminal, send it, and return the exit code.

    Raises BadSetting, DirectoryInUse.
    """
    archives = {archive.number: archive for archive in list_archives(context.directory)}
    if number not in archives:
        raise BadSetting(f"--send-former {number}: there is no such folder; see ghostwatt-pi backlog --former")
    archive = archives[number]
    if not is_confirmed(f"{_archive_summary(archive)}. {TO_ACCOUNT}"):
        sys.stdout.write("Nothing is sent: nobody said yes.\n")
        return LEFT_BEHIND
    with context.directory.lock():
        restore_archive(context.directory, archive)
    return _send(context)


def _archive_summary(archive: Archive) -> str:
    if not archive.readings:
        return "no readings"
    first, last = (ago(at_ms, now_ms()) for at_ms in (archive.first_at_ms, archive.last_at_ms))
    return f"{archive.readings:,} readings, the oldest {first}, the newest {last}"


def _archive_document(archive: Archive) -> dict[str, object]:
    return {
        "number": archive.number,
        "readings": archive.readings,
        "firstAt": iso(archive.first_at_ms),
        "lastAt": iso(archive.last_at_ms),
    }
