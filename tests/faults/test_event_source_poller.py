"""The event-source poller, over a stream in memory and real files, with handlers that fail in every way."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.errors import Unavailable
from infra.aws.packaging.template import merged
from infra.local.emulator.checkpoints import DeadLetterFile, FileCheckpoint, delivered
from infra.local.emulator.event_source_poller import (
    BATCH_SIZE,
    DELIVERED,
    MAX_ATTEMPTS,
    EventSourcePoller,
    Handler,
    Record,
    SourceUnavailable,
)

Answer = Callable[[list[int]], Any]


def record(number: int) -> Record:
    return {"eventID": str(number), "eventName": "INSERT", "dynamodb": {"SequenceNumber": str(number)}}


def numbers(records: Sequence[Record]) -> list[int]:
    return [int(each["dynamodb"]["SequenceNumber"]) for each in records]


@dataclass
class Stream:
    """Records 1 to `count`; the next `outages` reads fail. Once all is read it stops its poller."""

    count: int
    outages: int = 0
    removals: frozenset[int] = frozenset()
    on_end: Callable[[], None] = lambda: None

    def read(self, after: str | None, limit: int) -> list[Record]:
        if self.outages:
            self.outages -= 1
            raise SourceUnavailable("down")
        start = int(after or 0) + 1
        found = [self._record(number) for number in range(start, self.count + 1)][:limit]
        if not found:
            self.on_end()
        return found

    def _record(self, number: int) -> Record:
        return {**record(number), "eventName": "REMOVE" if number in self.removals else "INSERT"}


@dataclass
class Bench:
    """A poller with its files, and the batches that its handler was given."""

    directory: Path
    batches: list[list[int]] = field(default_factory=list)

    def run(self, stream: Stream, answer: Answer, **options: Any) -> None:
        """EventSourcePoller until the stream is read; answer gets the numbers of each batch."""

        def handler(event: dict[str, Any], _context: object) -> Any:
            self.batches.append(numbers(event["Records"]))
            return answer(self.batches[-1])

        poller = self.poller(stream, handler, **options)
        stream.on_end = poller.stop
        poller.run()

    def poller(self, stream: Stream, handler: Handler, **options: Any) -> EventSourcePoller:
        checkpoint = FileCheckpoint(self.directory / "checkpoint-t.json", "stream-1")
        dead_letters = DeadLetterFile(self.directory / "dead.jsonl")
        return EventSourcePoller(
            stream, handler, checkpoint, dead_letters, **{"first_backoff_seconds": 0.0001} | options
        )

    @property
    def position(self) -> int:
        return delivered(self.directory, ["t"]).get("t", 0)

    @property
    def dead(self) -> list[int]:
        path = self.directory / "dead.jsonl"
        return numbers([json.loads(line)["record"] for line in path.read_text().splitlines()]) if path.exists() else []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def succeed(_batch: list[int]) -> None:
    return None


def poisoned(*bad: int) -> Answer:
    """A handler that raises on these records."""

    def answer(batch: list[int]) -> None:
        if set(bad) & set(batch):
            raise ValueError("poison")

    return answer


def naming(*bad: int) -> Answer:
    """A handler that names these records in a partial batch response and does the others."""
    return lambda batch: {"batchItemFailures": [{"itemIdentifier": str(n)} for n in batch if n in bad]}


def test_all_records_come_once_in_order_in_batches_of_at_most_a_hundred(bench: Bench) -> None:
    bench.run(Stream(250), succeed)

    assert [number for batch in bench.batches for number in batch] == list(range(1, 251))
    assert max(len(batch) for batch in bench.batches) == BATCH_SIZE
    assert bench.position == 250


def test_what_expired_reaches_no_handler_and_is_passed_all_the_same(bench: Bench) -> None:
    removals = frozenset({1, 2, *range(150, 301)})
    bench.run(Stream(300, removals=removals), lambda _: None)
    assert [number for batch in bench.batches for number in batch] == list(range(3, 150))
    assert bench.position == 300


def test_what_is_delivered_is_what_the_mapping_on_aws_delivers() -> None:
    mapping = merged()["Resources"]["Examine"]["Properties"]["Events"]["ExamineDynamodbEventSource"]["Properties"]
    (only,) = mapping["FilterCriteria"]["Filters"]
    assert set(json.loads(only["Pattern"])["eventName"]) == DELIVERED


def test_after_a_restart_it_goes_on_where_it_was(bench: Bench) -> None:
    bench.run(Stream(3), succeed)
    bench.run(Stream(5), succeed)

    assert bench.batches == [[1, 2, 3], [4, 5]]


def test_a_crash_before_the_checkpoint_brings_the_same_records_again(bench: Bench) -> None:
    class Crash(BaseException):
        """The process dies here."""

    def crash(_batch: list[int]) -> None:
        raise Crash

    with pytest.raises(Crash):
        bench.run(Stream(3), crash)
    bench.run(Stream(3), succeed)

    assert bench.batches == [[1, 2, 3], [1, 2, 3]]


def test_a_stream_of_a_table_made_anew_starts_from_its_oldest_record(bench: Bench) -> None:
    bench.run(Stream(3), succeed)

    assert FileCheckpoint(bench.directory / "checkpoint-t.json", "stream-1").load() == "3"
    assert FileCheckpoint(bench.directory / "checkpoint-t.json", "stream-2").load() is None


def test_a_failure_that_passes_costs_nothing(bench: Bench) -> None:
    failures = iter([True, True, False])

    def answer(_batch: list[int]) -> None:
        if next(failures):
            raise ConnectionError("for a moment")

    bench.run(Stream(1), answer)

    assert bench.batches == [[1], [1], [1]]
    assert bench.position == 1
    assert not bench.dead


def test_a_poison_record_is_found_by_halving_and_set_aside_and_the_others_are_done_in_order(bench: Bench) -> None:
    bench.run(Stream(8), poisoned(6))

    assert bench.batches[:4] == [list(range(1, 9)), [1, 2, 3, 4], [5, 6, 7, 8], [5, 6]]
    done = [number for batch in bench.batches if 6 not in batch for number in batch]
    assert done == [1, 2, 3, 4, 5, 7, 8]
    assert bench.batches.count([6]) == MAX_ATTEMPTS
    assert bench.dead == [6]
    assert bench.position == 8


def test_a_partial_batch_goes_on_from_its_first_failure(bench: Bench) -> None:
    answers = iter([{"batchItemFailures": [{"itemIdentifier": "6"}, {"itemIdentifier": "4"}]}])

    bench.run(Stream(6), lambda _batch: next(answers, None))

    assert bench.batches == [[1, 2, 3, 4, 5, 6], [4, 5, 6]]
    assert not bench.dead


def test_a_record_that_is_named_each_time_is_set_aside_alone(bench: Bench) -> None:
    bench.run(Stream(5), naming(3), max_attempts=3)

    assert bench.batches == [[1, 2, 3, 4, 5], [3, 4, 5], [3, 4, 5], [4, 5]]
    assert bench.dead == [3]
    assert bench.position == 5


@pytest.mark.parametrize("named", ["", None, "99"])
def test_naming_a_record_that_was_not_given_fails_the_whole_batch(bench: Bench, named: str | None) -> None:
    answers = iter([{"batchItemFailures": [{"itemIdentifier": named}]}])

    bench.run(Stream(2), lambda _batch: next(answers, None))

    assert bench.batches == [[1, 2], [1], [2]]
    assert not bench.dead


def test_a_dead_letter_tells_what_why_and_when(bench: Bench) -> None:
    bench.run(Stream(1), poisoned(1), max_attempts=1)

    letter = json.loads((bench.directory / "dead.jsonl").read_text())
    assert letter["record"] == record(1)
    assert "poison" in letter["error"]
    assert letter["givenUpAt"].endswith("+00:00")


def test_an_outage_of_the_database_is_no_fault_of_the_records(bench: Bench) -> None:
    stream = Stream(1)
    failures = iter([True, True, False])

    def answer(_batch: list[int]) -> None:
        if next(failures):
            stream.outages = 3  # the handler failed because the database is away
            raise ConnectionError("the database does not answer")

    bench.run(stream, answer, max_attempts=3)

    assert stream.outages == 0, "it waited until the database was there"
    assert not bench.dead
    assert bench.position == 1


class Partial(dict[str, Any]):
    """A partial batch response that tells which records only wait for the database."""

    def __init__(self, failed: Sequence[int], unavailable: Sequence[int]) -> None:
        super().__init__(batchItemFailures=[{"itemIdentifier": str(number)} for number in failed])
        self.unavailable = frozenset(map(str, unavailable))


def unavailable() -> Unavailable:
    return Unavailable("The database does not answer; try again.", code="database_unavailable")


def test_while_the_database_refuses_to_write_no_record_is_given_up_or_tried_alone(bench: Bench) -> None:
    outage = iter(range(20))

    def answer(_batch: list[int]) -> None:
        if next(outage, None) is not None:
            raise unavailable()

    bench.run(Stream(3), answer, max_attempts=3)

    assert bench.batches == [[1, 2, 3]] * 21
    assert not bench.dead
    assert bench.position == 3


def test_a_device_that_waits_for_the_database_holds_back_what_comes_behind_it_but_is_not_given_up(bench: Bench) -> None:
    outage = iter(range(20))
    bench.run(Stream(3), lambda batch: Partial([2], [2]) if 2 in batch and next(outage, 20) < 19 else None)

    assert bench.batches[0] == [1, 2, 3]
    assert set(map(tuple, bench.batches[1:])) == {(2, 3)}
    assert not bench.dead
    assert bench.position == 3


def test_poison_among_records_that_wait_is_still_set_aside(bench: Bench) -> None:
    outage = iter(range(8))

    def answer(batch: list[int]) -> Any:
        waits = [1] if 1 in batch and next(outage, None) is not None else []
        return Partial(waits + [2] * (2 in batch), waits)

    bench.run(Stream(3), answer, max_attempts=3)

    assert bench.dead == [2]
    assert bench.position == 3


def test_a_record_that_was_poison_and_now_waits_is_not_given_up(bench: Bench) -> None:
    answers = iter([Partial([1, 2], [1]), Partial([1, 2], [1]), Partial([2], [2]), Partial([2], [2])])

    bench.run(Stream(2), lambda _batch: next(answers, None), max_attempts=2)

    assert not bench.dead
    assert bench.position == 2


def test_an_outage_while_reading_is_waited_out(bench: Bench) -> None:
    bench.run(Stream(2, outages=2), succeed)

    assert bench.batches == [[1, 2]]


@settings(deadline=None)  # each record is a file on disk
@given(count=st.integers(1, 40), bad=st.sets(st.integers(1, 40)), by_name=st.booleans())
def test_whatever_fails_each_record_is_done_or_set_aside_exactly_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, count: int, bad: set[int], *, by_name: bool
) -> None:
    bench, done = Bench(tmp_path_factory.mktemp("poller")), []

    def answer(batch: list[int]) -> Any:
        result = (naming if by_name else poisoned)(*bad)(batch)
        failed = [n for n in batch if n in bad]
        done.extend(batch[: batch.index(failed[0])] if failed else batch)
        return result

    bench.run(Stream(count), answer, max_attempts=2)

    wanted = [n for n in range(1, count + 1) if n not in bad]
    assert done == wanted
    assert bench.dead == sorted(n for n in bad if n <= count)
    assert bench.position == count


def test_a_draft_that_a_crash_left_behind_harms_nothing(bench: Bench) -> None:
    (bench.directory / "checkpoint-t.draft").write_text("{half a li")

    bench.run(Stream(2), succeed)

    assert bench.position == 2


def test_what_is_named_together_is_tried_together_and_set_aside_without_further_waiting(bench: Bench) -> None:
    bench.run(Stream(6), naming(2, 3, 5), max_attempts=3)

    assert bench.batches == [list(range(1, 7)), *[list(range(2, 7))] * 2, list(range(3, 7)), [4, 5, 6], [6]]
    assert bench.dead == [2, 3, 5]
    assert bench.position == 6


def test_on_a_full_disk_the_poller_goes_on_and_the_next_checkpoint_makes_up_for_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, full = FileCheckpoint.save, iter([True, False])

    def on_a_full_disk(checkpoint: FileCheckpoint, sequence_number: str) -> None:
        if next(full):
            raise OSError(errno.ENOSPC, "No space left on device")
        save(checkpoint, sequence_number)

    monkeypatch.setattr(FileCheckpoint, "save", on_a_full_disk)
    bench.run(Stream(BATCH_SIZE + 1), succeed)

    assert [len(batch) for batch in bench.batches] == [BATCH_SIZE, 1]
    assert bench.position == BATCH_SIZE + 1


def test_a_record_that_cannot_be_set_aside_is_not_passed_over(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    add, full = DeadLetterFile.add, iter([True, True, False])

    def on_a_full_disk(letters: DeadLetterFile, given: Record, error: str) -> None:
        if next(full):
            raise OSError(errno.ENOSPC, "No space left on device")
        add(letters, given, error)

    monkeypatch.setattr(DeadLetterFile, "add", on_a_full_disk)
    bench.run(Stream(2), naming(1), max_attempts=1)

    assert bench.batches == [[1, 2], [1, 2], [1, 2], [2]]
    assert bench.dead == [1]


@pytest.mark.parametrize("damaged", ["", "{half a li", "[]", '{"stream": "stream-1"}', "\x00\x00"])
def test_a_damaged_checkpoint_brings_all_records_again(bench: Bench, damaged: str) -> None:
    bench.run(Stream(2), succeed)
    (bench.directory / "checkpoint-t.json").write_text(damaged)

    assert bench.position == 0, "what is not known to be delivered is not pruned"
    bench.run(Stream(3), succeed)

    assert bench.batches == [[1, 2], [1, 2, 3]]
    assert bench.position == 3


def test_a_letter_does_not_hang_on_to_half_a_line(bench: Bench) -> None:
    (bench.directory / "dead.jsonl").write_text('{"givenUpAt": "20')

    bench.run(Stream(1), poisoned(1), max_attempts=1)

    (_, letter) = (bench.directory / "dead.jsonl").read_text().splitlines()
    assert json.loads(letter)["record"] == record(1)
