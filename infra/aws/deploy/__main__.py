"""Run this package as a command: python -m infra.aws.deploy."""

import sys

from infra.aws.deploy.deploy import main

if __name__ == "__main__":
    sys.exit(main())
