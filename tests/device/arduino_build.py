"""Compiles the sketch: for the Arduino Uno with Debian's core, or for this machine with a small fake of the core."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKETCH = ROOT / "device/arduino/ghostwatt/ghostwatt.ino"
FAKE_CORE = Path(__file__).with_name("fake_arduino")
AVR = Path("/usr/share/arduino/hardware/arduino/avr")
AVR_PACKAGES = "Debian's arduino-core-avr, gcc-avr and avr-libc"
UNO = ["-mmcu=atmega328p", "-DF_CPU=16000000L", "-DARDUINO=10819", "-DARDUINO_AVR_UNO", "-DARDUINO_ARCH_AVR"]
LIBRARIES = ("SoftwareSerial", "EEPROM")
QUIET = ["-Os", "-w", "-ffunction-sections", "-fdata-sections"]
"""The core's own warnings are not ours."""
STRICT = ["-Wall", "-Wextra", "-Werror", "-Wno-deprecated-declarations"]


def has_avr() -> bool:
    """Whether Debian's Arduino core and compiler are installed."""
    return shutil.which("avr-g++") is not None and AVR.is_dir()


def build_core(folder: Path) -> list[Path]:
    """The objects of the core and the libraries, for an Uno, without String: the sketch takes no memory as it runs."""
    sources = [*AVR.glob("cores/arduino/*.c"), *AVR.glob("cores/arduino/*.cpp")]
    sources = [source for source in sources if source.name != "WString.cpp"]
    sources += [source for name in LIBRARIES for source in AVR.glob(f"libraries/{name}/src/*.cpp")]
    return [_compile_uno(source, folder / f"{source.name}.o", QUIET) for source in sources]


def build_uno(folder: Path, core: Sequence[Path], *options: str) -> Path:
    """The sketch as an ELF file for an Uno, with warnings as errors."""
    sketch = _compile_uno(SKETCH, folder / "sketch.o", ["-Os", "-ffunction-sections", *STRICT, *options])
    elf = folder / "sketch.elf"
    objects = [str(item) for item in (sketch, *core)]
    run(["avr-gcc", "-mmcu=atmega328p", "-Os", "-Wl,--gc-sections", "-o", str(elf), *objects, "-lm"])
    return elf


def build_host(folder: Path, *options: str) -> Path:
    """The sketch as a program of this machine: `program TTY EEPROM_FILE`, see fake_arduino/Arduino.h."""
    program = folder / "sketch"
    flags = ["-std=gnu++17", "-g", "-I", str(FAKE_CORE), *STRICT, *options]
    sources = ["-include", str(FAKE_CORE / "Arduino.h"), "-x", "c++", str(SKETCH), str(FAKE_CORE / "main.cpp")]
    run(["g++", *flags, *sources, "-o", str(program)])
    return program


def size(elf: Path) -> tuple[int, int]:
    """(bytes of flash, bytes of RAM) that the program takes."""
    text, data, bss = (int(word) for word in run(["avr-size", str(elf)]).splitlines()[1].split()[:3])
    return text + data, data + bss


def run(command: Sequence[str]) -> str:
    """What the command prints; its complaints are the failure."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _compile_uno(source: Path, out: Path, flags: Sequence[str]) -> Path:
    compiler, standard = ("avr-gcc", "-std=gnu11") if source.suffix == ".c" else ("avr-g++", "-std=gnu++11")
    folders = [AVR / "cores/arduino", AVR / "variants/standard", *(AVR / f"libraries/{name}/src" for name in LIBRARIES)]
    language = ["-x", "c++", "-include", "Arduino.h", "-fno-exceptions"] if source.suffix == ".ino" else []
    includes = [f"-I{folder}" for folder in folders]
    run([compiler, standard, *UNO, *flags, *includes, *language, "-c", str(source), "-o", str(out)])
    return out
