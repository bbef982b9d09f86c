"""python -m tests.benchmarks.bench_cold: what a cold start of the package costs: bytes to fetch, CPU to import.

The import runs from the unzipped package in an interpreter that knows nothing else, as in a Lambda. What an interpreter
itself takes to start is not in it, nor is fetching the zip. A Lambda of 1,769 MB has one core; one of 512 MB has 0.29.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.aws.packaging.package import package

HANDLERS = {
    "app": "API, WebSocket",
    "chalicelib.entrypoints.stream": "the stream",
    "chalicelib.entrypoints.schedule": "the sweep",
    "chalicelib.entrypoints.mqtt": "MQTT",
    "chalicelib.entrypoints.jobs": "exports, links by mail",
}
"""The module that Lambda imports for each function, and what these do."""
TIMES = 15
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}
ENVIRONMENT = {"STAGE": "dev", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "LOGS": "json"}
IMPORT = "import sys, time; sys.path.insert(0, {code!r}); began = time.process_time(); import {module}; "
SHOW = "print(time.process_time() - began)"


@contextmanager
def unzipped() -> Iterator[tuple[int, Path]]:
    """The package for this machine: the bytes of its zip, and a folder with what is in it."""
    with tempfile.TemporaryDirectory() as directory:
        out, code = Path(directory) / "package", Path(directory) / "code"
        package("dev", ARCHITECTURES[platform.machine()], out)
        with zipfile.ZipFile(out / "deployment.zip") as archive:
            archive.extractall(code)
        yield (out / "deployment.zip").stat().st_size, code


def import_cpu_ms(code: Path, module: str, times: int = TIMES) -> float:
    """The median of the CPU that importing a module takes, each time in a new interpreter; a run before warms disks."""
    script = IMPORT.format(code=str(code), module=module) + SHOW
    command = [sys.executable, "-I", "-S", "-B", "-c", script]
    seconds = [
        float(subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout)
        for _ in range(times + 1)
    ]
    return statistics.median(seconds[1:]) * 1_000


def main() -> None:
    """Print the figures."""
    with unzipped() as (size, code):
        sys.stdout.write(f"The zip has {size:,} bytes. CPU to import, median of {TIMES}:\n")
        for module, what in HANDLERS.items():
            sys.stdout.write(f"{what:<16}{module:<30}{import_cpu_ms(code, module):>6.0f} ms\n")


if __name__ == "__main__":
    main()
