"""The local page as HTML: which device this is, its state, and how to pair it. No script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import html
import time
from collections.abc import Iterable
from dataclasses import dataclass

import segno

from ghostwatt_pi.local.snapshot import OutletSnapshot, Snapshot
from ghostwatt_pi.measurement import now_ms
from ghostwatt_pi.schemas import Claim
from ghostwatt_pi.version import VERSION

REFRESH_SECONDS = 5
REFRESH = f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">'
ASK_FOR_WORD = "From the network, type the word that the Pi printed when it started (its terminal, or its log)."
STYLE = """
:root{color-scheme:light dark;--back:#f6f7f5;--card:#fff;--text:#1d2420;--soft:#5d6862;--line:#dfe4e0;
--good:#1d7a4c;--bad:#a8551b}
@media(prefers-color-scheme:dark){:root{--back:#121614;--card:#1b211e;--text:#e6ebe8;--soft:#9aa8a1;--line:#2c3531;
--good:#6fd3a0;--bad:#f0a468}}
*{box-sizing:border-box}
body{margin:0;padding:2rem 1rem;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
main{max-width:34rem;margin:auto}
h1{font-size:1.25rem;margin:0 0 1rem;font-weight:600}
section{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1rem 1.25rem;margin:0 0 1rem}
h2{font-size:.85rem;font-weight:600;color:var(--soft);margin:0 0 .5rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1.5rem;margin:0}
dt{color:var(--soft)}dd{margin:0;text-align:right;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th{font-weight:400;color:var(--soft);text-align:left}td{border-top:1px solid var(--line);padding:.35rem 0}
td:not(:first-child),th:not(:first-child){text-align:right}
.good{color:var(--good)}.bad{color:var(--bad)}
.code{font:600 2rem/1.2 ui-monospace,monospace;letter-spacing:.08em;margin:.25rem 0}
.qr{background:#fff;border-radius:.5rem;padding:.5rem;width:max-content;max-width:100%}
.qr svg{display:block;max-width:100%;height:auto}
a{color:inherit;overflow-wrap:anywhere}footer{color:var(--soft);font-size:.85rem}
"""
SECURITY_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'"
)


@dataclass(frozen=True, slots=True)
class PageContent:
    """The content of the page.

    Attributes:
        device_id: This device.
        paired: Whether it has a key.
        claim: The open claim, while the device waits to be paired.
        snapshot: The agent's snapshot.
        hint: The step that a caller must take before the page shows it the claim; empty if there is none.
    """

    device_id: str
    paired: bool
    claim: Claim | None
    snapshot: Snapshot
    hint: str = ""


def render(content: PageContent) -> str:
    """Render the page."""
    parts = [_device(content), _claim(content.claim) if content.claim and not content.paired else ""]
    parts += [_ask_for_word(content.hint) if content.hint else ""]
    outlets = [outlet.current_at(content.snapshot.at_ms) for outlet in content.snapshot.outlets]
    parts += [_outlets(outlets) if outlets else ""]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"{'' if content.hint else REFRESH}<title>Ghostwatt</title><style>{STYLE}</style></head>"
        f"<body><main><h1>Ghostwatt</h1>{''.join(parts)}"
        f"<footer>ghostwatt-pi {html.escape(VERSION)}</footer></main></body></html>"
    )


def _device(content: PageContent) -> str:
    snapshot = content.snapshot
    rows = [("Device", f"<code>{html.escape(content.device_id)}</code>"), ("State", _state(content))]
    rows += [("Last upload", _ago(snapshot.last_upload_at_ms))]
    if snapshot.waiting is not None:
        rows.append(("Waiting to be sent", f"{snapshot.waiting:,} readings"))
    if snapshot.dropped:
        rows.append(("Dropped, the buffer was full", f'<span class="bad">{snapshot.dropped:,} readings</span>'))
    return "<section><dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows) + "</dl></section>"


def _state(content: PageContent) -> str:
    if not content.paired:
        return '<span class="bad">Not paired yet</span>'
    if content.snapshot.cloud_away:
        return '<span class="bad">Paired, but the cloud is away</span>'
    return '<span class="good">Paired</span>'


def _claim(claim: Claim) -> str:
    code, page = html.escape(claim.user_code), html.escape(claim.verification_uri)
    uri = html.escape(claim.verification_uri_complete)
    picture = segno.make(claim.verification_uri_complete, micro=False).svg_inline(scale=5, border=2)
    return (
        f'<section><h2>Pair this device</h2><p>Scan the picture, or enter this code at <a href="{uri}">{page}</a></p>'
        f'<p class="code">{code}</p><div class="qr">{picture}</div></section>'
    )


def _ask_for_word(hint: str) -> str:
    """Render a form, on a page without refresh, which would remove what is being typed."""
    return (
        f"<section><h2>Pair this device</h2><p>{html.escape(hint)}</p>"
        '<form method="get" action="/"><label>Word <input name="word" autocomplete="off" required></label> '
        "<button>Show the code</button></form></section>"
    )


def _outlets(outlets: Iterable[OutletSnapshot]) -> str:
    rows = "".join(
        f"<tr><td>{outlet.channel}</td><td>{outlet.state}</td><td>{_number(outlet.voltage, 'V')}</td>"
        f"<td>{_number(outlet.power, 'W')}</td></tr>"
        for outlet in outlets
    )
    head = "<tr><th>Outlet</th><th>Switched</th><th>Voltage</th><th>Power</th></tr>"
    return f"<section><h2>Outlets</h2><table>{head}{rows}</table></section>"


def _number(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.1f} {unit}"  # noqa: RUF001 - the dash of an empty cell


def _ago(at_ms: int | None) -> str:
    if at_ms is None:
        return "none yet"
    clock = time.strftime("%H:%M:%S", time.localtime(at_ms / 1000))
    return f"{max(0, now_ms() - at_ms) // 1000} s ago ({clock})"
