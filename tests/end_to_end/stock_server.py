"""``StockServer``: a real Jupyter server with collaboration, as anybody would run it.

Not rtcd's embedded server: no rtcd extension, upstream behaviour only. Everything it keeps
(configuration, ids, update store, sessions) lies in its own temporary folder, never in the root.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXTENSIONS_OFF = (
    "jupyterlab",
    "jupyter_lsp",
    "jupyterlab_git",
    "jupyter_server_terminals",
    "notebook",
)
START_SECONDS = 45.0


class StockServer:
    """One server process for one folder; ``start`` may be called again after ``kill`` or ``stop``.

    ``config`` are further traits of ``YDocExtension`` (``document_save_delay=0.1``), or of another
    class as a nested dict (``ServerApp={"terminals_enabled": False}``). ``url`` and ``token`` stay
    the same over a restart, and so do the file ids.
    """

    def __init__(self, root: Path, base_url: str = "/", **config: Any) -> None:
        self.root = Path(root)
        self.base_url = base_url
        self.token = secrets.token_hex(16)
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.home = Path(tempfile.mkdtemp(prefix="stock-jupyter-"))
        self._config = config
        for name in ("config", "data", "runtime", "cwd"):
            (self.home / name).mkdir()

    @property
    def url(self) -> str:
        """The address with the base path, ending in a slash."""
        return f"http://127.0.0.1:{self.port}{self.base_url}"

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        return (self.home / "server.log").read_text(errors="replace")

    def start(self) -> StockServer:
        """Start it and wait until it answers."""
        self._write_config()
        create_update_store(self.home / "ystore.db")
        command = [sys.executable, "-m", "jupyter_server", "--allow-root", f"--port={self.port}"]
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.home / "cwd",
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready()
        return self

    def stop(self) -> None:
        """Ask it to end, and wait; ``close`` also removes its own files."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without warning."""
        self._end(signal.SIGKILL)

    def restart(self, *, kill: bool = False) -> None:
        """A new process on the same port with the same files."""
        self.kill() if kill else self.stop()
        self.start()

    def close(self) -> None:
        """End it and remove everything it kept."""
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> StockServer:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _end(self, sign: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(sign)
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        for file in (self.home / "runtime").glob("jpserver-*"):
            file.unlink(missing_ok=True)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
        return kept | {
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "JUPYTER_TOKEN": self.token,
        }

    def _write_config(self) -> None:
        loaded = {"jupyter_server_ydoc": True, "jupyter_server_fileid": True}
        config: dict[str, dict[str, Any]] = {
            "ServerApp": {
                "ip": "127.0.0.1",
                "root_dir": str(self.root),
                "base_url": self.base_url,
                "open_browser": False,
                "port_retries": 0,
                "jpserver_extensions": dict.fromkeys(EXTENSIONS_OFF, False) | loaded,
            },
            "YDocExtension": {"session_store_path": str(self.home / "sessions.json")},
            "SQLiteYStore": {"db_path": str(self.home / "ystore.db")},
            "FileContentsManager": {"delete_to_trash": False},
        }
        for name, value in self._config.items():
            section, entry = (
                (name, value) if isinstance(value, dict) else ("YDocExtension", {name: value})
            )
            config.setdefault(section, {}).update(entry)
        text = json.dumps(config, indent=1)
        (self.home / "config" / "jupyter_server_config.json").write_text(text)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process is not None
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended at once:\n{self.log}")
            for file in (self.home / "runtime").glob("jpserver-*.json"):
                try:
                    self.port = json.loads(file.read_text())["port"]
                except (ValueError, OSError):
                    continue
                if self._answers():
                    return
            time.sleep(0.03)
        raise TimeoutError(f"the server did not answer:\n{self.log}")

    def _answers(self) -> bool:
        request = urllib.request.Request(
            self.url + "api/status", headers={"Authorization": f"token {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@dataclass(frozen=True, slots=True)
class ServedFolder:
    """A folder of a stock server that serves others as well; ``path`` is its path there."""

    root: Path
    url: str
    token: str
    path: str


def create_update_store(file: Path) -> None:
    """The empty update database as pycrdt-store 0.1 makes it.

    Rooms that start at once create it against each other and break it; here it is always there.
    """
    if file.exists():
        return
    with sqlite3.connect(file) as database:
        database.executescript(
            """
            CREATE TABLE yupdates (path TEXT NOT NULL, yupdate BLOB, metadata BLOB,
                                   timestamp REAL NOT NULL);
            CREATE INDEX idx_yupdates_path_timestamp ON yupdates (path, timestamp);
            CREATE TABLE ycheckpoints (path TEXT PRIMARY KEY, checkpoint BLOB NOT NULL,
                                       timestamp REAL NOT NULL);
            PRAGMA user_version = 2;
            """
        )
    database.close()
