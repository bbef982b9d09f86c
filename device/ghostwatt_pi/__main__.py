"""`python -m ghostwatt_pi` is `ghostwatt-pi`."""

from ghostwatt_pi.cli import main

raise SystemExit(main())
