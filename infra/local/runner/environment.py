"""The environment that the app finds on a PC, in place of the environment of a Lambda."""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping, MutableMapping
from urllib.parse import urlsplit

REGION = "us-east-1"
STAGE = "local"
NOWHERE = "http://127.0.0.1:9"
"""An address where nobody listens: the app must not call AWS for a service that the PC lacks."""
_FOREIGN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
"""Variables of a person's own AWS set-up, which must not reach the app."""


def app_environment(
    *,
    public_url: str,
    database_url: str,
    live_endpoint: str,
    iot_endpoint: str,
    jwt_secret: str,
    mail_directory: str = "",
    services_url: str = NOWHERE,
    web_origin: str = "",
) -> dict[str, str]:
    """The variables that settings.py and botocore read; the key id is made up, the database asks for one.

    The secret key signs links to exports, so it is one of this place's own.

    services_url is the management API, where S3 and Lambda are called; web_origin is the origin that CORS allows, by
    default the page's own.
    """
    return {
        "STAGE": STAGE,
        "PUBLIC_URL": public_url,
        "WEB_ORIGIN": web_origin or public_url,
        "JWT_SECRET": jwt_secret,
        "LIVE_ENDPOINT": live_endpoint,
        "IOT_ENDPOINT": iot_endpoint,
        "UPLOAD_SECONDS": "2",  # nobody pays for requests here, and somebody is looking
        "MAIL_DIRECTORY": mail_directory,
        "MAIL_FROM": os.environ.get("MAIL_FROM", "ghostwatt@localhost"),  # with SMTP_URL a person sets one
        "EXPORT_BUCKET": f"ghostwatt-{STAGE}-exports",
        "EXPORT_FUNCTION": "export_job",
        "MAIL_FUNCTION": "account_mail" if services_url != NOWHERE else "",
        "EXPORTS_URL": f"{public_url}/exports",
        "MQTT_LEAST_SECONDS": "1",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": hmac.digest(jwt_secret.encode(), b"signs links to exports", "sha256").hex(),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_DYNAMODB": database_url,
        "AWS_ENDPOINT_URL_S3": f"{services_url}/s3",
        "AWS_ENDPOINT_URL_LAMBDA": services_url,
        **no_proxy(database_url),
    }


def no_proxy(database_url: str) -> dict[str, str]:
    """The variables that keep calls within this machine from a proxy; both spellings, as either may be set."""
    here = ",".join(["127.0.0.1", "localhost", urlsplit(database_url).hostname or ""])
    return {"NO_PROXY": here, "no_proxy": here}


def put_in_place(variables: Mapping[str, str], environ: MutableMapping[str, str] = os.environ) -> None:
    """Set the variables, and remove those that would lead botocore to a real AWS account."""
    for name in _FOREIGN:
        environ.pop(name, None)
    environ.update(variables)
