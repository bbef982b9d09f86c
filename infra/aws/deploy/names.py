"""Names of our resources in an AWS account."""

from __future__ import annotations

LOG_ROLE_STACK = "ghostwatt-api-gateway-log-role"


def stack_name(stage: str) -> str:
    """The stack of a stage."""
    return f"ghostwatt-{stage}"


def deployment_bucket(account: str, region: str) -> str:
    """Where packages wait for CloudFormation; one for all stages of an account and region."""
    return f"ghostwatt-deploy-{account}-{region}"


def signing_keys_path(stage: str) -> str:
    """The SSM path of the signing keys; the name of each is the second at which it was made."""
    return f"/ghostwatt/{stage}/signing-keys"


def origin_secret_name(stage: str) -> str:
    """The SSM parameter of the secret that CloudFront shows to the API."""
    return f"/ghostwatt/{stage}/origin-secret"


RELEASE_ALARMS = ("5xx", "api-errors", "examine-errors")
"""The alarms that undo a release when they ring during it or just after; the part after alarm_name's stage."""


def alarm_name(stage: str, alarm: str) -> str:
    """An alarm of a stage."""
    return f"ghostwatt-{stage}-{alarm}"
