"""Where links to exports lead on AWS. What a PC's link does is for tests/integration/local/test_bucket.py."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from chalicelib.core import aws
from chalicelib.core.settings import settings
from chalicelib.exports import files


@pytest.fixture(params=["us-east-1", "eu-central-1", "eu-south-2"])
def region(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in {
        "AWS_REGION": request.param,
        "EXPORT_BUCKET": "the-exports",
        "EXPORTS_URL": "",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    settings.cache_clear()
    aws.client.cache_clear()
    yield str(request.param)
    settings.cache_clear()
    aws.client.cache_clear()


def test_a_link_names_the_region_of_its_bucket_since_s3_redirects_from_the_global_name(region: str) -> None:
    host = urlsplit(files.link("somebody/export.zip", 900)).hostname
    expected = "the-exports.s3.amazonaws.com" if region == "us-east-1" else f"the-exports.s3.{region}.amazonaws.com"
    assert host == expected
