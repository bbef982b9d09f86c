"""The zip: the app, Chalice's runtime and the locked dependencies, less what no Lambda reads; always the same bytes."""

from __future__ import annotations

import gzip
import importlib.util
import json
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from infra.aws.packaging.notice import notice
from infra.aws.packaging.wheels import PackageError

SERVICES = {
    "apigatewaymanagementapi": "pushes to open dashboards",
    "dynamodb": "all that is stored",
    "iot-data": "publishes relay commands over MQTT",
    "lambda": "starts the job of an export",
    "s3": "keeps exports",
    "sesv2": "sends e-mail",
    "ssm": "keeps the signing keys",
}
"""The services of AWS that chalicelib calls, and what for: of botocore's 400 models only these are packed."""
MODELS = ("endpoint-rule-set-1", "paginators-1", "service-2", "waiters-2")
"""The files that botocore reads of a service; the rest are examples and completions for a command line."""
ENDPOINTS = "botocore/data/endpoints.json"
CHALICE_RUNTIME = ("__init__.py", "app.py")
"""The part of Chalice that runs in a Lambda, as `chalice package` has it; the rest is its command line."""
NOTICE = "NOTICE"
"""The file of the zip that says whose code is in it; licences ask for that wherever copies go."""


def gather(root: Path, wheels: Sequence[Path], into: Path) -> None:
    """Write all files of the zip below a folder; raises PackageError when something else lies among the app's code."""
    for wheel in wheels:
        _unpack(wheel, into)
    _copy(root / "app.py", into / "app.py")
    for source in app_sources(root):
        _copy(source, into / source.relative_to(root))
    for name in CHALICE_RUNTIME:
        _copy(chalice_directory() / name, into / "chalice" / name)
    (into / NOTICE).write_text(notice(wheels, ["chalice"]), encoding="utf-8")


def app_sources(root: Path) -> Iterator[Path]:
    """The modules of chalicelib; raises PackageError at the first file there that is none."""
    for path in sorted((root / "chalicelib").rglob("*")):
        if path.is_dir() or "__pycache__" in path.parts:
            continue
        if path.suffix != ".py":
            raise PackageError(f"{path.relative_to(root)} would ship to Lambda, and is no Python module.")
        yield path


def chalice_directory() -> Path:
    """Where Chalice is installed; the development lock pins it. Raises PackageError when it is not."""
    spec = importlib.util.find_spec("chalice")
    if spec is None or spec.origin is None:
        raise PackageError("Chalice is not installed: run make install.")
    return Path(spec.origin).parent


def _unpack(wheel: Path, into: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith("/") and is_needed(name):
                content = archive.read(name)
                _write(into / name, endpoints_in_use(content, archive) if name == ENDPOINTS else content, wheel)


def is_needed(name: str) -> bool:
    """Whether a Lambda reads this file of a wheel.

    Of the metadata only METADATA stays: it is how Amazon Inspector finds a version with a known hole.
    """
    first, *rest = PurePosixPath(name).parts
    if first.endswith(".dist-info"):
        return rest == ["METADATA"]
    if first.endswith(".data") or name.endswith((".pyi", "/py.typed")):
        return False
    return _is_needed_data(rest[1:]) if (first, *rest[:1]) == ("botocore", "data") else True


def _is_needed_data(parts: Sequence[str]) -> bool:
    """Of botocore's data: its general files, and the models of the services in use."""
    if len(parts) == 1:
        return True
    return parts[0] in SERVICES and parts[-1].partition(".")[0] in MODELS


def endpoints_in_use(content: bytes, botocore: zipfile.ZipFile) -> bytes:
    """Botocore's table of endpoints with the services in use only.

    The whole has 1.2 MB, and each cold start parses it before the first call: more than half of what that costs.
    """
    prefixes = _endpoint_prefixes(botocore)
    table = json.loads(content)
    for partition in table["partitions"]:
        partition["services"] = {name: value for name, value in partition["services"].items() if name in prefixes}
    return json.dumps(table, separators=(",", ":")).encode()


def _endpoint_prefixes(botocore: zipfile.ZipFile) -> set[str]:
    """The names under which the table knows the services in use."""
    models = (name for name in botocore.namelist() if name.endswith("/service-2.json.gz") and is_needed(name))
    return {json.loads(gzip.decompress(botocore.read(name)))["metadata"]["endpointPrefix"] for name in models}


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _write(target: Path, content: bytes, wheel: Path) -> None:
    if target.exists():
        raise PackageError(f"{wheel.name} holds {target.name}, which another wheel brought already.")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


OLDEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can name."""
UNIX = 3
READABLE = 0o100644


def write_archive(directory: Path, archive: Path) -> None:
    """Zip all files below a folder."""
    files = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if path.is_file()}
    with zipfile.ZipFile(archive, "w") as zipped:
        for name in sorted(files):
            zipped.writestr(_entry(name), files[name].read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, OLDEST)
    entry.create_system = UNIX
    entry.external_attr = READABLE << 16
    return entry
