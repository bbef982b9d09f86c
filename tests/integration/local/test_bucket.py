from __future__ import annotations

import http.client
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from botocore.config import Config
from botocore.session import get_session
from starlette.applications import Starlette

from infra.local.emulator.bucket import DATE, KEPT_SECONDS, Bucket, is_good
from tests.integration.local.conftest import Serve

KEY = f"{'0' * 20}/{'k' * 43}.zip"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def port(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    (tmp_path / "secret.zip").write_text("secret")
    bucket = Bucket(tmp_path / "exports")
    port = serve(Starlette(routes=[bucket.service(), bucket.links()]))
    monkeypatch.setenv("EXPORTS_URL", f"http://127.0.0.1:{port}/exports")
    return port


def link(key: str = KEY, seconds: int = 900, secret: str = "", method: str = "get_object") -> str:
    """A link as the app signs one; with another secret it is forged."""
    client: Any = get_session().create_client(
        "s3",
        region_name=os.environ["AWS_REGION"],
        endpoint_url=os.environ["EXPORTS_URL"],
        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=secret or os.environ["AWS_SECRET_ACCESS_KEY"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    return str(client.generate_presigned_url(method, Params={"Bucket": "b", "Key": key}, ExpiresIn=seconds))


def with_query(url: str, **changes: str | None) -> str:
    """A link with parameters of its query changed, or without them."""
    place = urlsplit(url)
    query = dict(parse_qsl(place.query)) | {f"X-Amz-{name}": value for name, value in changes.items()}
    return place._replace(query=urlencode({name: value for name, value in query.items() if value is not None})).geturl()


def raw(port: int, method: str, path: str) -> tuple[int, bytes]:
    """A request with the path as it is: other clients tidy it up before they send it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body=b"x" if method == "PUT" else None)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_a_file_is_put_fetched_and_deleted(port: int, tmp_path: Path) -> None:
    base = f"http://127.0.0.1:{port}"
    assert requests.put(f"{base}/s3/b/{KEY}", data=b"content", timeout=60).status_code == 200
    answer = requests.get(link(), timeout=60)
    assert (answer.status_code, answer.content) == (200, b"content")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    for _ in range(2):
        assert requests.delete(f"{base}/s3/b/{KEY}", timeout=60).status_code == 204
    assert requests.get(link(), timeout=60).status_code == 404
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
    status, content = raw(port, method, f"/{place}/b/{key}?{urlsplit(link()).query}")
    assert status == 404, (status, content)
    assert (tmp_path / "secret.zip").read_text() == "secret"
    assert not (tmp_path / "exports").exists()


@pytest.mark.parametrize(
    ("query", "good"),
    [
        ({"X-Amz-Date": "20261121T115000Z", "X-Amz-Expires": "900"}, True),
        ({"X-Amz-Date": "20261121T114500Z", "X-Amz-Expires": "900"}, False),
        ({"X-Amz-Date": "20261121T120001Z", "X-Amz-Expires": "900"}, False),
        ({"X-Amz-Date": "20261121T115000Z", "X-Amz-Expires": "901"}, False),
        ({"X-Amz-Date": "20261121T115000Z", "X-Amz-Expires": "604800"}, False),
        ({"X-Amz-Date": "20261121T115000Z", "X-Amz-Expires": "0"}, False),
        ({"X-Amz-Date": "20261121T115000Z", "X-Amz-Expires": "\u0669\u0660\u0660"}, False),
        ({"X-Amz-Date": "20261121T115000Z", "X-Amz-Expires": "-1"}, False),
        ({"X-Amz-Date": "20261121T115000Z", "X-Amz-Expires": "x"}, False),
        ({"X-Amz-Date": "2026", "X-Amz-Expires": "900"}, False),
        ({"X-Amz-Expires": "900"}, False),
        ({}, False),
    ],
)
def test_a_link_is_good_for_its_time(query: dict[str, str], good: bool) -> None:
    assert is_good(query, NOW) is good


def forged() -> list[str]:
    """Links that nobody here has signed."""
    good, other_key = link(), KEY.replace("k", "x")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).strftime(DATE)
    signature = dict(parse_qsl(urlsplit(good).query))["X-Amz-Signature"]
    return [
        with_query(good, Signature="00"),
        with_query(good, Signature=""),
        with_query(good, Signature=None),
        with_query(good, Signature=signature.upper()),
        with_query(good, Signature=f"{signature} "),
        with_query(good, Signature="\u00e9" * 64),
        with_query(good, Expires="899"),
        with_query(good, Expires="604800", Signature="00"),
        with_query(good, Expires=None),
        with_query(good, Date=yesterday),
        with_query(good, Date=datetime.now(UTC).strftime(DATE), Expires="604800", Signature="00"),
        with_query(good, Credential="other/20261121/us-east-1/s3/aws4_request"),
        with_query(good, Credential=None),
        with_query(good, SignedHeaders=""),
        with_query(good, Algorithm="none"),
        f"{good}&X-Amz-Expires=900",
        f"{good}&x=1",
        good.partition("?")[0],
        good.replace("/b/", "/c/"),
        good.replace(KEY, other_key),
        link(seconds=901),
        link(secret="local"),
        link(method="put_object"),
    ]


def test_only_a_link_that_was_signed_here_opens_a_file(port: int, tmp_path: Path) -> None:
    for key in (KEY, KEY.replace("k", "x")):
        requests.put(f"http://127.0.0.1:{port}/s3/b/{key}", data=b"content", timeout=60)
    assert requests.get(link(), timeout=60).content == b"content"
    for url in forged():
        assert requests.get(url, timeout=60).status_code == 403, url


def test_a_link_is_good_for_the_name_it_was_signed_for_whatever_a_proxy_calls_this_place(port: int) -> None:
    requests.put(f"http://127.0.0.1:{port}/s3/b/{KEY}", data=b"content", timeout=60)
    assert requests.get(link(), headers={"Host": "internal:8000"}, timeout=60).content == b"content"


def test_a_body_that_breaks_off_is_no_file(port: int, tmp_path: Path) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("PUT", f"/s3/b/{KEY}")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"half of it")
    connection.close()
    assert requests.get(link(), timeout=60).status_code == 404
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
