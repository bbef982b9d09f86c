"""Files of exports, in a private bucket whose objects end after a day: S3 on AWS, a folder on a PC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core import aws
from chalicelib.core.errors import Unavailable
from chalicelib.core.settings import settings

FILE_NAME = "ghostwatt-export.zip"
"""The name under which a browser saves it."""


def put(key: str, path: Path) -> None:
    """Store a file, reading it as it is sent.

    Raises:
        Unavailable: The bucket does not answer.
    """
    with path.open("rb") as content:
        _call(
            "put_object",
            Key=key,
            Body=content,
            ContentType="application/zip",
            ContentDisposition=f'attachment; filename="{FILE_NAME}"',
        )


def remove(key: str) -> None:
    """Delete a file; one that is gone already is no error.

    Raises:
        Unavailable: The bucket does not answer.
    """
    _call("delete_object", Key=key)


def link(key: str, seconds: int) -> str:
    """Make a link from which anyone can fetch a file for so many seconds."""
    client = _client(settings().exports_url)
    asked = {"Bucket": settings().export_bucket, "Key": key}
    return str(client.generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds))


def _call(operation: str, **asked: Any) -> None:
    try:
        getattr(_client(""), operation)(Bucket=settings().export_bucket, **asked)
    except (BotoCoreError, ClientError) as error:
        message = "The storage for exports does not answer; try again."
        raise Unavailable(message, code="files_unavailable", retry_after_seconds=2) from error


def _client(endpoint_url: str) -> Any:
    """A client of S3 at an address, "" for its own.

    Signature version 4, since S3 refuses links with the older one, which botocore makes by default, in newer regions.
    """
    return aws.client("s3", endpoint_url=endpoint_url, connect_seconds=2, read_seconds=10, signature_version="s3v4")
