from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from ghostwatt_pi.setup.unit import unit_text


def lines(text: str) -> set[str]:
    return set(text.splitlines())


def test_the_service_comes_back_is_watched_and_is_shut_in() -> None:
    assert lines(unit_text("/opt/x/bin/python -m ghostwatt_pi", Path("/var/lib/ghostwatt"))) >= {
        "Type=notify", "Restart=always", "RestartSec=5", "WatchdogSec=300", "StartLimitIntervalSec=0",
        "ExecStart=/opt/x/bin/python -m ghostwatt_pi run --data /var/lib/ghostwatt",
        "User=ghostwatt", "SupplementaryGroups=dialout", "StateDirectory=ghostwatt", "NoNewPrivileges=yes",
        "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "CapabilityBoundingSet=", "DevicePolicy=closed",
        "DeviceAllow=char-ttyACM rw", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "SystemCallFilter=@system-service", "MemoryMax=200M",
    }  # fmt: skip


def test_only_with_gpio_relays_the_service_may_use_the_pins() -> None:
    plain, gpio = (unit_text("/p", Path("/d"), gpio=gpio) for gpio in (False, True))
    assert "gpio" not in plain
    assert lines(gpio) >= {"DeviceAllow=char-gpiochip rw", "SupplementaryGroups=dialout gpio"}


VERIFIER = shutil.which("systemd-analyze")


@pytest.mark.skipif(VERIFIER is None, reason="systemd-analyze is not installed: unit not verified")
@pytest.mark.parametrize("gpio", [False, True])
def test_systemd_finds_nothing_wrong_in_the_unit(tmp_path: Path, gpio: bool) -> None:
    unit = tmp_path / "ghostwatt.service"
    unit.write_text(unit_text("/bin/true", Path("/var/lib/ghostwatt"), gpio=gpio))
    asked = subprocess.run([str(VERIFIER), "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    said = [line for line in asked.stderr.splitlines() if "ghostwatt" in line]
    assert (asked.returncode, said) == (0, []), asked.stderr
