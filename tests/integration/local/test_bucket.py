from __future__ import annotations

import http.client
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette

from infra.local.bucket import DATE, KEPT_SECONDS, Bucket, is_good
from tests.integration.local.conftest import Serve

KEY = f"{'0' * 20}/{'k' * 43}.zip"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def port(serve: Serve, tmp_path: Path) -> int:
    (tmp_path / "secret.zip").write_text("secret")
    bucket = Bucket(tmp_path / "exports")
    return serve(Starlette(routes=[bucket.service(), bucket.links()]))


def signed(now: datetime | None = None) -> str:
    return f"X-Amz-Date={(now or datetime.now(UTC)).strftime(DATE)}&X-Amz-Expires=900"


def raw(port: int, method: str, path: str) -> tuple[int, bytes]:
    """A request with the path as it is: other clients tidy it up before they send it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body=b"x" if method == "PUT" else None)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_a_file_is_put_fetched_and_deleted(port: int, tmp_path: Path) -> None:
    base = f"http://127.0.0.1:{port}"
    assert requests.put(f"{base}/s3/b/{KEY}", data=b"content", timeout=10).status_code == 200
    answer = requests.get(f"{base}/exports/b/{KEY}?{signed()}", timeout=10)
    assert (answer.status_code, answer.content) == (200, b"content")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    for _ in range(2):
        assert requests.delete(f"{base}/s3/b/{KEY}", timeout=10).status_code == 204
    assert requests.get(f"{base}/exports/b/{KEY}?{signed()}", timeout=10).status_code == 404
    assert list((tmp_path / "exports").glob("*/*")) == []


@pytest.mark.parametrize(
    "key",
    [
        "../secret.zip",
        "..%2fsecret.zip",
        "%2e%2e/secret.zip",
        f"{'0' * 20}/../../secret.zip",
        f"{'0' * 20}/..%2f..%2fsecret.zip",
        "/etc/passwd",
        f"{KEY}%00",
        KEY.upper(),
        KEY[1:],
        "",
    ],
)
@pytest.mark.parametrize(("method", "place"), [("GET", "exports"), ("PUT", "s3"), ("DELETE", "s3")])
def test_no_path_leads_out_of_the_bucket(port: int, tmp_path: Path, method: str, place: str, key: str) -> None:
    status, content = raw(port, method, f"/{place}/b/{key}?{signed()}")
    assert status == 404, (status, content)
    assert (tmp_path / "secret.zip").read_text() == "secret"
    assert not (tmp_path / "exports").exists()


@pytest.mark.parametrize(
    ("query", "good"),
    [
        ({"X-Amz-Date": "20261121T115000Z", "X-Amz-Expires": "900"}, True),
        ({"X-Amz-Date": "20261121T114500Z", "X-Amz-Expires": "900"}, False),
        ({"X-Amz-Date": "20261121T120001Z", "X-Amz-Expires": "900"}, False),
        ({"X-Amz-Date": "20261121T115000Z", "X-Amz-Expires": "604801"}, False),
        ({"X-Amz-Date": "20261121T115000Z", "X-Amz-Expires": "-1"}, False),
        ({"X-Amz-Date": "20261121T115000Z", "X-Amz-Expires": "x"}, False),
        ({"X-Amz-Date": "2026", "X-Amz-Expires": "900"}, False),
        ({"X-Amz-Expires": "900"}, False),
        ({}, False),
    ],
)
def test_a_link_is_good_for_its_time(query: dict[str, str], good: bool) -> None:
    assert is_good(query, NOW) is good


def test_a_body_that_breaks_off_is_no_file(port: int, tmp_path: Path) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("PUT", f"/s3/b/{KEY}")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"half of it")
    connection.close()
    assert requests.get(f"http://127.0.0.1:{port}/exports/b/{KEY}?{signed()}", timeout=10).status_code == 404
    assert not (tmp_path / "exports" / KEY).exists()


def test_what_is_older_than_a_day_is_deleted_and_the_rest_stays(tmp_path: Path) -> None:
    old, new = tmp_path / KEY, tmp_path / KEY.replace("k", "n")
    old.parent.mkdir()
    for path in (old, new):
        path.write_text("x")
    long_ago = (datetime.now(UTC) - timedelta(seconds=KEPT_SECONDS + 60)).timestamp()
    os.utime(old, (long_ago, long_ago))
    Bucket(tmp_path).expire()
    assert not old.exists()
    assert new.exists()
