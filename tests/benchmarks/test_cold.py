"""What a cold start of the package costs can be measured, and what the stream need not load it does not."""

from __future__ import annotations

from tests.benchmarks.bench_cold import import_cpu_ms, unzipped

BYTES_AT_MOST = 8_000_000


def test_a_cold_start_fetches_little_and_the_stream_imports_less_than_the_api() -> None:
    with unzipped() as (size, code):
        assert size <= BYTES_AT_MOST
        assert 0 < import_cpu_ms(code, "chalicelib.entrypoints.stream", 3) < import_cpu_ms(code, "app", 3)
