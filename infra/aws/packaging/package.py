"""python -m infra.aws.packaging: make the package from a checkout: one zip for all functions, and its template.

The template is Chalice's own, with ours merged in. The zip is made here, since Chalice's holds all of botocore, differs
from run to run, and lacks dependencies that pip could not install while Chalice still reports success.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra.aws.packaging.code import gather, write_archive
from infra.aws.packaging.template import ARCHITECTURES, write_template
from infra.aws.packaging.wheels import PYTHON, PackageError, wheels

ROOT = Path(__file__).resolve().parents[3]
WHEEL_CACHE = ROOT / ".cache" / "wheels"
BYTES_AT_MOST = 8_000_000
"""A cold start fetches the zip; growth past this limit should be noticed."""


def package(stage: str, architecture: str, out: Path) -> Path:
    """Write out/deployment.zip and out/sam.yaml; returns the template's path.

    The same checkout gives the same bytes. The network is needed only for wheels that are not in the cache.
    Raises PackageError.
    """
    out.mkdir(parents=True, exist_ok=True)
    archive = out / "deployment.zip"
    with tempfile.TemporaryDirectory() as directory:
        code = Path(directory)
        gather(ROOT, wheels(ROOT / "requirements.txt", architecture, WHEEL_CACHE), code)
        compile_ahead(code)
        write_archive(code, archive)
    if archive.stat().st_size > BYTES_AT_MOST:
        raise PackageError(f"{archive} has {archive.stat().st_size:,} bytes; {BYTES_AT_MOST:,} are allowed.")
    return write_template(ROOT, stage, architecture, out)


def compile_ahead(code: Path) -> None:
    """Put bytecode beside the sources: a Lambda's disk is read-only, so each cold start would compile them anew.

    It is never checked against its source, which cannot change there; so it holds no time and is the same each time.
    A process of its own, since what marshal writes depends on what else is loaded.

    Raises PackageError when a source does not compile, or this is another Python than Lambda's: its bytecode would be
    passed over without a word, and each cold start would compile all sources.
    """
    if (ours := f"{sys.version_info.major}.{sys.version_info.minor}") != PYTHON:
        raise PackageError(f"The package needs Python {PYTHON}, as Lambda runs it; this is {ours}.")
    where = ["-s", str(code), "-p", "/var/task", str(code)]
    command = [sys.executable, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", *where]
    if subprocess.run(command, check=False).returncode:  # noqa: S603 - our own interpreter
        raise PackageError("Some source in the package does not compile.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the package; the exit code is 1 when that failed."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws.packaging", description=package.__doc__)
    parser.add_argument("--stage", default="dev", help="a stage of .chalice/config.json (default: %(default)s)")
    parser.add_argument("--arch", choices=ARCHITECTURES, default="arm64", help="of the Lambdas (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="the folder to write to (default: build/STAGE-ARCH)")
    parser.add_argument("--template-only", action="store_true", help="write only the template, for checks of it")
    options = parser.parse_args(arguments)
    out = options.out or ROOT / "build" / f"{options.stage}-{options.arch}"
    try:
        if options.template_only:
            out.mkdir(parents=True, exist_ok=True)
            write_template(ROOT, options.stage, options.arch, out)
            return 0
        template = package(options.stage, options.arch, out)
    except PackageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{out / 'deployment.zip'} {(out / 'deployment.zip').stat().st_size:,} bytes\n{template}\n")
    return 0
