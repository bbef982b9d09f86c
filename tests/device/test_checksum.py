from __future__ import annotations

from ghostwatt_pi.meters.checksum import crc16, is_sealed, sealed
from hypothesis import given
from hypothesis import strategies as st

TEXT = b'{"port": 2, "relay": "off"}'


def test_the_checksum_is_the_one_of_modbus() -> None:
    assert crc16(b"123456789") == 0x4B37  # the check value of CRC-16/MODBUS in the catalogue of CRC algorithms


def test_a_text_without_a_checksum_is_not_sealed() -> None:
    assert is_sealed(sealed(TEXT))
    assert not is_sealed(TEXT)


@given(st.integers(0, len(TEXT) - 2), st.integers(0, 7))
def test_a_flipped_bit_breaks_the_seal(at: int, bit: int) -> None:
    flipped = bytearray(sealed(TEXT))
    flipped[at] ^= 1 << bit
    assert not is_sealed(bytes(flipped))
