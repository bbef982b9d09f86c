"""python -m infra.smoke BASE [--mqtt URL]: try a running Ghostwatt once, with a throw-away account.

It leaves nothing behind, also when a step fails or it is stopped; an unapproved pairing code ends by itself.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from urllib.parse import urlsplit

from infra.smoke.client import Client, Failed
from infra.smoke.mqtt import PORTS
from infra.smoke.steps import STEPS, Step, publish
from infra.smoke.visit import Visit

STOPS = (signal.SIGINT, signal.SIGTERM)


def run(visit: Visit, steps: Sequence[Step]) -> bool:
    """Take the steps in order and print each with its time; whether all went well and nothing was left behind."""
    try:
        for step in steps:
            _take(visit, step)
    except Failed as error:
        _say(f"FAILED: {error}")
        return False
    finally:
        gone = _leave(visit)
    return gone


def _take(visit: Visit, step: Step) -> None:
    began = time.monotonic()
    _say(f"{step.__doc__} ... ", end="")
    seen = step(visit)
    _say(f"{seen} ({time.monotonic() - began:.2f} s)")


def _leave(visit: Visit) -> bool:
    try:
        visit.leave()
    except Failed as error:
        _say(f"LEFT BEHIND: the account {visit.email}. {error}")
        return False
    return True


def _say(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Try it; the exit code is 1 when a step failed, or it was stopped."""
    options = _options(arguments)
    for number in STOPS:
        signal.signal(number, _stop)
    steps = [step for step in STEPS if options.mqtt or step is not publish]
    try:
        well = run(Visit(Client(options.base), options.mqtt or ""), steps)
    except KeyboardInterrupt:
        _say("stopped")
        return 1
    return 0 if well else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.smoke", description=__doc__)
    parser.add_argument("base", type=_url("http", "https"), help="where the page is, as deploy and serve print it")
    parser.add_argument("--mqtt", type=_url(*PORTS), help="the MQTT broker, to try it too")
    return parser.parse_args(arguments)


def _url(*schemes: str) -> Callable[[str], str]:
    def url(text: str) -> str:
        if urlsplit(text).scheme not in schemes or not urlsplit(text).hostname:
            raise argparse.ArgumentTypeError(f"{text!r} is not {' or '.join(f'{scheme}://HOST' for scheme in schemes)}")
        return text

    return url


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Stop; one request is enough, more must not disturb the leaving."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
