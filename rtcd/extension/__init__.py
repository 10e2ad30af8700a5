"""What runs inside the Jupyter server: jupyter-server-ydoc with the disk left to the daemon.

Enable it with ``jupyter server extension enable rtcd.extension`` and
``jupyter server extension disable jupyter_server_ydoc``. It needs ``pip install 'rtcd[server]'``.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from rtcd.extension.app import RtcdExtension

    return [{"module": "rtcd.extension", "app": RtcdExtension}]
