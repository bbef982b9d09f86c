"""The house: which room may import which, and who may use which library."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("app", "chalicelib", "infra", "ghostwatt_pi", "tests")
BASE = ("__version__", "clock", "disk", "files", "home", "identity", "measurement", "tell", "wire")
PI = {f"ghostwatt_pi.{base}" for base in BASE}
BELOW = {"chalicelib.clock", "chalicelib.telemetry", "chalicelib.storage", "chalicelib.domain", "chalicelib.settings"}


def services(*rooms: str) -> set[str]:
    """What a room of the services may import: itself and these, and what all of them stand on."""
    return BELOW | {f"chalicelib.services.{name}" for name in (*rooms, "apart", "deadline", "pages", "slots")}


ALLOWED = {
    "chalicelib.settings": {"chalicelib.domain.rate_limits"},
    "chalicelib.domain": {"chalicelib.domain"},
    "chalicelib.wire": {"chalicelib.wire"},
    "chalicelib.views": {"chalicelib.views", "chalicelib.domain", "chalicelib.wire"},
    "chalicelib.clock": {"chalicelib.domain"},
    "chalicelib.telemetry": {"chalicelib.settings"},
    "chalicelib.decoding": {"chalicelib.domain"},
    "chalicelib.messages": {
        "chalicelib.clock",
        "chalicelib.telemetry",
        "chalicelib.views",
        "chalicelib.decoding",
        "chalicelib.services",
        "chalicelib.domain",
        "chalicelib.wire",
    },
    "chalicelib.storage": {"chalicelib.storage", "chalicelib.domain", "chalicelib.settings"},
    "chalicelib.services": {"chalicelib.services", *BELOW},
    "chalicelib.services.push": {"chalicelib.services.push", "chalicelib.views", "chalicelib.wire", *BELOW},
    "chalicelib.services.access": services("access", "push"),
    "chalicelib.services.home": services("home", "access", "push"),
    "chalicelib.services.past": services("past", "home"),
    "chalicelib.services.money": services("money", "past", "home"),
    "chalicelib.services.readings": services("readings", "past", "home", "push"),
    "chalicelib.services.delivery": services("delivery", "money", "access", "push"),
    "chalicelib.services.exports": services("exports", "delivery", "money", "past", "home") | {"chalicelib.views"},
    "chalicelib.api": {
        "chalicelib.api",
        "chalicelib.messages",
        "chalicelib.clock",
        "chalicelib.telemetry",
        "chalicelib.decoding",
        "chalicelib.services",
        "chalicelib.views",
        "chalicelib.wire",
        "chalicelib.domain",
        "chalicelib.settings",
    },
    "chalicelib.events": {
        "chalicelib.clock",
        "chalicelib.telemetry",
        "chalicelib.services",
        "chalicelib.storage",
        "chalicelib.domain",
    },
    "chalicelib.events.mqtt": {
        "chalicelib.messages",
        "chalicelib.clock",
        "chalicelib.telemetry",
        "chalicelib.decoding",
        "chalicelib.services",
        "chalicelib.domain",
        "chalicelib.wire",
    },
    "app": {
        "chalicelib.clock",
        "chalicelib.api",
        "chalicelib.events",
        "chalicelib.services",
        "chalicelib.domain",
        "chalicelib.settings",
    },
    "infra.aws": {"infra.aws"},
    "infra.smoke": {"infra.smoke"},
    "infra.local": {"infra.local", "app", "chalicelib.clock", "chalicelib.events", "chalicelib.domain.errors"},
    "infra.local.http_limits": {"infra.local", "chalicelib.domain"},
    "infra.local.signed_links": {"infra.local", "chalicelib.domain"},
    "infra.local.past": {"infra.local", "chalicelib.services", "chalicelib.storage", "chalicelib.domain"},
    "infra.move": {"infra.move", "infra.local"},
    "ghostwatt_pi": {"ghostwatt_pi"},
    "ghostwatt_pi.settings": PI | {"ghostwatt_pi.settings"},
    "ghostwatt_pi.outlets": PI | {"ghostwatt_pi.outlets"},
    "ghostwatt_pi.meters": PI | {"ghostwatt_pi.meters", "ghostwatt_pi.outlets.relays", "ghostwatt_pi.settings"},
    "ghostwatt_pi.spool": PI | {"ghostwatt_pi.spool"},
    "ghostwatt_pi.cloud": PI | {"ghostwatt_pi.cloud", "ghostwatt_pi.spool.batch", "ghostwatt_pi.settings"},
    "ghostwatt_pi.agent": PI
    | {f"ghostwatt_pi.{room}" for room in ("agent", "cloud", "spool", "meters.base", "outlets")},
    "ghostwatt_pi.local": PI
    | {f"ghostwatt_pi.{room}" for room in ("local", "cloud", "spool", "meters", "outlets.relays", "settings")},
}
"""From a room to those it may import; the most particular name counts."""
LIBRARIES = {
    "chalicelib.domain": set(),
    "chalicelib.settings": set(),
    "chalicelib.telemetry": set(),
    "chalicelib.wire": {"msgspec"},
    "chalicelib.views": set(),
    "chalicelib.storage": {"pynamodb", "botocore", "msgspec"},
    "chalicelib.services": set(),
    "chalicelib.services.access": {"argon2", "jwt", "zxcvbn"},
    "chalicelib.services.push": {"botocore", "msgspec"},
    "chalicelib.services.delivery.mail": {"botocore"},
    "chalicelib.services.exports": {"msgspec"},
    "chalicelib.decoding": {"msgspec"},
    "chalicelib.messages": {"msgspec"},
    "chalicelib.api": {"chalice", "msgspec"},
    "chalicelib.api.qr_code": {"segno"},
    "chalicelib.events": {"chalice"},
    "chalicelib.events.mqtt": {"chalice", "msgspec"},
}
"""Libraries beyond the standard one that a room may use."""


def sources() -> Iterator[tuple[str, Path]]:
    for path in [ROOT / "app.py", *ROOT.glob("chalicelib/**/*.py"), *ROOT.glob("infra/**/*.py")]:
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
        assert module in ("chalicelib", "infra"), f"{module} has no room"
        return
    for name in imported(path):
        if name.partition(".")[0] in OURS:
            assert room_of(name, ALLOWED[room]), f"{module} imports {name}"


@pytest.mark.parametrize(("module", "path"), [pytest.param(*found, id=found[0]) for found in sources()])
def test_each_room_uses_only_its_libraries(module: str, path: Path) -> None:
    room = room_of(module, LIBRARIES)
    if room is None:
        return
    foreign = {name.partition(".")[0] for name in imported(path)} - set(OURS) - set(sys.stdlib_module_names)
    assert foreign <= LIBRARIES[room]


def test_only_settings_reads_the_environment() -> None:
    readers = [
        module
        for module, path in sources()
        if module.startswith("chalicelib") and ("os.environ" in path.read_text() or "getenv" in path.read_text())
    ]
    assert readers == ["chalicelib.settings"]
