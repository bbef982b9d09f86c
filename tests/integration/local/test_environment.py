from __future__ import annotations

from infra.local.environment import app_environment, put_in_place


def test_a_persons_own_aws_set_up_never_reaches_the_app() -> None:
    environ = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "real", "AWS_ACCESS_KEY_ID": "real", "HOME": "/home/x"}
    ours = app_environment(
        public_url="http://localhost:8000",
        database_url="http://127.0.0.1:1",
        live_endpoint="",
        iot_endpoint="",
        jwt_secret="s",
    )

    put_in_place(ours, environ)

    assert "AWS_PROFILE" not in environ
    assert "AWS_SESSION_TOKEN" not in environ
    assert environ["AWS_ACCESS_KEY_ID"] != "real"
    assert environ["AWS_ENDPOINT_URL_DYNAMODB"] == "http://127.0.0.1:1"
    assert environ["HOME"] == "/home/x"
