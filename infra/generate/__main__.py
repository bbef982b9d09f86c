"""python -m infra.generate: write every generated file whose text has changed."""

from __future__ import annotations

import sys

from infra.generate.files import FILES, ROOT


def main() -> int:
    """Write the files and name those that changed; the exit code is 0."""
    for path, make_text in FILES.items():
        target = ROOT / path
        text = make_text()
        if target.exists() and target.read_text() == text:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
