"""The house: which room may import which, and who may use which library."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("app", "chalicelib", "infra", "ghostwatt_pi", "tests")
BASE = (
    *("__version__", "clock", "data_directory", "disk", "event_log", "files"),
    *("identity", "measurement", "messages", "schemas"),
)
PI = {f"ghostwatt_pi.{base}" for base in BASE}
ALLOWED = {
    "infra.aws": {"infra.aws"},
    "infra.generate": {"infra.generate", "app", "chalicelib"},
    "infra.smoke": {"infra.smoke"},
    "infra.local": {"infra.local", "app", "chalicelib.core", "chalicelib.entrypoints", "chalicelib.exports.model"},
    "infra.local.demo.history_seeder": {"infra.local", "chalicelib"},
    "infra.backup": {"infra.backup", "infra.local"},
    "ghostwatt_pi": {"ghostwatt_pi"},
    "ghostwatt_pi.settings": PI | {"ghostwatt_pi.settings"},
    "ghostwatt_pi.outlets": PI | {"ghostwatt_pi.outlets"},
    "ghostwatt_pi.meters": PI | {"ghostwatt_pi.meters", "ghostwatt_pi.outlets.relays", "ghostwatt_pi.settings"},
    "ghostwatt_pi.buffer": PI | {"ghostwatt_pi.buffer"},
    "ghostwatt_pi.cloud": PI | {"ghostwatt_pi.cloud", "ghostwatt_pi.buffer.batches", "ghostwatt_pi.settings"},
    "ghostwatt_pi.agent": PI
    | {f"ghostwatt_pi.{room}" for room in ("agent", "cloud", "buffer", "meters.base", "outlets")},
    "ghostwatt_pi.local": PI
    | {f"ghostwatt_pi.{room}" for room in ("local", "cloud", "buffer", "meters", "outlets.relays", "settings")},
}
"""From a room to those it may import; the most particular name counts."""


def sources() -> Iterator[tuple[str, Path]]:
    for path in [*ROOT.glob("chalicelib/**/*.py"), *ROOT.glob("infra/**/*.py")]:
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path
    for path in ROOT.glob("device/ghostwatt_pi/**/*.py"):
        yield ".".join(path.relative_to(ROOT / "device").with_suffix("").parts).removesuffix(".__init__"), path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: str, rooms: Iterable[str]) -> str | None:
    fitting = [room for room in rooms if module == room or module.startswith(f"{room}.")]
    return max(fitting, key=len, default=None)


@pytest.mark.parametrize(("module", "path"), [pytest.param(*found, id=found[0]) for found in sources()])
def test_imports_run_one_way(module: str, path: Path) -> None:
    room = room_of(module, ALLOWED)
    if room is None:
        assert module.partition(".")[0] in ("chalicelib", "infra"), f"{module} has no room"
        return
    for name in imported(path):
        if name.partition(".")[0] in OURS:
            assert room_of(name, ALLOWED[room]), f"{module} imports {name}"


def test_only_settings_reads_the_environment() -> None:
    readers = [
        module
        for module, path in sources()
        if module.startswith("chalicelib") and ("os.environ" in path.read_text() or "getenv" in path.read_text())
    ]
    assert readers == ["chalicelib.core.settings"]
