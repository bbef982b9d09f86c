"""No key of anybody's is in the repository: the files of git are scanned for what looks like one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

from chalicelib.devices.model import KEY_PREFIX
from infra.local.emulator.template import ROOT

DETECTORS = (
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)
"""Detectors of keys that have a shape of their own. Those of mere randomness see a key in every hash of a lock file."""
OWN_KEY = re.compile(rf"{KEY_PREFIX}\.(?!GW-3f9a1c7e5b20\.)[A-Za-z0-9_-]{{4,128}}\.[A-Za-z0-9_-]{{40,}}")
"""A device's key of our own; but for that of the contract's example device, which nobody has."""
PLACEHOLDERS = {"password", "PASSWORD"}
"""What documentation writes where the reader puts a password."""


LOCKS = (".lock", "requirements.txt", "requirements-pc.txt", "requirements-dev.txt", "package-lock.json")
"""Made by a tool, and full of hashes."""


def tracked_files() -> list[Path]:
    """The files that git knows, but for locks; none outside of a checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    return [ROOT / name for name in listed.stdout.split("\0") if (ROOT / name).is_file() and not name.endswith(LOCKS)]


def secrets_in(files: Sequence[Path]) -> Iterator[str]:
    """What looks like a secret in files, as FILE:LINE: KIND."""
    found = SecretsCollection()
    with transient_settings({"plugins_used": [{"name": name} for name in DETECTORS]}):
        for path in files:
            found.scan_file(str(path))
    for name, secret in found:
        if secret.secret_value not in PLACEHOLDERS:
            yield f"{name}:{secret.line_number}: {secret.type}"
    for path in files:
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if OWN_KEY.search(line):
                yield f"{path}:{number}: Ghostwatt device key"


def test_no_file_of_the_repository_holds_a_secret() -> None:
    files = tracked_files()
    if not files:
        pytest.skip("this is no git checkout: which files belong to the project is not known")
    assert list(secrets_in(files)) == []


@pytest.mark.parametrize(
    "parts",
    [
        ("AKIA", "QWERTYUIOPASDFGH"),
        ("-----BEGIN RSA ", "PRIVATE KEY-----"),
        ("https://someone:", "hunter2@example.org/"),
        ("gwk.", "pi-kitchen", ".", "q" * 43),
        ("ghp_", "a1B2" * 9),
    ],
    ids=["aws", "private-key", "url", "device-key", "github"],
)
def test_a_secret_would_be_seen(tmp_path: Path, parts: tuple[str, ...]) -> None:
    # It is put together here, so that this file holds none.
    leak = tmp_path / "leak.py"
    leak.write_text(f"VALUE = '{''.join(parts)}'\n")
    assert list(secrets_in([leak]))
