"""The Arduino sketch: compiled for an Uno where Debian's core is there, and run on this machine against the meter."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.serial_meter import SerialMeter
from ghostwatt_pi.outlets.relays import RelayError

from .arduino_build import AVR_PACKAGES, build_core, build_host, build_uno, has_avr, size
from .conftest import RecordedLog, until

ACS712 = "-DMETER=METER_ACS712"
UNO_FLASH_BYTES, UNO_RAM_BYTES = 32_256, 2048
STACK_BYTES = 1024
RELAY_PIN_1 = 4


@pytest.fixture(scope="module")
def uno_core(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    if not has_avr():
        pytest.skip(f"the sketch is not compiled for an Uno: that needs {AVR_PACKAGES}")
    folder = tmp_path_factory.mktemp("uno")
    return folder, build_core(folder)


@pytest.mark.parametrize(
    "options", [[], [ACS712], ["-DPORTS=1"], ["-DPZEM_SET_ADDRESS=2"], [ACS712, "-DWATCHDOG=0", "-DRELAY_ACTIVE_LOW=0"]]
)
def test_the_sketch_compiles_for_an_uno_without_a_warning_and_fits(
    uno_core: tuple[Path, list[Path]], options: list[str]
) -> None:
    flash_bytes, ram_bytes = size(build_uno(*uno_core, *options))
    assert flash_bytes < UNO_FLASH_BYTES
    assert ram_bytes < UNO_RAM_BYTES - STACK_BYTES


class Bench:
    """The sketch as a process, and the real meter at the other end of a pseudo-terminal."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program, self.eeprom, self.log, self.stop = program, folder / "eeprom", RecordedLog(), threading.Event()
        self.measured: list[Measurement] = []
        # two terminals, joined: the sketch and the meter each open theirs by its name
        self._masters, slaves = zip(*(os.openpty() for _ in range(2)), strict=True)
        for slave in slaves:
            tty.setraw(slave)
        self._names = [os.ttyname(slave) for slave in slaves]
        for source, target in (self._masters, self._masters[::-1]):
            threading.Thread(target=_carry, args=[source, target], daemon=True).start()
        self.meter = SerialMeter(self._names[1], 9600, self.log)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.power_on()

    def power_on(self) -> None:
        command = [str(self.program), self._names[0], str(self.eeprom)]
        self._sketch = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def power_off(self) -> list[str]:
        """What the relay pins were set to since power_on."""
        self._sketch.kill()
        return self._sketch.communicate()[0].splitlines()

    def close(self) -> None:
        self.power_off()
        self.stop.set()
        self._reader.join(10)
        assert not self._reader.is_alive()

    def _read(self) -> None:
        for measurements in self.meter.measurements(self.stop):
            self.measured += measurements


def _carry(source: int, target: int) -> None:
    while data := os.read(source, 1024):
        os.write(target, data)


def bench(tmp_path_factory: pytest.TempPathFactory, *options: str) -> Bench:
    if shutil.which("g++") is None:
        pytest.skip("the sketch is not run: that needs g++")
    folder = tmp_path_factory.mktemp("sketch")
    return Bench(build_host(folder, *options), folder)


@pytest.fixture(scope="module")
def pzem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = bench(tmp_path_factory)
    yield made
    made.close()


@pytest.fixture(scope="module")
def acs712(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = bench(tmp_path_factory, ACS712, "-DPORTS=2")
    yield made
    made.close()


def test_the_meter_understands_what_the_sketch_measures_with_pzem_modules(pzem: Bench) -> None:
    until(lambda: {measured.channel for measured in pzem.measured} == {1, 2, 3})
    first = pzem.measured[0]
    assert (first.voltage, first.current, first.power) == (230.1, 70.4, 16230.5)
    until(lambda: pzem.meter.errors["sensor"])  # nobody is at the fourth address
    assert pzem.meter.errors.keys() == {"sensor"}


def test_the_meter_understands_what_the_sketch_measures_with_an_acs712(acs712: Bench) -> None:
    until(lambda: {measured.channel for measured in acs712.measured} == {1, 2})
    by_channel = {measured.channel: measured for measured in acs712.measured}
    assert by_channel[1].current == pytest.approx(0.5, rel=0.05)
    assert by_channel[1].power == pytest.approx(115, rel=0.05)
    assert by_channel[2].power == 0
    assert acs712.meter.errors == {}


def test_a_switched_relay_is_confirmed_and_stays_so_through_a_power_loss(pzem: Bench) -> None:
    until(lambda: pzem.measured)
    pzem.meter.relays.switch(1, "off")
    pzem.meter.relays.switch(2, "off")
    pzem.meter.relays.switch(2, "on")
    first = pzem.power_off()
    assert first[-3:] == [f"{RELAY_PIN_1} LOW", f"{RELAY_PIN_1 + 1} LOW", f"{RELAY_PIN_1 + 1} HIGH"]
    heard = len(pzem.measured)
    pzem.power_on()
    until(lambda: len(pzem.measured) > heard)
    after = pzem.power_off()
    assert after[:4] == ["4 LOW", "5 HIGH", "6 HIGH", "7 HIGH"]
    assert "4 HIGH" not in after
    pzem.power_on()


def test_a_relay_that_the_sketch_does_not_have_is_refused(pzem: Bench) -> None:
    heard = len(pzem.measured)
    until(lambda: len(pzem.measured) > heard)
    with pytest.raises(RelayError, match="no such relay"):
        pzem.meter.relays.switch(5, "off")


def test_the_relay_memory_wears_all_its_slots_and_knows_the_last_state(tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("the relay memory is not tried: that needs g++")
    source = Path(__file__).with_name("fake_arduino") / "relay_memory_test.cpp"
    program = tmp_path / "relay_memory_test"
    subprocess.run(["g++", "-std=gnu++17", "-o", str(program), str(source)], check=True)  # noqa: S607 - g++ is looked up as make does
    done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
