"""The only reader of the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

VERSION = "0.1.0"


@dataclass(frozen=True, slots=True)
class Settings:
    """How this place (a PC, a stage on AWS) is set up.

    stage names the tables; jwt_secret signs session tokens (at least 32 bytes); live_endpoint is the base URL of the
    WebSocket management API; public_url is where people reach the page; web_origin is the one origin that CORS allows;
    upload_seconds is the pace at which devices are told to send their readings.
    """

    stage: str
    region: str
    jwt_secret: str
    live_endpoint: str
    public_url: str
    web_origin: str
    upload_seconds: int

    @property
    def live_url(self) -> str:
        """Where the page opens its WebSocket: the page's own name, scheme ws(s)."""
        return "ws" + self.public_url.removeprefix("http").rstrip("/") + "/live"


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    public_url = os.environ.get("PUBLIC_URL", "http://localhost:8000")
    return Settings(
        stage=os.environ.get("STAGE", "local"),
        region=os.environ.get("AWS_REGION", "us-east-1"),
        jwt_secret=os.environ.get("JWT_SECRET", ""),
        live_endpoint=os.environ.get("LIVE_ENDPOINT", ""),
        public_url=public_url,
        web_origin=os.environ.get("WEB_ORIGIN", public_url),
        upload_seconds=int(os.environ.get("UPLOAD_SECONDS", "60")),
    )
