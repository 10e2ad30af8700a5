"""The stock collaboration extension and ours exclude each other: both answer the same addresses."""

from __future__ import annotations

import logging

from jupyter_server.extension.manager import ExtensionManager

STOCK = "jupyter_server_ydoc"
OURS = "rtcd.extension"


def stand_in_for_stock(manager: ExtensionManager, log: logging.Logger) -> None:
    """Make ours the one that counts, and say so when both were enabled.

    Called while extensions are linked, before any is loaded. The stock package loses its own entry
    points; ours stands in under its name, so that extensions which look there find it.
    """
    stock, ours = manager.extensions.get(STOCK), manager.extensions.get(OURS)
    if stock is None or ours is None:
        return
    if stock.enabled:
        log.warning(
            "rtcd: %s is enabled too. It was left out, because both cannot serve the same rooms; "
            "`jupyter server extension disable %s` ends this message.",
            STOCK,
            STOCK,
        )
        stock.enabled = False
    stock.extension_points = dict(ours.extension_points)
