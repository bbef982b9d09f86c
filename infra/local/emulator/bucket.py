"""The bucket of exports on this PC: S3's calls to put and delete a file, and signed links that fetch one."""

from __future__ import annotations

import hmac
import os
import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import anyio
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from chalicelib.exports.model import LINK_MS
from infra.local.runner.environment import REGION

DATE = "%Y%m%dT%H%M%SZ"
LONGEST_LINK_SECONDS = LINK_MS // 1_000
"""The app signs none for longer."""
SIGNATURE = "X-Amz-Signature"
SECONDS = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


def is_good(query: Mapping[str, str], now: datetime) -> bool:
    """Whether a link may be used now: X-Amz-Expires seconds from X-Amz-Date, and no more than the app gives."""
    date, seconds = query.get("X-Amz-Date", ""), query.get("X-Amz-Expires", "")
    try:
        signed_at = datetime.strptime(date, DATE).replace(tzinfo=UTC)
    except ValueError:
        return False
    if not SECONDS.fullmatch(seconds) or int(seconds) > LONGEST_LINK_SECONDS:
        return False
    return signed_at <= now < signed_at + timedelta(seconds=int(seconds))


def is_signed(query: str, bucket: str, key: str) -> bool:
    """Whether a link was signed here for this file.

    Args:
        query: The query string as it came.
        bucket: The bucket that its path names.
        key: The file that its path names.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    parameters = dict(pairs)
    if (
        len(parameters) != len(pairs)
        or not parameters.get("X-Amz-Date")
        or parameters.get("X-Amz-SignedHeaders") != "host"
    ):
        return False
    expected = _signature([pair for pair in pairs if pair[0] != SIGNATURE], bucket, key, parameters)
    return hmac.compare_digest(parameters.get(SIGNATURE, "").encode(errors="replace"), expected.encode())


def _signature(pairs: list[tuple[str, str]], bucket: str, key: str, parameters: dict[str, str]) -> str:
    """The signature that these parameters should have; the address is the one that the app signs for."""
    credentials = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    auth = S3SigV4QueryAuth(credentials, "s3", REGION, LONGEST_LINK_SECONDS)
    request = AWSRequest("GET", f"{os.environ['EXPORTS_URL']}/{bucket}/{key}?{urlencode(pairs)}")
    request.context["timestamp"] = parameters["X-Amz-Date"]
    if parameters.get("X-Amz-Credential") != auth.scope(request):
        return secrets.token_hex()
    signature: str = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return signature


KEPT_SECONDS = 86_400
"""As the lifecycle of the bucket on AWS has it."""
KEY = re.compile(r"[0-9a-f]{20}/[A-Za-z0-9_-]{43}\.zip")
"""A person's id and a secret: no other path reaches the disk."""
FILE_NAME = "ghostwatt-export.zip"


class Bucket:
    """Files below a directory, each for a day."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def manage(self, request: Request) -> Response:
        """PUT stores the body whole or not at all, DELETE forgets it; for the app only."""
        path = self._path(request.path_params["key"])
        if path is None:
            return PlainTextResponse("NoSuchKey", 404)
        if request.method == "DELETE":
            path.unlink(missing_ok=True)
            return Response(status_code=204)
        try:
            await _store(request, path)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        return Response()

    async def fetch(self, request: Request) -> Response:
        """A file, for who has its link, as long as that is good."""
        if not is_good(request.query_params, datetime.now(UTC)):
            return _refusal("This link has expired.", 403)
        bucket, key = request.path_params["bucket"], request.path_params["key"]
        path = self._path(key)
        if path is None or not path.is_file() or _has_expired(path):
            return _refusal("There is no such file.", 404)
        if not is_signed(request.url.query, bucket, key):
            return _refusal("This link was not signed here.", 403)
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return FileResponse(path, headers=headers, media_type="application/zip", filename=FILE_NAME)

    def service(self) -> Route:
        """Where the app calls S3."""
        return Route("/s3/{bucket}/{key:path}", self.manage, methods=["PUT", "DELETE"])

    def links(self) -> Route:
        """Where signed links lead."""
        return Route("/exports/{bucket}/{key:path}", self.fetch)

    def expire(self, now_seconds: float | None = None) -> None:
        """Delete what is older than a day, and folders that have been empty for as long: a person's id names them."""
        for path in self._directory.glob("*/*"):
            if _has_expired(path, now_seconds):
                path.unlink(missing_ok=True)
        for path in self._directory.glob("*"):
            if path.is_dir() and _has_expired(path, now_seconds) and not any(path.iterdir()):
                path.rmdir()

    def _path(self, key: str) -> Path | None:
        return self._directory / key if KEY.fullmatch(key) else None


async def _store(request: Request, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{secrets.token_hex(4)}.draft")
    try:
        async with await anyio.open_file(draft, "wb") as file:
            async for part in request.stream():
                await file.write(part)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _has_expired(path: Path, now_seconds: float | None = None) -> bool:
    try:
        return (now_seconds or time.time()) - path.stat().st_mtime > KEPT_SECONDS
    except FileNotFoundError:  # gone since it was listed
        return False


def _refusal(message: str, status: int) -> Response:
    return PlainTextResponse(message, status, headers={"Cache-Control": "no-store"})
