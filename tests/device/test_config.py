from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from ghostwatt_pi.settings.config import KEYS, LOCAL_API, BadSetting, flag, load_settings, sends_in_clear, variable
from ghostwatt_pi.settings.config_file import write_settings


def api(tmp_path: Path, flags: dict[str, object], environment: dict[str, str], file: str = "") -> str:
    (tmp_path / "config.toml").write_text(file)
    return load_settings({"data": tmp_path, **flags}, environment).api


def test_without_any_setting_the_cloud_is_this_machine(tmp_path: Path) -> None:
    settings = load_settings({"data": tmp_path / "none"}, {})
    assert (settings.api, settings.port) == (LOCAL_API, 5000)


def test_flags_go_before_environment_before_file(tmp_path: Path) -> None:
    file = 'api = "https://file/api"'
    assert api(tmp_path, {}, {}, file) == "https://file/api"
    assert api(tmp_path, {}, {"GHOSTWATT_API": "https://env/api"}, file) == "https://env/api"
    assert api(tmp_path, {"api": "https://flag/api/"}, {"GHOSTWATT_API": "https://env/api"}, file) == "https://flag/api"


def test_env_local_means_this_machine_whatever_else_is_set(tmp_path: Path) -> None:
    assert api(tmp_path, {"env": "local"}, {"GHOSTWATT_API": "https://env/api"}) == LOCAL_API
    assert api(tmp_path, {"env": "local", "api": "http://127.0.0.1:9/api"}, {}) == "http://127.0.0.1:9/api"


@pytest.mark.parametrize(
    ("flags", "file", "named"),
    [
        ({"env": "cloud"}, "", "api is not set"),
        ({"api": "ftp://x"}, "", "api is"),
        ({}, 'env = "moon"', "env is"),
        ({}, "port = 70000", "port is"),
        ({}, "port = -1", "port is"),
        ({}, 'apis = "x"', "'apis'"),
        ({}, "api = ", "config.toml"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, flags: dict[str, object], file: str, named: str) -> None:
    with pytest.raises(BadSetting, match=named):
        api(tmp_path, flags, {}, file)


def test_only_http_over_a_network_sends_in_clear() -> None:
    assert sends_in_clear("http://192.168.1.5:8000/api")
    assert not sends_in_clear(LOCAL_API)
    assert not sends_in_clear("https://ghostwatt.example/api")


@pytest.mark.parametrize(
    ("flags", "environment", "file", "said"),
    [
        ({"baud": "fast"}, {}, "", "baud is 'fast' (--baud): it must be a whole number from 300 to 2000000"),
        ({}, {"GHOSTWATT_LAN": "maybe"}, "", "lan is 'maybe' (GHOSTWATT_LAN): it must be true or false"),
        ({}, {}, 'relays = "magic"', "config.toml): it must be serial or gpio"),
        ({"gpio_pins": "17,17"}, {}, "", "gpio_pins is '17,17' (--gpio-pins): it must be different GPIO numbers"),
        ({}, {}, "cloud_loss_minutes = 0", "cloud_loss_minutes is 0 ("),
        ({}, {"GHOSTWATT_HOME_ASSISTANT": "http://x"}, "", "an address that begins with mqtt:// or mqtts://"),
    ],
)
def test_a_bad_setting_says_where_it_stands_and_what_it_must_be(
    tmp_path: Path, flags: dict[str, object], environment: dict[str, str], file: str, said: str
) -> None:
    (tmp_path / "config.toml").write_text(file)
    with pytest.raises(BadSetting) as raised:
        load_settings({"data": tmp_path, **flags}, environment)
    assert said in str(raised.value)


def test_flag_variable_and_file_mean_the_same(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("lan = true\ngpio_pins = [17, 27]\n")
    from_file = load_settings({"data": tmp_path}, {})
    empty = {"data": tmp_path / "none"}
    from_environment = load_settings(empty, {"GHOSTWATT_LAN": "yes", "GHOSTWATT_GPIO_PINS": "17, 27"})
    from_flags = load_settings({**empty, "lan": True, "gpio_pins": "17,27"}, {})
    assert {(s.lan, s.gpio_pins) for s in (from_file, from_environment, from_flags)} == {(True, (17, 27))}


def test_every_setting_has_a_row_in_the_readme() -> None:
    readme = Path(__file__).parents[2].joinpath("device/README.md").read_text()
    for key in KEYS:
        assert f"`{flag(key)}" in readme, key
        assert variable(key) in readme, key


def test_the_written_file_is_all_comments_but_what_is_set_and_reads_back(tmp_path: Path) -> None:
    write_settings(tmp_path, {"serial": "/dev/ttyACM0", "lan": True})
    assert tomllib.loads((tmp_path / "config.toml").read_text()) == {"serial": "/dev/ttyACM0", "lan": True}
    settings = load_settings({"data": tmp_path}, {})
    assert (settings.serial, settings.lan, settings.port) == ("/dev/ttyACM0", True, 5000)
    every_line = (tmp_path / "config.toml").read_text().replace("\n# ", "\n")
    assert all(f"\n{key} = " in every_line for key in KEYS)


def test_writing_a_setting_leaves_what_its_owner_wrote(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("# mine\nport = 0 # no page\nbaud = 9600\n")
    write_settings(tmp_path, {"baud": 19200, "serial": "/dev/ttyUSB0"})
    write_settings(tmp_path, {"baud": 19200, "serial": "/dev/ttyUSB0"})
    assert (tmp_path / "config.toml").read_text() == (
        '# mine\nport = 0 # no page\nbaud = 19200\nserial = "/dev/ttyUSB0"\n'
    )


def test_a_setting_that_no_longer_exists_is_told_and_ignored(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("local_detect = true")
    settings = load_settings({"data": tmp_path, "local_detect": False}, {"GHOSTWATT_LOCAL_DETECT": "nonsense"})
    assert settings.retired == tuple(
        f"local_detect ({place}) no longer exists and is ignored"
        for place in ("--local-detect", "GHOSTWATT_LOCAL_DETECT", tmp_path / "config.toml")
    )
