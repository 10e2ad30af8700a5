"""What is not yet the same everywhere, and why: a table for ``stop`` and ``wait``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rtcd_cli.output import safe, show, table


def show_pending(pending: Sequence[dict[str, Any]]) -> None:
    """Show items of ``{"path", "why"}``."""
    rows = [(safe(item.get("path") or "(all)"), safe(item.get("why", ""))) for item in pending]
    show(table(("FILE", "WHY"), rows, wrapping=("FILE",)))


def pending_sentence(pending: Sequence[dict[str, Any]]) -> str:
    """The same in one sentence, the first three by name."""
    named = [f"{item.get('path') or 'all files'} ({item.get('why', '')})" for item in pending[:3]]
    more = f" and {len(pending) - 3} more" if len(pending) > 3 else ""
    return ", ".join(named) + more
