"""Run this package as a command: python -m infra.local.demo."""

import sys

from infra.local.demo.demo import main
from infra.local.runner.terminal import own_foreground

if __name__ == "__main__":
    with own_foreground():
        exit_code = main()
    sys.exit(exit_code)
