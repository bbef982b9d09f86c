"""The event-source poller: hand the records of a stream to a handler, in order, as Lambda's event source mapping does.

At least once: the checkpoint moves after the handler succeeded, so a crash in between means the same records again.
"""

from __future__ import annotations

import errno
import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.core.errors import Unavailable
from infra.local.emulator.lambda_context import LambdaContext

Record = Mapping[str, Any]
"""A stream record in the shape that Lambda gives it."""
Handler = Callable[[dict[str, Any], LambdaContext], Any]

BATCH_SIZE = 100
IDLE_SECONDS = 0.15
"""The pause between two reads of an idle stream: a cut should be seen at once, and a read costs about a millisecond."""
MAX_ATTEMPTS = 5
FIRST_BACKOFF_SECONDS = 0.2
LONGEST_BACKOFF_SECONDS = 2.0
"""A record that always fails holds up the ones behind it for about 3 seconds."""
FULL = {errno.ENOSPC, errno.EDQUOT}
"""A disk that is full may have room again; any other trouble with the files of the poller ends it."""
DELIVERED = {"INSERT", "MODIFY"}
"""The kinds of records that the handler reads, as the filter of the event source mapping on AWS (functions.yaml)."""
LOG = logging.getLogger("ghostwatt.pump")


class SourceUnavailable(Exception):
    """The stream cannot be read at the moment."""


class Source(Protocol):
    """A stream of records."""

    def read(self, after: str | None, limit: int) -> Sequence[Record]:
        """The records after a sequence number, or from the oldest; raises SourceUnavailable."""


class Checkpoint(Protocol):
    """Remembers how far a stream was handed on."""

    def load(self) -> str | None:
        """The sequence number of the last record that is done, None before the first."""

    def save(self, sequence_number: str) -> None:
        """Remember it durably."""


