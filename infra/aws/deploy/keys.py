"""python -m infra.aws.deploy.keys STAGE: give a stage a new signing key. Sessions go on: the old one still verifies.

A container learns of the new key within ten minutes, and a token lives for a quarter of an hour; so a key that a newer
one replaced a day ago is in nobody's hands, and the next rotation deletes it.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.deploy.account import current_account
from infra.aws.deploy.names import origin_secret_name, signing_keys_path
from infra.aws.deploy.stacks import DeployError

SECRET_BYTES = 32
"""HS256 wants a key at least as long as its digest (RFC 7518, section 3.2)."""
OVERLAP_SECONDS = 86_400


def rotate(ssm: Any, stage: str, now_seconds: int) -> list[str]:
    """Make a new key; returns the names of the old ones that were deleted.

    A key is deleted once its successor is a day old; names hold the time, so both are known from them.
    """
    names = key_names(ssm, stage)
    day_ago = now_seconds - OVERLAP_SECONDS
    spent = [name for name, next_name in pairwise(names) if _made_at(next_name) < day_ago]
    _put(ssm, f"{signing_keys_path(stage)}/{now_seconds}")
    for name in spent:
        ssm.delete_parameter(Name=name)
    return spent


def ensure(ssm: Any, stage: str, now_seconds: int) -> str:
    """Make the first signing key and the origin secret where they are missing; returns the origin secret."""
    if not key_names(ssm, stage):
        _put(ssm, f"{signing_keys_path(stage)}/{now_seconds}")
    try:
        parameter = ssm.get_parameter(Name=origin_secret_name(stage), WithDecryption=True)
    except ssm.exceptions.ParameterNotFound:
        return _put(ssm, origin_secret_name(stage))
    secret: str = parameter["Parameter"]["Value"]
    return secret


def remove(ssm: Any, stage: str) -> None:
    """Delete all secrets of a stage."""
    for name in [*key_names(ssm, stage), origin_secret_name(stage)]:
        try:
            ssm.delete_parameter(Name=name)
        except ssm.exceptions.ParameterNotFound:
            continue


def key_names(ssm: Any, stage: str) -> list[str]:
    """The names of a stage's signing keys, the newest last."""
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=signing_keys_path(stage))
    return sorted(parameter["Name"] for page in pages for parameter in page["Parameters"])


def _put(ssm: Any, name: str) -> str:
    secret = secrets.token_urlsafe(SECRET_BYTES)
    ssm.put_parameter(Name=name, Value=secret, Type="SecureString", Tier="Standard")
    return secret


def _made_at(name: str) -> int:
    return int(name.rpartition("/")[2])


def main(arguments: Sequence[str] | None = None) -> int:
    """Rotate the keys of the stage that is named; the exit code is 1 when that failed."""
    (stage,) = sys.argv[1:] if arguments is None else arguments
    try:
        spent = rotate(current_account().client("ssm"), stage, int(time.time()))
    except (DeployError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{stage} has a new signing key; {len(spent)} old ones are gone.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
