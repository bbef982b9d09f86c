"""What a cold start of the package costs can be measured, and what the stream need not load it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.bench_cold import import_cpu_ms, modules_imported, this_machines, unzip

BYTES_AT_MOST = 8_000_000
STREAM = "chalicelib.entrypoints.stream"


def test_a_cold_start_fetches_little_and_the_stream_imports_less_than_the_api(
    made_package: Callable[[str], Path], tmp_path: Path
) -> None:
    assert unzip(made_package(this_machines()), tmp_path) <= BYTES_AT_MOST
    assert modules_imported(tmp_path, STREAM) < modules_imported(tmp_path, "app")
    assert import_cpu_ms(tmp_path, STREAM, times=1) > 0
