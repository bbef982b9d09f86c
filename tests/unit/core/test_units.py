"""Units by name are hints: known words only."""

from __future__ import annotations

import pytest

from chalicelib.core.units import unit_of, units_of


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("temperature", "°C"),
        ("room_temperature", "°C"),
        ("outsideTemperature", "°C"),
        ("Dew point", "°C"),
        ("CO2 (attic)", "ppm"),
        ("PM2.5", "µg/m³"),
        ("battery temperature", "°C"),
        ("energy", "Wh"),
        ("energy_kwh", "kWh"),
        ("voc", "ppb"),
        ("lampState", None),
        ("uptime", "s"),
        ("wind_speed", "m/s"),
        ("windDirection", "°"),
        ("rain", "mm"),
        ("water level", None),
        ("battery_volts", "V"),
        ("happiness", None),
        ("", None),
    ],
)
def test_a_name_is_known_by_its_words(name: str, unit: str | None) -> None:
    assert unit_of(name) == unit


def test_only_what_is_known_is_named() -> None:
    assert units_of(["x", "humidity", "pressure"]) == {"humidity": "%", "pressure": "hPa"}
