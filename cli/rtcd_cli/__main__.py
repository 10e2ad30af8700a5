"""``python -m rtcd_cli``."""

from __future__ import annotations

from rtcd_cli.main import main

main()
