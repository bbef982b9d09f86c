"""Units of custom sensors, guessed from their usual names: a hint for display, no promise of what a device sent.

This is the only table of units: the page shows the units of answers and pushes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

UNITS = {
    "temperature": "°C",
    "temp": "°C",
    "dewpoint": "°C",
    "winddirection": "°",
    "humidity": "%",
    "moisture": "%",
    "battery": "%",
    "pressure": "hPa",
    "barometer": "hPa",
    "co2": "ppm",
    "voc": "ppb",
    "pm25": "µg/m³",
    "pm10": "µg/m³",
    "illuminance": "lx",
    "light": "lx",
    "lux": "lx",
    "noise": "dB",
    "sound": "dB",
    "rssi": "dBm",
    "signal": "dBm",
    "power": "W",
    "energy": "Wh",
    "voltage": "V",
    "current": "A",
    "frequency": "Hz",
    "distance": "cm",
    "windspeed": "m/s",
    "wind": "m/s",
    "rain": "mm",
    "rainfall": "mm",
    "uptime": "s",
    "percent": "%",
    "ppm": "ppm",
    "ppb": "ppb",
    "dbm": "dBm",
    "volt": "V",
    "volts": "V",
    "amp": "A",
    "amps": "A",
    "ampere": "A",
    "watt": "W",
    "watts": "W",
    "wh": "Wh",
    "kwh": "kWh",
    "hz": "Hz",
    "hertz": "Hz",
}
WORD = re.compile(r"[a-zåäöü0-9]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def unit_of(name: str) -> str | None:
    """The unit that a name suggests, None if it suggests none.

    It is found by one of the name's words, the last first (room_temperature, roomTemperature), or by two (dew point).
    """
    words = WORD.findall(CAMEL.sub(" ", name).lower())
    together = [first + second for first, second in pairwise(words)]
    return next((UNITS[word] for word in (*together, *reversed(words)) if word in UNITS), None)


def units_of(names: Iterable[str]) -> dict[str, str]:
    """The units of the names that suggest one."""
    return {name: unit for name in sorted(set(names)) if (unit := unit_of(name)) is not None}
