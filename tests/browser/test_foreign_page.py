"""What a page of another origin can do to a person's stack from within the person's own browser."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser

from infra.local.database.server import Database, server_binary
from infra.local.runner.process import RunningStack, running_stack

ATTACK = """
    async (url) => {
        const scan = {
            method: 'POST',
            body: '{"TableName": "ghostwatt-local-users"}',
            headers: {
                'Content-Type': 'application/x-amz-json-1.0',
                'X-Amz-Target': 'DynamoDB_20120810.Scan',
                'X-Amz-Date': '20260101T000000Z',
                'Authorization': 'AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/dynamodb/aws4_request, '
                    + 'SignedHeaders=host, Signature=x',
            },
        };
        const tried = await Promise.allSettled([
            fetch(url, scan),
            fetch(url, {mode: 'no-cors', method: 'POST', body: scan.body}),
            new Promise((took, refused) => {
                const image = new Image();
                image.onload = took;
                image.onerror = refused;
                image.src = url;
            }),
        ]);
        return tried.map((one) => one.status);
    }
"""


class Page(BaseHTTPRequestHandler):
    """An empty page."""

    def do_GET(self) -> None:
        """Any path."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title>")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The URL of a page of another origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def database_url(stack: RunningStack) -> str:
    """Where the database listens, as its command line tells everybody."""
    words = Path(f"/proc/{stack.database_pid}/cmdline").read_text().split("\0")
    return f"http://{words[words.index('--host') + 1]}:{words[words.index('--port') + 1]}/"


def test_a_page_that_was_told_the_databases_address_cannot_use_it(
    browser: Browser, elsewhere: str, tmp_path: Path
) -> None:
    page = browser.new_page()
    page.goto(elsewhere)

    with running_stack(tmp_path) as stack:
        assert page.evaluate(ATTACK, database_url(stack)) == ["rejected"] * 3
    page.close()


def test_the_attack_is_a_real_one_where_the_database_listens_openly(
    browser: Browser, elsewhere: str, tmp_path: Path
) -> None:
    page, database = browser.new_page(), Database(tmp_path, server_binary(), isolated=False)
    page.goto(elsewhere)

    database.start()
    database.wait_until_ready()
    try:
        assert page.evaluate(ATTACK, database.url)[:2] == ["fulfilled"] * 2
    finally:
        database.stop()
        page.close()
