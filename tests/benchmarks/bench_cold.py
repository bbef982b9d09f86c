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
SHOW_CPU = "print(time.process_time() - began)"
SHOW_MODULES = "print(len(sys.modules))"


def this_machines() -> str:
    """The architecture of the package that runs here."""
    return ARCHITECTURES[platform.machine()]


def unzip(packaged: Path, code: Path) -> int:
    """Write what is in a package's zip to a folder; returns the bytes of the zip."""
    with zipfile.ZipFile(packaged / "deployment.zip") as archive:
        archive.extractall(code)
    return (packaged / "deployment.zip").stat().st_size


def import_cpu_ms(code: Path, module: str, times: int = TIMES) -> float:
    """The median of the CPU that importing a module takes, each time in a new interpreter; a run before warms disks."""
    seconds = [float(_after_import(code, module, SHOW_CPU)) for _ in range(times + 1)]
    return statistics.median(seconds[1:]) * 1_000


def modules_imported(code: Path, module: str) -> int:
    """How many modules are loaded once a module is imported."""
    return int(_after_import(code, module, SHOW_MODULES))


def _after_import(code: Path, module: str, show: str) -> str:
    script = IMPORT.format(code=str(code), module=module) + show
    command = [sys.executable, "-I", "-S", "-B", "-c", script]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as directory:
        code = Path(directory) / "code"
        size = unzip(package("dev", this_machines(), Path(directory) / "package").parent, code)
        sys.stdout.write(f"The zip has {size:,} bytes. CPU to import, median of {TIMES}:\n")
        for module, what in HANDLERS.items():
            sys.stdout.write(f"{what:<16}{module:<30}{import_cpu_ms(code, module):>6.0f} ms\n")


if __name__ == "__main__":
    main()
