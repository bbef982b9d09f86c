"""Names as people type them, and what they may not hide."""

from __future__ import annotations

import re
import unicodedata

import msgspec
import pytest

from chalicelib.core.schemas import NAME_PATTERN, Name
from chalicelib.readings.sensor_schemas import SensorName, Sensors

NAMES = [
    "TV",
    "Küche, links (2. Stock)",
    "冷蔵庫",
    "ثلاجة المطبخ",
    "می\u200cخواهم",  # noqa: RUF001 - Persian, not Latin
    "क्\u200dष",
    "👨\u200d👩\u200d👧 room",
    "❤\ufe0f\u200d🔥",
    "🏳\ufe0f\u200d🌈",
    "a\u00a0b",
    "<img src=x>",
    "e\u0301",
]
HIDDEN = [
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
    *"\u200b\u2060\u2062\ufeff\u00ad",
]
HIDDEN += [*"\u3164\u115f\u034f\u180e\u206a\ufff9\u2028\x00\x1b\x7f\x85\n", "\U000e0041", "\U000e0001", "\U0001d173"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_may_be_in_any_script(name: str) -> None:
    assert msgspec.convert(name, Name) == name
    assert msgspec.convert({name: 1.0}, Sensors) == {name: 1.0}


@pytest.mark.parametrize("hidden", HIDDEN, ids=ascii)
@pytest.mark.parametrize("name", ["{}TV", "T{}V", "TV{}", "{}", "冷{}蔵", " {} "])
@pytest.mark.parametrize("kind", [Name, SensorName])
def test_a_name_has_nothing_that_cannot_be_seen_or_turns_text(hidden: str, name: str, kind: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(name.format(hidden), kind)


@pytest.mark.parametrize(
    "name", ["T\u200dV", "TV\u200d", "\u200dTV", "\u200d", "冷\u200d\u200d蔵", "冷\u200d", "T\u200cV", "é\u200cé"]
)
def test_a_joiner_stands_between_two_signs_that_it_can_join(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(name, Name)


def test_all_invisible_format_characters_are_known() -> None:
    allowed = {character for character in map(chr, range(0x110000)) if re.fullmatch(NAME_PATTERN, character)}
    invisible = {character for character in allowed if unicodedata.category(character) in ("Cf", "Cc", "Zl", "Zp")}
    # Signs of Arabic, Syriac, Kaithi and Egyptian: of the category, but they show.
    shown = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
    assert {character for character in invisible if not 0x13430 <= ord(character) <= 0x1343F} == set(shown)
