"""Run this package as a command: python -m infra.aws.packaging."""

import sys

from infra.aws.packaging.package import main

if __name__ == "__main__":
    sys.exit(main())
