"""The package: the same bytes each time, only what is ours or locked, and whole enough to run alone."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.aws.packaging import package
from infra.aws.packaging.code import SERVICES, app_sources, is_needed
from infra.aws.packaging.notice import notice
from infra.aws.packaging.wheels import PackageError, wheels

COMPILED = ".so"
CLIENT = re.compile(r'\b(?:create_)?client\(\s*"([a-z0-9-]+)"')
PYNAMODBS = "dynamodb"
"""The one client that a library of ours makes for itself."""
ENVIRONMENT = {"STAGE": "dev", "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def x86_64(made_package: Callable[[str], Path]) -> Path:
    return made_package("x86_64")


@pytest.fixture(scope="module")
def arm64(made_package: Callable[[str], Path]) -> Path:
    return made_package("arm64")


@pytest.fixture(scope="module")
def unzipped(x86_64: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("unzipped")
    with zipfile.ZipFile(x86_64 / "deployment.zip") as archive:
        archive.extractall(directory)
    return directory


def contents(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package / "deployment.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def alone(code: Path, statement: str) -> str:
    """What a statement prints in an interpreter that knows the unzipped package and nothing else."""
    script = f"import sys; sys.path.insert(0, {str(code)!r})\n{statement}"
    command = [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", script]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout


def test_the_same_checkout_gives_the_same_bytes(x86_64: Path, tmp_path: Path) -> None:
    again = package.package("dev", "x86_64", tmp_path).parent
    for name in ("deployment.zip", "sam.yaml"):
        assert (again / name).read_bytes() == (x86_64 / name).read_bytes()


def test_the_architectures_differ_in_compiled_files_only(x86_64: Path, arm64: Path) -> None:
    one, other = contents(x86_64), contents(arm64)
    plain = {name for name in one.keys() | other.keys() if not name.endswith(COMPILED)}
    assert {name for name in plain if one.get(name) != other.get(name)} == set()
    assert len([name for name in one if name.endswith(COMPILED)]) == 3


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from differences(one.get(name), other.get(name), f"{path}/{name}")
    elif one != other:
        yield path


def test_the_templates_differ_in_architectures_only(x86_64: Path, arm64: Path) -> None:
    one, other = (yaml.safe_load((package / "sam.yaml").read_text()) for package in (x86_64, arm64))
    assert {path.rpartition("/")[2] for path in differences(one, other)} == {"Architectures"}


def test_every_function_takes_the_zip(x86_64: Path) -> None:
    resources = yaml.safe_load((x86_64 / "sam.yaml").read_text())["Resources"].values()
    functions = [resource for resource in resources if resource["Type"] == "AWS::Serverless::Function"]
    assert {function["Properties"]["CodeUri"] for function in functions} == {"./deployment.zip"}


def test_the_zip_holds_the_app_its_runtime_and_the_locked_dependencies_only(x86_64: Path) -> None:
    ours = {str(path.relative_to(package.ROOT)) for path in app_sources(package.ROOT)} | {"app.py"}
    known = ours | {"chalice/__init__.py", "chalice/app.py", "NOTICE"}
    for wheel in wheels(package.ROOT / "requirements.txt", "x86_64", package.WHEEL_CACHE):
        with zipfile.ZipFile(wheel) as archive:
            known |= {name for name in archive.namelist() if is_needed(name)}
    sources = {name for name in contents(x86_64) if not name.endswith(".pyc")}
    assert sources == {name for name in known if not name.endswith("/")}


def test_the_notice_names_everybody_whose_code_ships_with_the_text_of_the_licence(x86_64: Path) -> None:
    written = contents(x86_64)["NOTICE"].decode()
    locked = re.findall(r"^([A-Za-z0-9._-]+)==([^ ]+)", (package.ROOT / "requirements.txt").read_text(), re.MULTILINE)
    titles = {line.partition(" (")[0].lower().replace("_", "-") for line in written.splitlines()}
    assert len(locked) > 10
    for name, version in [*locked, ("chalice", importlib.metadata.version("chalice"))]:
        assert f"{name} {version}" in titles
    assert written.count("Permission is hereby granted") >= 3
    assert "Apache License" in written


def test_a_dependency_without_a_licence_stops_the_packaging(tmp_path: Path) -> None:
    wheel = tmp_path / "mute-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("mute-1.0.dist-info/METADATA", "Name: mute\nVersion: 1.0\n")
    with pytest.raises(PackageError, match=r"mute 1\.0 has no text of its licence"):
        notice([wheel], [])


@pytest.mark.parametrize("module", ["app", "chalicelib.entrypoints.stream", "chalicelib.entrypoints.schedule"])
def test_a_handler_is_importable_from_the_zip_alone(unzipped: Path, module: str) -> None:
    places = alone(
        unzipped,
        f"import {module}; print(*{{m.__file__ for m in sys.modules.values() "
        "if getattr(m, '__file__', None) and 'lib/python3' not in m.__file__}, sep='\\n')",
    )
    assert all(place.startswith(str(unzipped)) for place in places.split())


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_client_from_the_zip_has_the_endpoint_of_the_whole_botocore(unzipped: Path, service: str) -> None:
    asked = (
        "from botocore.session import get_session\n"
        "for region in ('us-east-1', 'eu-central-1', 'cn-north-1', 'us-gov-west-1'):\n"
        f"    print(get_session().create_client({service!r}, region_name=region).meta.endpoint_url)"
    )
    whole = subprocess.run(
        [sys.executable, "-I", "-B", "-c", asked], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert alone(unzipped, asked) == whole.stdout != ""


def test_the_services_that_the_code_calls_are_packed_and_no_others() -> None:
    used = {name for path in app_sources(package.ROOT) for name in CLIENT.findall(path.read_text())} | {PYNAMODBS}
    assert used == set(SERVICES), "each is packed, and nothing that no code calls"


def test_bytecode_stands_beside_every_module_and_is_never_checked(x86_64: Path) -> None:
    files = contents(x86_64)
    flags = {content[4:8] for name, content in files.items() if name.endswith(".pyc")}
    assert flags == {(1).to_bytes(4, "little")}, "hash-based and unchecked (PEP 552)"
    assert len([name for name in files if name.endswith(".pyc")]) == len([n for n in files if n.endswith(".py")])


def test_a_file_that_is_no_module_stops_the_packaging(tmp_path: Path) -> None:
    (tmp_path / "chalicelib").mkdir()
    (tmp_path / "chalicelib" / "notes.txt").write_text("not for Lambda")
    with pytest.raises(PackageError, match=r"chalicelib/notes\.txt"):
        list(app_sources(tmp_path))


def test_a_dependency_without_a_wheel_stops_the_packaging(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"no-such-thing-at-all==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(PackageError, match="no-such-thing-at-all"):
        wheels(lock, "arm64", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_wheel_that_is_not_the_locks_stops_the_packaging(tmp_path: Path) -> None:
    lock = package.ROOT / "requirements.txt"
    kept = wheels(lock, "arm64", package.WHEEL_CACHE)[0]
    forged = tmp_path / kept.parent.name / kept.name
    forged.parent.mkdir()
    forged.write_bytes(kept.read_bytes() + b"more")
    with pytest.raises(PackageError, match=re.escape(kept.name)):
        wheels(lock, "arm64", tmp_path)


def test_a_zip_that_grew_too_large_stops_the_packaging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "BYTES_AT_MOST", 1_000_000)
    monkeypatch.setattr(package, "compile_ahead", lambda _: None)  # the sources alone are larger
    with pytest.raises(PackageError, match="1,000,000 are allowed"):
        package.package("dev", "arm64", tmp_path)


def test_an_unknown_stage_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert package.main(["--stage", "moon", "--out", str(tmp_path)]) == 1
    assert "no stage moon" in capsys.readouterr().err


def test_another_python_than_lambdas_makes_no_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its bytecode would be passed over without a word, and each cold start would compile all sources."""
    monkeypatch.setattr(package, "PYTHON", "3.99")
    with pytest.raises(PackageError, match=r"needs Python 3\.99"):
        package.compile_ahead(tmp_path)
