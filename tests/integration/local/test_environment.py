from __future__ import annotations

import os
import subprocess
import sys

from infra.local.emulator.template import ROOT
from infra.local.runner.environment import app_environment, put_in_place

LATE_IMPORTS = """
import os
import tests.conftest
from chalicelib.core.settings import settings
from chalicelib.accounts.store import UserItem

print(UserItem.Meta.table_name, settings().web_origin, os.environ.get("AWS_PROFILE"))
"""
"""As a file of tests has them: pytest imports tests/conftest.py before it."""
EARLY_IMPORT = """
import sys

def refuse(event, _):
    assert event not in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"), event

sys.addaudithook(refuse)
import app
from chalicelib.core import aws, dynamo

print(sum(made.cache_info().currsize for made in (dynamo.connection, aws.client)))
"""


def said(program: str, **environment: str) -> list[str]:
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_no_test_sees_a_persons_own_stage_or_profile_however_early_it_imports_the_app() -> None:
    theirs = {"STAGE": "prod", "PUBLIC_URL": "https://ghostwatt.example", "AWS_PROFILE": "work"}
    assert said(LATE_IMPORTS, **theirs) == ["ghostwatt-local-users", "http://localhost:8000", "None"]


def test_importing_the_app_dials_nobody_and_makes_no_client() -> None:
    assert said(EARLY_IMPORT) == ["0"]


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