class DeadLetters(Protocol):
    """Keeps the records that were given up."""

    def add(self, record: Record, error: str) -> None:
        """Keep it durably."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """A batch failed from this record on.

    Attributes:
        index: The first record that failed.
        error: Why, for the dead letter.
        named: The records that the handler named itself, by their sequence numbers.
        unavailable: Those of them that failed because the database is unavailable.
        is_outage: Whether all of the batch failed for that reason.
    """

    index: int
    error: str
    named: frozenset[str] = frozenset()
    unavailable: frozenset[str] = frozenset()
    is_outage: bool = False


class EventSourcePoller:
    """Moves records from a source to a handler until it is told to stop.

    A batch that raises is halved until the record at fault is alone (bisect); a handler that names failed records in
    `batchItemFailures` gets the rest again from the first of them on (partial batch); a record that fails
    `max_attempts` times goes to the dead letters. The attempts of all that are named count at once, so that one
    device's trouble does not hold up the others record by record. An outage of the database is no fault of the
    records, whether it does not answer or refuses to write (Unavailable, raised or told of a record by a handler's
    PartialBatch): they wait as long as it lasts, and those attempts do not count.
    """

    def __init__(
        self,
        source: Source,
        handler: Handler,
        checkpoint: Checkpoint,
        dead_letters: DeadLetters,
        *,
        max_attempts: int = MAX_ATTEMPTS,
        first_backoff_seconds: float = FIRST_BACKOFF_SECONDS,
    ) -> None:
        self._source = source
        self._handler = handler
        self._checkpoint = checkpoint
        self._dead_letters = dead_letters
        self._max_attempts = max_attempts
        self._first_backoff_seconds = first_backoff_seconds
        self._position = checkpoint.load()
        self._stopping = threading.Event()
        self._reachable = True

    def run(self) -> None:
        """Poll until stop() is called from another thread."""
        while not self._stopping.is_set():
            records = self._read()
            wanted = [record for record in records if record["eventName"] in DELIVERED]
            if wanted:
                self._deliver(wanted)
            elif records:
                self._done(records[-1])
            else:
                self._stopping.wait(IDLE_SECONDS)

    def stop(self) -> None:
        """Stop after the batch in hand."""
        self._stopping.set()

    def _read(self) -> Sequence[Record]:
        try:
            records = self._source.read(self._position, BATCH_SIZE)
        except SourceUnavailable as error:
            if self._reachable:
                LOG.warning("the stream cannot be read at the moment: %s", error)
            self._reachable = False
            return []
        if not self._reachable:
            LOG.warning("the stream can be read again")
        self._reachable = True
        return records

    def _deliver(self, records: Sequence[Record]) -> None:
        waiting, attempts, waits = [records], Counter[str](), 0
        while waiting and not self._stopping.is_set():
            batch = waiting.pop()
            failure = self._attempt(batch)
            if failure is None:
                self._done(batch[-1])
                continue
            if failure.index:
                self._done(batch[failure.index - 1])
                batch = batch[failure.index :]
            first = _sequence_number(batch[0])
            is_waiting = failure.is_outage or first in failure.unavailable
            waits = waits + 1 if is_waiting else 0
            waiting += self._parts_to_retry(batch, failure, attempts)
            self._pause(waits or attempts[first])

    def _parts_to_retry(
        self, batch: Sequence[Record], failure: _Failure, attempts: Counter[str]
    ) -> list[Sequence[Record]]:
        """Return the parts of a failed batch to try again, in reverse order."""
        if failure.is_outage:
            return [batch]
        if len(batch) > 1 and not failure.named:
            middle = len(batch) // 2
            return [batch[middle:], batch[:middle]]
        first = _sequence_number(batch[0])
        attempts.update((failure.named or {first}) - failure.unavailable)
        if first in failure.unavailable or attempts[first] < self._max_attempts:
            return [batch]
        if not self._give_up(batch[0], failure.error):
            return [batch]
        del attempts[first]  # what comes behind it need not wait long
        return [batch[1:]] if len(batch) > 1 else []

    def _attempt(self, batch: Sequence[Record]) -> _Failure | None:
        try:
            answer = self._handler({"Records": list(batch)}, LambdaContext("stream"))
        except Unavailable as error:
            LOG.warning("%d records wait: %s", len(batch), error)
            return _Failure(0, repr(error), is_outage=True)
        except Exception as error:  # what the handler raises is the handler's failure, whatever it is
            LOG.warning("the stream handler failed on %d records", len(batch), exc_info=True)
            return _Failure(0, repr(error))
        failed = [item.get("itemIdentifier") for item in (answer or {}).get("batchItemFailures") or []]
        if not failed:
            return None
        indices = {_sequence_number(record): index for index, record in enumerate(batch)}
        if any(number not in indices for number in failed):
            return _Failure(0, f"the handler named records that it was not given: {failed}")
        unavailable: frozenset[str] = getattr(answer, "unavailable", frozenset())
        first = min(indices[number] for number in failed)
        return _Failure(first, "named in batchItemFailures", frozenset(failed), unavailable)

    def _give_up(self, record: Record, error: str) -> bool:
        """Add a record to the dead letters; return False where the disk is full, so that it is tried again."""
        try:
            self._dead_letters.add(record, error)
        except OSError as trouble:
            if trouble.errno not in FULL:
                raise
            LOG.warning("record %s cannot be set aside at the moment: %s", _sequence_number(record), trouble)
            return False
        LOG.error("record %s is set aside after %d attempts: %s", _sequence_number(record), self._max_attempts, error)
        self._done(record)
        return True

    def _done(self, record: Record) -> None:
        self._position = _sequence_number(record)
        try:
            self._checkpoint.save(self._position)
        except OSError as error:
            if error.errno not in FULL:
                raise
            # The next one makes up for it; after a crash the same records come again.
            LOG.warning("the checkpoint cannot be written at the moment: %s", error)

    def _pause(self, attempts: int) -> None:
        """Wait before the next attempt, longer after each, and as long as the source does not answer."""
        self._stopping.wait(min(self._first_backoff_seconds * 2 ** max(0, attempts - 1), LONGEST_BACKOFF_SECONDS))
        self._read()
        while not self._reachable and not self._stopping.wait(IDLE_SECONDS):
            self._read()


def _sequence_number(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])
