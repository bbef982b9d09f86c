"""Keys of devices."""

from __future__ import annotations

import pytest

from chalicelib.devices.model import Device, Keys, api_key, device_id_of, key_digest

OLD, NEW = key_digest("gwk.dev.old"), key_digest("gwk.dev.new")


def test_a_key_names_its_device() -> None:
    assert device_id_of(api_key("GW-0123", "secret")) == "GW-0123"


@pytest.mark.parametrize("junk", ["", "gwk", "gwk.", "gwk.dev", "gwk.dev.", "gwk..secret", "other.dev.secret"])
def test_what_is_no_key_names_none(junk: str) -> None:
    assert device_id_of(junk) is None


def test_the_old_key_lives_until_the_new_one_is_first_used() -> None:
    keys = Keys(current_sha256=OLD).rotated(NEW)
    assert (keys.fits(OLD, 0), keys.fits(NEW, 0)) == ("current", "next")
    assert (keys.promoted().fits(OLD, 0), keys.promoted().fits(NEW, 0)) == (None, "current")


def test_an_old_key_that_nobody_used_lives_as_long() -> None:
    keys = Keys().rotated(OLD).rotated(NEW)
    assert (keys.fits(OLD, 0), keys.fits(NEW, 0)) == ("current", "next")
    assert keys.promoted().fits(OLD, 0) is None


def test_an_expired_key_fits_no_more() -> None:
    keys = Keys().rotated(NEW, expires_at_ms=100)
    assert (keys.fits(NEW, 99), keys.fits(NEW, 100)) == ("next", None)
    assert keys.promoted().fits(NEW, 100) is None


@pytest.mark.parametrize(
    ("keys", "last_seen_ms", "used"),
    [
        (Keys(), None, False),
        (Keys().rotated(OLD), None, False),
        (Keys().rotated(OLD), 7, False),
        (Keys().rotated(OLD).promoted(), None, True),
        (Keys().rotated(OLD).rotated(NEW), None, False),
        (Keys().rotated(OLD).promoted().rotated(NEW), 7, True),
    ],
    ids=["no key", "waiting", "called in a made-up past", "used, its call refused", "two waiting", "used and rotated"],
)
def test_a_key_was_used_once_it_became_the_current_one(keys: Keys, last_seen_ms: int | None, *, used: bool) -> None:
    device = Device("GW-0123", "uid", "owner", "Pi", 0, keys=keys, last_seen_ms=last_seen_ms)
    assert device.key_was_used is used
