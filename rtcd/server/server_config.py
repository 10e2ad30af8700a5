"""How the embedded server is started: its arguments and its environment.

Everything is said on the command line, which beats the user's own configuration where it must
(address, disk, security) and leaves it alone everywhere else: kernels, JupyterLab settings, themes
and other extensions work as the user knows them. Nothing secret is among the arguments.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from rtcd.errors import RtcdError
from rtcd.places import Places

EXTRA = "pip install 'rtcd[server]'"
NEEDED_MODULES = ("jupyter_server", "jupyter_server_ydoc", "jupyter_server_fileid")
# Not handed on: the token of another server, and what is meant for the daemon.
SCRUBBED_VARIABLES = frozenset({"JUPYTER_TOKEN", "JUPYTER_TOKEN_FILE", "RTCD_TOKEN"})


def check_extra() -> None:
    """Make sure that a server can be started at all.

    Raises:
        RtcdError: a package is missing (code ``missing-extra``).
    """
    missing = [name for name in NEEDED_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        raise RtcdError(
            f"no Jupyter server can be started: {', '.join(missing)} is not installed",
            hint=f"Run `{EXTRA}`, or use a server that runs elsewhere with --server URL.",
            code="missing-extra",
        )


def has_lab() -> bool:
    """True when JupyterLab is installed beside rtcd."""
    return importlib.util.find_spec("jupyterlab") is not None


def server_arguments(places: Places, *, port: int) -> list[str]:
    """The command line; ``port`` 0 lets the system choose.

    The working folder of the server is ``places.jupyter``, so that what an extension drops there
    does not end up in the project. Kernels and terminals still start in the project.
    """
    private = places.jupyter
    settings = {
        "ServerApp.root_dir": str(places.project),
        "ServerApp.preferred_dir": str(places.project),
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": str(port),
        "ServerApp.port_retries": "0",
        "ServerApp.sock": "",
        "ServerApp.base_url": "/",
        "ServerApp.certfile": "",
        "ServerApp.keyfile": "",
        "ServerApp.open_browser": "False",
        "ServerApp.allow_root": str(_is_root()),
        "ServerApp.allow_origin": "",
        "ServerApp.allow_origin_pat": "",
        "ServerApp.allow_remote_access": "False",
        "ServerApp.disable_check_xsrf": "False",
        "ServerApp.identity_provider_class": "rtcd.extension.guests.GuestIdentityProvider",
        "ServerApp.default_url": "/lab" if has_lab() else "/",
        "YDocExtension.disable_rtc": "False",
        "YDocExtension.session_store_path": str(private / "sessions.json"),
        "SQLiteYStore.db_path": str(private / "updates.db"),
        "BaseFileIdManager.db_path": str(private / "file_ids.db"),
        "ContentsManager.allow_hidden": "False",
        "FileContentsManager.delete_to_trash": "False",
        "FileCheckpoints.checkpoint_dir": str(private / "checkpoints"),
        "ContentsManager.checkpoints_class": "rtcd.extension.checkpoints.OutsideCheckpoints",
        "AsyncContentsManager.checkpoints_class": (
            "rtcd.extension.checkpoints.AsyncOutsideCheckpoints"
        ),
    }
    extensions = {
        "rtcd.extension": True,
        "jupyter_server_fileid": True,
        "jupyter_server_ydoc": False,
        # Its contents manager would write and read the scripts of pairs beside the daemon.
        "jupytext": False,
        **({"jupyterlab": True} if has_lab() else {}),
    }
    return [
        sys.executable,
        "-m",
        "rtcd.extension.serve",
        *(f"--{name}={value}" for name, value in settings.items()),
        *(f"--ServerApp.jpserver_extensions={name}={on}" for name, on in extensions.items()),
    ]


def server_environment(places: Places, environment: Mapping[str, str]) -> dict[str, str]:
    """The child's environment: the user's own, and where the token is.

    The token goes by file. In the environment itself every kernel would have it, and a cell that
    shows its environment would share it with everybody in the notebook.
    """
    kept = {name: value for name, value in environment.items() if name not in SCRUBBED_VARIABLES}
    return {**kept, "JUPYTER_TOKEN_FILE": str(places.token_file)}


def private_databases(places: Places) -> list[Path]:
    """Files that the server would make readable for others if they did not exist."""
    return [places.jupyter / name for name in ("updates.db", "file_ids.db", "sessions.json")]


def _is_root() -> bool:
    return os.geteuid() == 0
