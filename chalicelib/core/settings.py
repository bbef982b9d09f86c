"""The settings of this process, from the environment. Nothing else on the cloud side reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from chalicelib.core.token_bucket import RateLimits, rate_limits


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation (a PC, a stage on AWS) is set up.

    Attributes:
        stage: Part of the names of tables.
        region: The AWS region.
        jwt_secret: Signs session tokens, at least 32 bytes; unused where signing_keys_path is set.
        signing_keys_path: Where in SSM the signing keys are; "" for none.
        origin_sha256: Digest of the secret by which CloudFront shows itself; "" where there is no CloudFront.
        live_endpoint: Base URL of the WebSocket management API; "" where there is none.
        iot_endpoint: Base URL of the MQTT broker's API; "" where there is none.
        public_url: Where people reach the page.
        web_origin: The one origin that CORS allows.
        upload_seconds: How often devices are told to send their readings.
        due_shards: How many partitions the indexes of what is due have.
        mail_from: The sender of mails; "" where no mail is sent.
        smtp_url: The mail server (smtp or smtps, with user and password if it wants them); "" for none.
        mail_directory: Where mails are written as files; "" for none. Without it and smtp_url, SES sends them.
        webhook_allow_private: Whether webhooks may go to private addresses and without TLS.
        export_bucket: Where exports are kept.
        exports_url: Where links to exports lead; "" for S3.
        export_function: The function that makes exports.
        mqtt_least_seconds: The shortest time after which the MQTT broker checks a connection's rights again, or ends it
            (AWS IoT: 300).
        mail_function: The function that mails links of accounts; "" where none are mailed.
        json_logs: Whether logs are JSON, for CloudWatch.
        limits: How much of what is allowed.
    """

    stage: str
    region: str
    jwt_secret: str
    signing_keys_path: str
    origin_sha256: str
    live_endpoint: str
    iot_endpoint: str
    public_url: str
    web_origin: str
    upload_seconds: int
    due_shards: int
    mail_from: str
    smtp_url: str
    mail_directory: str
    webhook_allow_private: bool
    export_bucket: str
    exports_url: str
    export_function: str
    mqtt_least_seconds: int
    mail_function: str
    is_only_writer: bool
    json_logs: bool
    limits: RateLimits

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
        signing_keys_path=os.environ.get("SIGNING_KEYS_PATH", ""),
        origin_sha256=os.environ.get("ORIGIN_SHA256", ""),
        live_endpoint=os.environ.get("LIVE_ENDPOINT", ""),
        iot_endpoint=os.environ.get("IOT_ENDPOINT", ""),
        public_url=public_url,
        web_origin=os.environ.get("WEB_ORIGIN", public_url),
        upload_seconds=int(os.environ.get("UPLOAD_SECONDS", "60")),
        due_shards=int(os.environ.get("DUE_SHARDS", "4")),
        mail_from=os.environ.get("MAIL_FROM", ""),
        smtp_url=os.environ.get("SMTP_URL", ""),
        mail_directory=os.environ.get("MAIL_DIRECTORY", ""),
        webhook_allow_private=os.environ.get("WEBHOOK_ALLOW_PRIVATE") == "yes",
        export_bucket=os.environ.get("EXPORT_BUCKET", ""),
        exports_url=os.environ.get("EXPORTS_URL", ""),
        export_function=os.environ.get("EXPORT_FUNCTION", ""),
        mqtt_least_seconds=int(os.environ.get("MQTT_LEAST_SECONDS", "300")),
        mail_function=os.environ.get("MAIL_FUNCTION", ""),
        is_only_writer=os.environ.get("ONLY_WRITER") == "yes",
        json_logs=os.environ.get("LOGS") == "json",
        limits=rate_limits(os.environ.get("LIMITS", "")),
    )


def local_database_url() -> str:
    """Where the DynamoDB server of this machine listens; "" on AWS, whose endpoints botocore knows."""
    url = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB", "")
    return url if url.startswith("http://") else ""
