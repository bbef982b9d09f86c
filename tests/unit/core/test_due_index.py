"""The partitions of what is due: more of them may be set later, and what lies in the first ones is still found."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest

from chalicelib.core.due_index import shard, shards
from chalicelib.core.settings import settings


@pytest.fixture(params=["", "64"])
def shard_count(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    if request.param:
        monkeypatch.setenv("DUE_SHARDS", request.param)
    else:
        monkeypatch.delenv("DUE_SHARDS", raising=False)
    settings.cache_clear()
    yield int(request.param or 4)
    settings.cache_clear()


def test_there_are_as_many_as_the_stage_says_and_all_are_used(shard_count: int) -> None:
    assert shards() == [str(number) for number in range(shard_count)]
    assert {shard(f"GW-{number}") for number in range(5_000)} == set(shards())


def test_the_first_partitions_stay_when_more_are_set(shard_count: int) -> None:
    stored_before = {str(zlib.crc32(f"GW-{number}".encode()) % 4) for number in range(100)}
    assert stored_before <= set(shards())
    assert len(shards()) == shard_count
