from __future__ import annotations

import pytest

from infra.local.emulator.route_matching import Routes

ROUTES = Routes({pattern: {} for pattern in ("/", "/device/{deviceId}", "/device/list", "/device/{deviceId}/data")})


@pytest.mark.parametrize(
    ("path", "pattern", "values"),
    [
        ("/", "/", {}),
        ("/device/list", "/device/list", {}),
        ("/device/list/", "/device/list", {}),
        ("/device/GW-1", "/device/{deviceId}", {"deviceId": "GW-1"}),
        ("/device/a%2Fb", "/device/{deviceId}", {"deviceId": "a/b"}),
        ("/device/caf%C3%A9", "/device/{deviceId}", {"deviceId": "café"}),
        ("/device/list/data", "/device/{deviceId}/data", {"deviceId": "list"}),
    ],
)
def test_a_path_finds_its_route(path: str, pattern: str, values: dict[str, str]) -> None:
    match = ROUTES.match(path)

    assert match
    assert (match.pattern, match.path_parameters) == (pattern, values)


@pytest.mark.parametrize("path", ["/device", "/device/", "/nothing", "/device/a/b", "/device//data", "/Device/list"])
def test_an_unknown_path_finds_none(path: str) -> None:
    assert ROUTES.match(path) is None
