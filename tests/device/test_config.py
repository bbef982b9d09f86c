from __future__ import annotations

from pathlib import Path

import pytest
from ghostwatt_pi.config import LOCAL_API, BadSetting, load_settings, sends_in_clear


def api(tmp_path: Path, flags: dict[str, object], environment: dict[str, str], file: str = "") -> str:
    (tmp_path / "config.toml").write_text(file)
    return load_settings({"data": tmp_path, **flags}, environment).api


def test_without_any_setting_the_cloud_is_this_machine(tmp_path: Path) -> None:
    settings = load_settings({"data": tmp_path / "none"}, {})
    assert (settings.api, settings.local_port) == (LOCAL_API, 5000)


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
